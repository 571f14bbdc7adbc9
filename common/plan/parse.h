// JSON to Plan, with every fault found, each at its JSON pointer. Pure.
#pragma once

#include <string>
#include <vector>

#include "common/base/result.h"
#include "common/plan/plan.h"

namespace pawl::plan {

struct ParseOptions {
  bool id_required = true;                                          ///< an inline plan needs none
  std::vector<std::string> lanes = {"default", "llm", "terminal"};  ///< others are refused
};

/// Parses and checks everything that can be known without running: fields, types, ranges, durations,
/// expressions, references, cycles, limits and their caps. Errors: kInvalid/validation_failed (or
/// unknown_field when all faults are unknown fields) with ALL faults in Error::faults;
/// kInvalid/payload_too_large when the canonical form is over 256 KiB.
Result<PlanPtr> parse(const json::Value& document, const ParseOptions& options = {});

/// The number of steps the plan surely unfolds to (for_each counts one item), for max_steps.
std::int64_t count_steps(const Plan& plan);

}  // namespace pawl::plan
