// The effective policy of a step: its own fields over the task's defaults over the tool's. Pure.
#pragma once

#include "common/plan/plan.h"

namespace pawl::plan {

/// The timeout of one attempt: the step's, else the task's default (60 s when it says nothing).
Millis effective_timeout(const Plan& plan, const Step& step);
RetryPolicy effective_retry(const Plan& plan, const Step& step);

/// Does the policy retry a failure of this category and code at all (attempt numbers and budgets apart)?
bool is_retryable(const RetryPolicy& policy, Category category, std::string_view code);

/// What `POST /tasks/validate` shows for each step: {"path","timeout","retry":{…},"critical","optional","delivery"}.
json::Value describe_policy(const Plan& plan);

/// The static estimate of the whole plan in milliseconds: {"p10_ms","p50_ms","p90_ms"}, from the authors' guesses.
json::Value static_estimate(const Plan& plan);

}  // namespace pawl::plan
