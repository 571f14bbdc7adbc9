#include "worker/core/resilience/retry_budget.h"

#include <algorithm>
#include <cmath>

namespace pawl::resilience {
namespace {

/// 0.2 × 15 and 0.1 × 51 are not exact in a double; far below one retry.
constexpr double kSlack = 1e-9;

}  // namespace

RetryBudget::Tally& RetryBudget::Tally::operator+=(const Tally& other) {
  calls += other.calls;
  retries += other.retries;
  return *this;
}

RetryBudget::Tally& RetryBudget::Tally::operator-=(const Tally& other) {
  calls -= other.calls;
  retries -= other.retries;
  return *this;
}

void RetryBudget::add_calls(std::int64_t calls, MonoTime now) {
  used_.add({std::max<std::int64_t>(calls, 0), 0}, now);
}

std::int64_t RetryBudget::take(std::int64_t wanted, MonoTime now) {
  const auto whole = static_cast<std::int64_t>(std::floor(balance(now) + kSlack));
  const std::int64_t granted = std::clamp<std::int64_t>(wanted, 0, whole);
  if (granted > 0) used_.add({0, granted}, now);
  return granted;
}

double RetryBudget::balance(MonoTime now) {
  used_.trim(now);
  return balance_of(used_.total());
}

std::optional<Millis> RetryBudget::until_next(MonoTime now) {
  used_.trim(now);
  Tally left = used_.total();
  if (balance_of(left) + kSlack >= 1) return Millis{0};
  for (const auto& slot : used_.slots()) {
    left -= slot.tally;
    if (balance_of(left) + kSlack >= 1) return std::chrono::ceil<Millis>(slot.at + used_.span() - now);
  }
  return std::nullopt;
}

double RetryBudget::balance_of(const Tally& tally) const {
  const double allowed = std::max(config_.ratio * static_cast<double>(tally.calls), config_.floor);
  return std::max(allowed - static_cast<double>(tally.retries), 0.0);
}

bool TokenBudget::take() {
  if (config_.threshold > 0) {
    tokens_ = std::max(tokens_ - config_.cost, 0.0);
    return tokens_ > config_.threshold + kSlack;
  }
  if (tokens_ + kSlack < config_.cost) return false;
  tokens_ = std::max(tokens_ - config_.cost, 0.0);
  return true;
}

void TokenBudget::succeeded(int attempt) {
  tokens_ = std::min(tokens_ + (attempt > 1 ? config_.cost : config_.refund), config_.tokens);
}

}  // namespace pawl::resilience
