// Whether a failed attempt is followed by another, and when. Pure; the one place where this is decided.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include "common/model/failure.h"
#include "common/plan/plan.h"
#include "worker/core/resilience/backoff.h"

namespace pawl::resilience {

enum class RetryVerdict : std::uint8_t {
  kRetry,
  kNotRetryable,
  kOutcomeUnknown,
  kMaxAttempts,
  kDeadline,
  kBudget
};

struct RetryDecision {
  RetryVerdict verdict = RetryVerdict::kNotRetryable;
  DelayMs delay{0};  ///< kRetry and kBudget: the delay it has or would have had
};

/// All that is known when an attempt has failed.
struct FailedAttempt {
  int attempt = 1;            ///< its number, from 1
  bool is_retryable = false;  ///< by category and code: plan::is_retryable
  bool is_ambiguous = false;  ///< may the effect have happened? is_ambiguous below
  plan::Delivery delivery = plan::Delivery::kAtLeastOnce;
  std::optional<Millis> retry_after = {};
  DelayMs elapsed{0};                     ///< since the first attempt started, on the execution's clock
  std::optional<DelayMs> time_left = {};  ///< until the deadline; empty = none
  double jitter = 0;                      ///< in [0, 1)
  DelayMs previous_delay{0};              ///< for decorrelated jitter
};

/// `take_token` is asked last, once, and only for a retry that would happen (so a retry that can't costs
/// nothing). An attempt may start while its start lies before the deadline and within policy.max_elapsed: at
/// exactly either it may not.
RetryDecision decide_retry(const plan::RetryPolicy& policy, const FailedAttempt& failed,
                           const std::function<bool()>& take_token);

/// A failure that leaves open whether the effect happened: a time-out, or a connection lost after sending.
bool is_ambiguous(const Failure& failure);
bool is_ambiguous(std::string_view code);

/// What one outcome means to a circuit breaker (resilience.md §1, "what counts").
enum class BreakerCount : std::uint8_t { kSuccess, kFailure, kIgnored };
/// `failure` null is a success. Transient failures and time-outs count; a 429 feeds the rate limit and is
/// ignored; other 4xx are answers of a target that lives; what never reached a target, our own cancellation
/// and our own limits are ignored.
BreakerCount breaker_count(const Failure* failure);

}  // namespace pawl::resilience
