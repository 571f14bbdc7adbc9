#include "worker/core/resilience/backoff.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace pawl::resilience {
namespace {

constexpr double kDecorrelatedGrowth = 3.0;  // of the source
constexpr std::int64_t kLongestRetryAfterSeconds = 86'400LL * 366;

double as_ms(Millis duration) { return static_cast<double>(duration.count()); }

std::optional<int> number(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

/// IMF-fixdate only, "Sun, 06 Nov 1994 08:49:37 GMT": what every server of this century sends.
std::optional<WallTime> parse_http_date(std::string_view text) {
  static constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  if (text.size() != 29 || text.substr(3, 2) != ", " || text.substr(25) != " GMT" || text[7] != ' ' ||
      text[11] != ' ' || text[16] != ' ' || text[19] != ':' || text[22] != ':')
    return std::nullopt;
  const auto month = std::find(kMonths.begin(), kMonths.end(), text.substr(8, 3));
  const auto day = number(text.substr(5, 2));
  const auto year = number(text.substr(12, 4));
  const auto hour = number(text.substr(17, 2));
  const auto minute = number(text.substr(20, 2));
  const auto second = number(text.substr(23, 2));
  if (month == kMonths.end() || !day || !year || !hour || !minute || !second) return std::nullopt;
  if (*hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  const std::chrono::year_month_day date{
      std::chrono::year(*year), std::chrono::month(static_cast<unsigned>(month - kMonths.begin()) + 1),
      std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days(date) + std::chrono::hours(*hour) + std::chrono::minutes(*minute) +
         std::chrono::seconds(*second);
}

}  // namespace

DelayMs backoff_delay(const plan::RetryPolicy& policy, const BackoffInputs& inputs) {
  const double cap = as_ms(policy.max_delay);
  if (inputs.retry_after && *inputs.retry_after > Millis{0})
    return DelayMs(std::min(as_ms(*inputs.retry_after), cap));
  const double initial = as_ms(policy.initial_delay);
  const double grown = initial * std::pow(policy.multiplier, std::max(inputs.failed_attempts, 1) - 1);
  const double base = std::min(grown, cap);
  switch (policy.jitter) {
    case plan::Jitter::kNone: return DelayMs(base);
    case plan::Jitter::kFull: return DelayMs(base * inputs.jitter);
    case plan::Jitter::kEqual: return DelayMs(base / 2 + base / 2 * inputs.jitter);
    case plan::Jitter::kProportional:
      return DelayMs(std::max(base * (1.0 + policy.proportion * (2.0 * inputs.jitter - 1.0)), 0.0));
    case plan::Jitter::kDecorrelated: break;
  }
  const double previous = inputs.previous.count() > 0 ? inputs.previous.count() : initial;
  const double highest = std::max(previous * kDecorrelatedGrowth, initial);
  return DelayMs(std::min(initial + (highest - initial) * inputs.jitter, cap));
}

std::optional<Millis> parse_retry_after(std::string_view header, WallTime now) {
  while (!header.empty() && (header.front() == ' ' || header.front() == '\t')) header.remove_prefix(1);
  while (!header.empty() && (header.back() == ' ' || header.back() == '\t')) header.remove_suffix(1);
  const bool is_number = !header.empty() && std::all_of(header.begin(), header.end(),
                                                        [](char c) { return c >= '0' && c <= '9'; });
  if (is_number) {
    std::int64_t seconds = kLongestRetryAfterSeconds;
    std::from_chars(header.data(), header.data() + header.size(),
                    seconds);  // too long for int64 keeps the longest
    seconds = std::min(seconds, kLongestRetryAfterSeconds);
    if (seconds <= 0) return std::nullopt;
    return std::chrono::duration_cast<Millis>(std::chrono::seconds(seconds));
  }
  const std::optional<WallTime> date = parse_http_date(header);
  if (!date || *date <= now) return std::nullopt;
  return std::chrono::ceil<Millis>(*date - now);
}

}  // namespace pawl::resilience
