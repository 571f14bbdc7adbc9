// What follows an attempt that failed or could not be made: another after a while, a fallback, or the end of
// the step.
#include "worker/core/resilience/retry.h"
#include "common/base/time_format.h"
#include "common/model/catalogue.h"
#include "common/plan/policy.h"
#include "worker/core/limits.h"
#include "worker/core/machine.h"

namespace pawl::core {
namespace {

/// A fallback is another target. After an outcome nobody knows it could have the effect twice; after a cancel
/// nobody wants it.
bool may_fall_back(const Failure& failure) {
  return failure.category != Category::kOutcomeUnknown && failure.category != Category::kCancelled;
}

bool was_credential_refreshed(const Failure& failure) {
  const json::Value* refreshed = failure.details.find("credential_refreshed");
  return refreshed != nullptr && refreshed->is_bool() && refreshed->as_bool();
}

}  // namespace

void Machine::fail_attempt(NodeIndex index, Failure failure) {
  Node& n = node(index);
  Leaf& leaf = *n.leaf;
  failure.step = n.path;
  failure.attempt = leaf.attempt;
  if (failure.suggestion.empty()) failure.suggestion = suggestion_for(failure.code);
  if (delivery_of(index) == plan::Delivery::kAtMostOnce && resilience::is_ambiguous(failure)) {
    failure.details = json::Object{{"cause", failure.code}};
    failure.category = Category::kOutcomeUnknown;
    failure.code = "outcome_unknown";
    failure.suggestion = suggestion_for(failure.code);
  }
  json::Object failed{{"error", to_json(failure)}};
  if (leaf.fallback > 0) failed.set("fallback", leaf.fallback);
  json::Object scheduled;
  const bool is_retried = schedule_retry(index, failure, scheduled);
  const bool has_fallback =
      n.step != nullptr && static_cast<std::size_t>(leaf.fallback) < n.step->fallback.size();
  const bool falls_back = !is_retried && has_fallback && may_fall_back(failure);
  failed.set("next", is_retried ? "retry" : falls_back ? "fallback" : "fail");
  emit(index, EventType::kStepAttemptFailed, std::move(failed));
  if (is_retried) {
    ++s_.counters.retries;
    const OwnTime due = leaf.due;
    emit(index, EventType::kStepRetryScheduled, std::move(scheduled));
    ++leaf.attempt;
    begin_delay(index, due - own());
    return back_off(index, due);
  }
  if (falls_back) return next_fallback(index);
  end_failed(index, std::move(failure));
}

/// Decides on another attempt; when there is one its time is in `leaf.due` and what the ledger needs in
/// `data`.
bool Machine::schedule_retry(NodeIndex index, const Failure& failure, json::Object& data) {
  Leaf& leaf = *node(index).leaf;
  const plan::RetryPolicy policy = retry_of(index);
  const OwnTime now = own();
  resilience::FailedAttempt failed;
  failed.attempt = leaf.attempt;
  failed.is_retryable = plan::is_retryable(policy, failure.category, failure.code);
  if (failure.category == Category::kPermission) {
    failed.is_retryable = failed.is_retryable || policy.on.empty();
    failed.is_retryable =
        failed.is_retryable && was_credential_refreshed(failure) && leaf.permission_retries == 0;
  }
  failed.is_ambiguous = resilience::is_ambiguous(failure);
  failed.delivery = delivery_of(index);
  failed.retry_after = failure.retry_after;
  failed.elapsed = std::chrono::floor<Millis>(now - leaf.first_started);
  const OwnTime deadline = node(index).deadline;
  if (deadline != kNoTime) failed.time_left = std::chrono::ceil<Millis>(deadline - now);
  failed.jitter = in_.jitter;
  failed.previous_delay = leaf.previous_delay;
  const resilience::RetryDecision decision = resilience::decide_retry(policy, failed, [] { return true; });
  if (decision.verdict != resilience::RetryVerdict::kRetry) return false;
  if (failure.category == Category::kPermission) ++leaf.permission_retries;
  // Less at once, so that what ran out may last.
  if (failure.category == Category::kResource) s_.parallel = std::max(1, s_.parallel / 2);
  const bool is_asked = failure.retry_after && *failure.retry_after > Millis{0};
  if (!is_asked) leaf.previous_delay = decision.delay;
  leaf.due = now + std::chrono::ceil<Millis>(decision.delay);  // rounded up: never early
  if (has_bug(Bug::kTimerEarly)) leaf.due = now + (leaf.due - now) / 2;
  data.set("delay_ms", std::chrono::ceil<Millis>(decision.delay).count());
  data.set("at", format_rfc3339(wall(leaf.due)));
  data.set("next_attempt", leaf.attempt + 1);
  data.set("due_us", leaf.due.count());
  if (leaf.fallback > 0) data.set("fallback", leaf.fallback);
  if (!is_asked && policy.jitter == plan::Jitter::kDecorrelated)
    data.set("previous_delay_ms", decision.delay.count());
  if (leaf.permission_retries > 0) data.set("permission_retries", leaf.permission_retries);
  return true;
}

void Machine::back_off(NodeIndex index, OwnTime due) {
  const bool is_over = due <= own();
  if (is_over) node(index).leaf->is_delay_unsaved = false;
  if (is_over) return queue(index);
  Node& n = node(index);
  n.state = NodeState::kBackoff;
  n.leaf->due = due;
  arm(index, due);
}

void Machine::next_fallback(NodeIndex index) {
  Leaf& leaf = *node(index).leaf;
  ++leaf.fallback;
  leaf.attempt = 1;
  leaf.first_started = kNoTime;
  leaf.previous_delay = {};
  leaf.permission_retries = 0;
  leaf.tool = call_of(index)->tool;
  queue(index);
}

// Nothing was sent, so no attempt is used up: the same one is made when its time comes. An open breaker sends
// the step to its fallback at once.
void Machine::defer_call(NodeIndex index, const CallDeferred& deferred) {
  Node& n = node(index);
  Leaf& leaf = *n.leaf;
  release_slot(index);
  disarm(index);
  if (s_.phase != Phase::kPaused) step_phase(Trigger::kResult);
  if (n.cut == Cut::kCancel) return end_cancelled(index);
  n.cut = Cut::kNone;
  const bool is_breaker = deferred.why == DeferReason::kBreakerOpen;
  const bool falls_back =
      is_breaker && n.step != nullptr && static_cast<std::size_t>(leaf.fallback) < n.step->fallback.size();
  leaf.due = std::max(own(deferred.until), own());
  const std::optional<Millis> max_elapsed = retry_of(index).max_elapsed;
  const OwnTime limit = std::min(n.deadline, max_elapsed ? leaf.first_started + *max_elapsed : kNoTime);
  leaf.fail_at_due = leaf.due >= limit;
  if (leaf.fail_at_due) leaf.due = limit;
  leaf.deferred = deferred.why;
  if (has_bug(Bug::kDeferralUsesAttempt)) ++leaf.attempt;
  json::Object data{{"reason", to_string(deferred.why)}, {"deferred", true}, {"next_attempt", leaf.attempt}};
  if (!deferred.target.empty()) data.set("target", deferred.target);
  if (leaf.fallback > 0) data.set("fallback", leaf.fallback);
  if (falls_back) data.set("next", "fallback");
  data.set("at", format_rfc3339(wall(leaf.due)));
  data.set("due_us", leaf.due.count());
  if (leaf.fail_at_due) data.set("fails", true);
  emit(index, EventType::kStepRetryScheduled, std::move(data));
  if (falls_back) return next_fallback(index);
  if (leaf.due <= own() && leaf.fail_at_due) return end_backoff(index);
  back_off(index, leaf.due);
}

void Machine::end_backoff(NodeIndex index) {
  Leaf& leaf = *node(index).leaf;
  if (!leaf.fail_at_due) return queue(index);
  const bool is_budget = leaf.deferred == DeferReason::kRetryBudget;
  Failure failure = is_budget ? failure_of(Category::kTransient, "retry_budget_exhausted",
                                           "The retry budget of this target was empty until the deadline.")
                    : leaf.deferred == DeferReason::kRateLimit
                        ? failure_of(Category::kResource, "rate_limited",
                                     "Our own rate limit held it back until the deadline.")
                        : failure_of(Category::kTransient, "breaker_open",
                                     "The circuit breaker was open until the deadline.");
  failure.step = node(index).path;
  failure.attempt = leaf.attempt;
  end_failed(index, std::move(failure));
}

}  // namespace pawl::core
