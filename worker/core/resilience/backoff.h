// How long to wait before the next attempt. Pure: the jitter is an input.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "common/base/clock.h"
#include "common/plan/plan.h"

namespace pawl::resilience {

/// Milliseconds with fractions, as multiplied delays have them. Round up where a timer is set: never early.
using DelayMs = std::chrono::duration<double, std::milli>;

/// Where one backoff stands.
struct BackoffInputs {
  int failed_attempts = 1;  ///< ≥ 1
  double jitter = 0;        ///< in [0, 1)
  DelayMs previous{0};      ///< the last delay without Retry-After; kDecorrelated only, 0 at the first
  std::optional<Millis> retry_after = {};  ///< what the target asked for; not positive = it did not
};

/// The delay before the next attempt, in [0, policy.max_delay] (`kProportional` may pass it by its
/// proportion). A Retry-After takes the place of the policy's delay, clamped and without jitter. Source:
/// "full", "equal", "decorrelated": AWS Architecture Blog, "Exponential Backoff And Jitter" (2015).
DelayMs backoff_delay(const plan::RetryPolicy& policy, const BackoffInputs& inputs);

/// The value of a Retry-After header: seconds or an HTTP-date (RFC 9110 §10.2.3), from `now`.
/// Errors: nullopt for anything else, for zero, and for a date that has passed.
std::optional<Millis> parse_retry_after(std::string_view header, WallTime now);

}  // namespace pawl::resilience
