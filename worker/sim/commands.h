// The commands of pawl-sim: each turns one case (a JSON object) into its answer, over the production core, on
// virtual time.
#pragma once

#include "common/base/result.h"
#include "common/json/value.h"

namespace pawl::sim {

/// Formats: resilience.md §1. Errors: kInvalid with what is wrong in the case.
Result<json::Value> run_breaker_case(const json::Value& line);
Result<json::Value> run_retry_case(const json::Value& line);
Result<json::Value> run_budget_case(const json::Value& line);
Result<json::Value> run_plan_case(const json::Value& line);

}  // namespace pawl::sim
