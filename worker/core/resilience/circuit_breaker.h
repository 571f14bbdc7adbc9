// A circuit breaker as a value: calls ask for a permit and bring their outcome back; time and jitter are
// inputs. It decides only; parking the step, sharing the state between workers and telling people is the
// engine's part.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "common/base/clock.h"
#include "common/base/result.h"
#include "worker/core/resilience/call_window.h"

namespace pawl::resilience {

enum class BreakerState : std::uint8_t { kClosed, kOpen, kHalfOpen, kForcedOpen, kDisabled, kMetricsOnly };
std::string_view to_string(BreakerState state);
std::optional<BreakerState> parse_breaker_state(std::string_view text);

/// Rates lie in [0, 1] and trip at or above; a rate or a number of 0 is off. Defaults: resilience.md §1.
struct BreakerConfig {
  WindowSpec window;
  int min_calls = 20;  ///< before a rate counts; a count window clamps it to its size
  double failure_rate = 0.5;
  Millis slow_after{60'000};
  double slow_rate = 1.0;
  int consecutive_failures = 5;  ///< needs no minimum of calls
  Millis open_for{5'000};
  double open_multiplier = 1.5;  ///< to the power of the reopenings since the last close
  Millis open_max{300'000};
  double jitter = 0.1;  ///< ± this part of the open time, never over open_max
  int half_open_permits = 3;
  Millis half_open_max_wait{0};   ///< 0: half-open waits for its results for ever
  bool closes_on_expiry = false;  ///< what the end of half_open_max_wait does; else it opens again
  Millis permit_expiry{0};        ///< a probe's permit comes back after this (its holder died); 0: never
  BreakerState initial = BreakerState::kClosed;
  bool automatic_half_open = false;  ///< at the end of the open time without waiting for a call
};

/// Now, and a number in [0, 1) for the open time, should a transition need one.
struct BreakerInputs {
  MonoTime now;
  double jitter = 0.5;
};

/// Generation token of one admitted call: its outcome counts only while the state it began under lasts.
struct Permit {
  std::uint64_t generation = 0;
  std::uint64_t number = 0;
};

struct Admission {
  bool allowed = false;
  Permit permit = {};
  /// When to ask again; empty when allowed and where nobody can know (forced open).
  std::optional<Millis> retry_after = {};
};

struct BreakerTransition {
  BreakerState from;
  BreakerState to;
  std::uint64_t generation;
  MonoTime at;
};

struct BreakerMetrics {
  double failure_rate = -1;  ///< percent; −1 below the minimum of calls
  double slow_rate = -1;
  std::int64_t buffered = 0;
  std::int64_t failed = 0;
  std::int64_t permitted = 0;  ///< since the last metrics reset
  std::int64_t rejected = 0;
};

/// What workers share through a row: compare-and-set on the generation.
struct BreakerSnapshot {
  BreakerState state = BreakerState::kClosed;
  std::uint64_t generation = 0;
  int reopened = 0;
  Millis remaining{0};  ///< of the open time
};

class CircuitBreaker {
 public:
  CircuitBreaker(const BreakerConfig& config, BreakerInputs inputs);

  /// May a call start? Takes a permit that must come back by `record` or `release`.
  Admission try_acquire(BreakerInputs inputs);
  /// The outcome of an admitted call; one of an older state is ignored.
  void record(const Permit& permit, const CallOutcome& outcome, BreakerInputs inputs);
  /// The call says nothing about the target (ignored, cancelled): the permit comes back, no call is counted.
  void release(const Permit& permit);
  /// Does what time alone brings about: the automatic half-open, the end of half_open_max_wait, expired
  /// permits.
  void tick(BreakerInputs inputs);
  /// When `tick` has something to do, if ever.
  [[nodiscard]] std::optional<MonoTime> next_tick() const;

  /// By hand.
  void reset(BreakerInputs inputs);
  void force_open(BreakerInputs inputs);
  void disable(BreakerInputs inputs);
  void metrics_only(BreakerInputs inputs);
  void open_for(Millis duration, BreakerInputs inputs);
  /// Errors: kConflict/illegal_transition from closed.
  Result<void> force_half_open(BreakerInputs inputs);

  /// Takes over what another worker decided, if it is newer. Returns whether it was.
  bool adopt(const BreakerSnapshot& snapshot, BreakerInputs inputs);
  [[nodiscard]] BreakerSnapshot snapshot(MonoTime now) const;

  [[nodiscard]] BreakerState state() const { return state_; }
  [[nodiscard]] std::uint64_t generation() const { return generation_; }
  [[nodiscard]] BreakerMetrics metrics(MonoTime now);
  [[nodiscard]] bool is_slow(Millis duration) const;
  /// Transitions since the last call, oldest first: one event each.
  std::vector<BreakerTransition> take_transitions();

 private:
  struct Held {
    std::uint64_t number;
    MonoTime expires;
  };

  void enter(BreakerState to, MonoTime now);
  void enter_open(Millis duration, MonoTime now);
  void reopen(BreakerInputs inputs, MonoTime at);
  void close(MonoTime now);
  void clear_metrics();
  void drop_expired(MonoTime now);
  bool give_back(std::uint64_t number);
  [[nodiscard]] Millis open_time(double jitter) const;
  [[nodiscard]] std::int64_t minimum() const;
  [[nodiscard]] bool rates_trip(const CallTally& tally) const;
  [[nodiscard]] Admission admit();
  [[nodiscard]] Admission reject(std::optional<Millis> retry_after);
  void judge_closed(BreakerInputs inputs);
  void judge_half_open(BreakerInputs inputs);

  const BreakerConfig config_;
  BreakerState state_;
  std::uint64_t generation_ = 1;
  std::uint64_t next_permit_ = 1;
  MonoTime since_;       // when state_ began
  MonoTime open_until_;  // kOpen only
  int reopened_ = 0;     // since the last close
  int consecutive_failures_ = 0;
  std::int64_t permitted_ = 0;
  std::int64_t rejected_ = 0;
  CallWindow window_;
  CallTally probes_;           // results of this half-open period; shown until it closes
  bool shows_probes_ = false;  // the figures are those of the probes, not of window_
  std::vector<Held> held_;     // half-open permits out
  std::vector<BreakerTransition> transitions_;
};

}  // namespace pawl::resilience
