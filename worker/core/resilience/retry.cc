#include "worker/core/resilience/retry.h"

namespace pawl::resilience {

RetryDecision decide_retry(const plan::RetryPolicy& policy, const FailedAttempt& failed,
                           const std::function<bool()>& take_token) {
  if (failed.delivery == plan::Delivery::kAtMostOnce && failed.is_ambiguous)
    return {RetryVerdict::kOutcomeUnknown};
  if (!failed.is_retryable) return {RetryVerdict::kNotRetryable};
  if (failed.attempt >= policy.max_attempts) return {RetryVerdict::kMaxAttempts};
  const DelayMs delay =
      backoff_delay(policy, {failed.attempt, failed.jitter, failed.previous_delay, failed.retry_after});
  if (failed.time_left && delay >= *failed.time_left) return {RetryVerdict::kDeadline};
  if (policy.max_elapsed && failed.elapsed + delay >= *policy.max_elapsed) return {RetryVerdict::kDeadline};
  if (!take_token()) return {RetryVerdict::kBudget, delay};
  return {RetryVerdict::kRetry, delay};
}

bool is_ambiguous(std::string_view code) { return code == "timeout" || code == "connection_reset"; }

bool is_ambiguous(const Failure& failure) { return failure.sent && is_ambiguous(failure.code); }

BreakerCount breaker_count(const Failure* failure) {
  if (failure == nullptr) return BreakerCount::kSuccess;
  const bool is_answer = failure->code.starts_with("http_");
  switch (failure->category) {
    case Category::kTransient:
      return failure->code == "http_429" ? BreakerCount::kIgnored : BreakerCount::kFailure;
    case Category::kOutcomeUnknown:
      return BreakerCount::kFailure;  // a time-out or a reset of an at_most_once call
    case Category::kConfiguration:
    case Category::kPermission: return is_answer ? BreakerCount::kSuccess : BreakerCount::kIgnored;
    case Category::kResource:
    case Category::kLogic:
    case Category::kCancelled:
    case Category::kInternal: return BreakerCount::kIgnored;
  }
  return BreakerCount::kIgnored;
}

}  // namespace pawl::resilience
