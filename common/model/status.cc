#include "common/model/status.h"

#include "common/model/enum_text.h"

namespace pawl {
namespace {

constexpr EnumTexts<8> kExecutionStatuses = {"pending",   "running", "waiting",   "paused",
                                             "completed", "failed",  "cancelled", "timed_out"};
constexpr EnumTexts<8> kStepStatuses = {"pending",   "running", "waiting", "retrying",
                                        "completed", "failed",  "skipped", "cancelled"};
constexpr EnumTexts<11> kPhases = {"pending", "planning",  "dispatching", "awaiting_results",
                                   "merging", "paused",    "waiting",     "completed",
                                   "failed",  "cancelled", "timed_out"};
constexpr EnumTexts<3> kPriorityClasses = {"high", "normal", "low"};
constexpr int kLeastHigh = 7;
constexpr int kMostLow = 2;

}  // namespace

std::string_view to_string(ExecutionStatus status) { return text_of(kExecutionStatuses, status); }
std::optional<ExecutionStatus> parse_execution_status(std::string_view text) {
  return value_of<ExecutionStatus>(kExecutionStatuses, text);
}

std::string_view to_string(StepStatus status) { return text_of(kStepStatuses, status); }
std::optional<StepStatus> parse_step_status(std::string_view text) {
  return value_of<StepStatus>(kStepStatuses, text);
}

std::string_view to_string(Phase phase) { return text_of(kPhases, phase); }

PriorityClass priority_class(int priority) {
  if (priority >= kLeastHigh) return PriorityClass::kHigh;
  return priority <= kMostLow ? PriorityClass::kLow : PriorityClass::kNormal;
}
std::string_view to_string(PriorityClass priority) { return text_of(kPriorityClasses, priority); }

}  // namespace pawl
