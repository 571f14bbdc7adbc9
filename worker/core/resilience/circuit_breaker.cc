#include "worker/core/resilience/circuit_breaker.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace pawl::resilience {
namespace {

constexpr std::array<std::pair<BreakerState, std::string_view>, 6> kStateNames{{
    {BreakerState::kClosed, "closed"},
    {BreakerState::kOpen, "open"},
    {BreakerState::kHalfOpen, "half_open"},
    {BreakerState::kForcedOpen, "forced_open"},
    {BreakerState::kDisabled, "disabled"},
    {BreakerState::kMetricsOnly, "metrics_only"},
}};

/// Rates like 0.07 have no exact double; this is far below one call in kMaxWindowCalls.
constexpr double kRateSlack = 1e-9;

bool reaches(std::int64_t part, std::int64_t whole, double rate) {
  return rate > 0 && static_cast<double>(part) / static_cast<double>(whole) >= rate - kRateSlack;
}

double percent(std::int64_t part, std::int64_t whole) {
  return 100.0 * static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

std::string_view to_string(BreakerState state) { return kStateNames[static_cast<std::size_t>(state)].second; }

std::optional<BreakerState> parse_breaker_state(std::string_view text) {
  for (const auto& [state, name] : kStateNames)
    if (name == text) return state;
  return std::nullopt;
}

CircuitBreaker::CircuitBreaker(const BreakerConfig& config, BreakerInputs inputs)
    : config_(config),
      state_(config.initial),
      since_(inputs.now),
      open_until_(inputs.now),
      window_(config.window) {
  if (state_ == BreakerState::kOpen) open_until_ = inputs.now + open_time(inputs.jitter);
  shows_probes_ = state_ == BreakerState::kHalfOpen;
}

Admission CircuitBreaker::try_acquire(BreakerInputs inputs) {
  tick(inputs);
  if (state_ == BreakerState::kOpen && inputs.now >= open_until_) enter(BreakerState::kHalfOpen, inputs.now);
  switch (state_) {
    case BreakerState::kClosed:
    case BreakerState::kDisabled:
    case BreakerState::kMetricsOnly: return admit();
    case BreakerState::kForcedOpen: return reject(std::nullopt);
    case BreakerState::kOpen: return reject(std::chrono::ceil<Millis>(open_until_ - inputs.now));
    case BreakerState::kHalfOpen: break;
  }
  if (held_.size() < static_cast<std::size_t>(std::max(config_.half_open_permits, 1))) {
    Admission admission = admit();
    held_.push_back({admission.permit.number, inputs.now + config_.permit_expiry});
    return admission;
  }
  if (config_.half_open_max_wait <= Millis{0}) return reject(std::nullopt);
  return reject(std::chrono::ceil<Millis>(since_ + config_.half_open_max_wait - inputs.now));
}

void CircuitBreaker::record(const Permit& permit, const CallOutcome& outcome, BreakerInputs inputs) {
  tick(inputs);
  if (permit.generation != generation_) return;
  switch (state_) {
    case BreakerState::kClosed:
      window_.add(outcome, inputs.now);
      consecutive_failures_ = outcome.has_failed ? consecutive_failures_ + 1 : 0;
      judge_closed(inputs);
      return;
    case BreakerState::kMetricsOnly: window_.add(outcome, inputs.now); return;
    case BreakerState::kHalfOpen:
      if (!give_back(permit.number)) return;  // it came too late (permit_expiry) or twice
      probes_ += {1, outcome.has_failed ? 1 : 0, outcome.was_slow ? 1 : 0};
      consecutive_failures_ = outcome.has_failed ? consecutive_failures_ + 1 : 0;
      judge_half_open(inputs);
      return;
    case BreakerState::kOpen:
    case BreakerState::kForcedOpen:
    case BreakerState::kDisabled: return;
  }
}

void CircuitBreaker::release(const Permit& permit) {
  if (permit.generation == generation_) give_back(permit.number);
}

void CircuitBreaker::tick(BreakerInputs inputs) {
  for (int round = 0; round < kMaxRoundsPerTick; ++round) {
    const std::optional<MonoTime> due = next_tick();
    if (!due || *due > inputs.now) break;
    if (state_ == BreakerState::kOpen) {
      enter(BreakerState::kHalfOpen, *due);
    } else if (config_.half_open_max_wait > Millis{0} && *due == since_ + config_.half_open_max_wait) {
      if (config_.closes_on_expiry)
        close(*due);
      else
        reopen(inputs, *due);
    } else {
      drop_expired(*due);
    }
  }
}

std::optional<MonoTime> CircuitBreaker::next_tick() const {
  if (state_ == BreakerState::kOpen && config_.automatic_half_open) return open_until_;
  if (state_ != BreakerState::kHalfOpen) return std::nullopt;
  std::optional<MonoTime> due;
  if (config_.half_open_max_wait > Millis{0}) due = since_ + config_.half_open_max_wait;
  if (config_.permit_expiry > Millis{0} && !held_.empty()) {
    const MonoTime first = held_.front().expires;  // in the order they were taken
    due = due ? std::min(*due, first) : first;
  }
  return due;
}

void CircuitBreaker::reset(BreakerInputs inputs) { close(inputs.now); }

void CircuitBreaker::force_open(BreakerInputs inputs) {
  tick(inputs);
  if (state_ != BreakerState::kForcedOpen) enter(BreakerState::kForcedOpen, inputs.now);
}

void CircuitBreaker::disable(BreakerInputs inputs) {
  tick(inputs);
  if (state_ != BreakerState::kDisabled) enter(BreakerState::kDisabled, inputs.now);
}

void CircuitBreaker::metrics_only(BreakerInputs inputs) {
  tick(inputs);
  if (state_ != BreakerState::kMetricsOnly) enter(BreakerState::kMetricsOnly, inputs.now);
}

void CircuitBreaker::open_for(Millis duration, BreakerInputs inputs) {
  tick(inputs);
  enter_open(duration, inputs.now);
}

Result<void> CircuitBreaker::force_half_open(BreakerInputs inputs) {
  tick(inputs);
  if (state_ == BreakerState::kClosed)
    return fail(ErrorKind::kConflict, "illegal_transition", "a closed breaker can't be set to half-open");
  enter(BreakerState::kHalfOpen, inputs.now);
  return {};
}

bool CircuitBreaker::adopt(const BreakerSnapshot& snapshot, BreakerInputs inputs) {
  if (snapshot.generation <= generation_) return false;
  const std::vector<BreakerTransition> told = transitions_;
  if (snapshot.state == BreakerState::kOpen)
    enter_open(snapshot.remaining, inputs.now);
  else if (snapshot.state == BreakerState::kClosed)
    close(inputs.now);
  else
    enter(snapshot.state, inputs.now);
  generation_ = snapshot.generation;
  reopened_ = snapshot.reopened;
  transitions_ = told;  // whoever decided it has told of it
  return true;
}

BreakerSnapshot CircuitBreaker::snapshot(MonoTime now) const {
  Millis remaining{0};
  if (state_ == BreakerState::kOpen)
    remaining = std::max(std::chrono::ceil<Millis>(open_until_ - now), Millis{0});
  return {state_, generation_, reopened_, remaining};
}

BreakerMetrics CircuitBreaker::metrics(MonoTime now) {
  const CallTally& tally = shows_probes_ ? probes_ : window_.tally(now);
  BreakerMetrics out;
  out.buffered = tally.calls;
  out.failed = tally.failed;
  out.permitted = permitted_;
  out.rejected = rejected_;
  const std::int64_t needed = shows_probes_ ? std::max(config_.half_open_permits, 1) : minimum();
  if (tally.calls >= needed) {
    out.failure_rate = percent(tally.failed, tally.calls);
    out.slow_rate = percent(tally.slow, tally.calls);
  }
  return out;
}

bool CircuitBreaker::is_slow(Millis duration) const {
  return config_.slow_after > Millis{0} && duration >= config_.slow_after;
}

std::vector<BreakerTransition> CircuitBreaker::take_transitions() { return std::exchange(transitions_, {}); }

void CircuitBreaker::enter(BreakerState to, MonoTime now) {
  ++generation_;
  // A reset of a closed breaker is no transition; a new open time of an open one is worth telling.
  if (to != state_ || to == BreakerState::kOpen) transitions_.push_back({state_, to, generation_, now});
  if (transitions_.size() > kMaxPendingTransitions) transitions_.erase(transitions_.begin());
  state_ = to;
  since_ = now;
  held_.clear();
  consecutive_failures_ = 0;
  // An open breaker shows what opened it; every other state begins with a clean sheet.
  if (to != BreakerState::kOpen) clear_metrics();
  if (to == BreakerState::kHalfOpen) shows_probes_ = true;
}

void CircuitBreaker::enter_open(Millis duration, MonoTime now) {
  enter(BreakerState::kOpen, now);
  open_until_ = now + duration;
}

void CircuitBreaker::reopen(BreakerInputs inputs, MonoTime at) {
  ++reopened_;
  enter_open(open_time(inputs.jitter), at);
}

void CircuitBreaker::close(MonoTime now) {
  reopened_ = 0;
  enter(BreakerState::kClosed, now);
}

void CircuitBreaker::clear_metrics() {
  window_.clear();
  probes_ = {};
  shows_probes_ = false;
  permitted_ = 0;
  rejected_ = 0;
}

void CircuitBreaker::drop_expired(MonoTime now) {
  std::erase_if(held_, [now](const Held& held) { return held.expires <= now; });
}

bool CircuitBreaker::give_back(std::uint64_t number) {
  return std::erase_if(held_, [number](const Held& held) { return held.number == number; }) > 0;
}

Millis CircuitBreaker::open_time(double jitter) const {
  const double cap = static_cast<double>(config_.open_max.count());
  const double grown =
      static_cast<double>(config_.open_for.count()) * std::pow(config_.open_multiplier, reopened_);
  const double spread = std::min(grown, cap) * (1.0 + config_.jitter * (2.0 * jitter - 1.0));
  return Millis(static_cast<std::int64_t>(std::llround(std::clamp(spread, 0.0, cap))));
}

std::int64_t CircuitBreaker::minimum() const {
  const int least = std::max(config_.min_calls, 1);
  return config_.window.calls > 0 ? std::min({least, config_.window.calls, kMaxWindowCalls}) : least;
}

bool CircuitBreaker::rates_trip(const CallTally& tally) const {
  return reaches(tally.failed, tally.calls, config_.failure_rate) ||
         reaches(tally.slow, tally.calls, config_.slow_rate);
}

Admission CircuitBreaker::admit() {
  ++permitted_;
  return {true, {generation_, next_permit_++}, std::nullopt};
}

Admission CircuitBreaker::reject(std::optional<Millis> retry_after) {
  ++rejected_;
  return {false, {}, retry_after};
}

void CircuitBreaker::judge_closed(BreakerInputs inputs) {
  const CallTally& tally = window_.tally(inputs.now);
  const bool is_row_of_failures =
      config_.consecutive_failures > 0 && consecutive_failures_ >= config_.consecutive_failures;
  if (is_row_of_failures || (tally.calls >= minimum() && rates_trip(tally)))
    enter_open(open_time(inputs.jitter), inputs.now);
}

void CircuitBreaker::judge_half_open(BreakerInputs inputs) {
  const int permits = std::max(config_.half_open_permits, 1);
  if (probes_.calls < permits) return;
  // The rate decides. Where it is off, a row of failures does, and it can be no longer than there are probes.
  const bool is_row_of_failures = config_.failure_rate <= 0 && config_.consecutive_failures > 0 &&
                                  consecutive_failures_ >= std::min(config_.consecutive_failures, permits);
  if (is_row_of_failures || rates_trip(probes_))
    reopen(inputs, inputs.now);
  else
    close(inputs.now);
}

}  // namespace pawl::resilience
