// The effective policy of a step: its own fields over the task's defaults. Pure.
#pragma once

#include <chrono>
#include <string_view>

#include "common/model/failure.h"
#include "common/plan/plan.h"

namespace pawl::plan {

/// "No time-out of its own": ten years, so that adding it to a time can't overflow.
inline constexpr Millis kNoTimeout = std::chrono::hours{24 * 3653};

/// The timeout of one attempt: the step's, else for a tool step the task's default (60 s when it says
/// nothing), else kNoTimeout: groups, waits, approvals and nested tasks are bounded by what is in them and by
/// their parent.
Millis effective_timeout(const Plan& plan, const Step& step);
RetryPolicy effective_retry(const Plan& plan, const Step& step);

/// Does the policy retry a failure of this category and code at all (attempt numbers and budgets apart)?
/// Without `on`: transient; permission and resource too, whose special conditions (one refresh, reduced use)
/// are the core's. Cancelled and outcome_unknown never.
bool is_retryable(const RetryPolicy& policy, Category category, std::string_view code);

/// What `POST /tasks/validate` shows for each step, children and on_failure included:
/// [{"path","kind","timeout"|null,"retry":{…},"critical","optional","delivery"}, …]; items of a for_each are
/// `each[*].id`.
json::Value describe_policy(const Plan& plan);

/// The static estimate of the whole plan in milliseconds: {"p10_ms","p50_ms","p90_ms"}, from the authors'
/// guesses.
json::Value static_estimate(const Plan& plan);

}  // namespace pawl::plan
