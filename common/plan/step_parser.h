// JSON to Step, for every kind. Faults are collected; a step with faults still keeps its place in the list,
// so that references to it make no second fault.
#pragma once

#include <string>

#include "common/json/value.h"
#include "common/plan/fault_list.h"
#include "common/plan/fields.h"
#include "common/plan/plan.h"

namespace pawl::plan {

class StepParser {
 public:
  /// `task_id` is the id of the plan itself ("" when it has none): a step that runs it again is refused.
  StepParser(FaultList& faults, const RetryPolicy& default_retry, std::string task_id)
      : faults_(faults), default_retry_(default_retry), task_id_(std::move(task_id)) {}

  /// A list of steps. Empty ⇒ the fault empty_group, unless `may_be_empty`.
  enum class Empty : std::uint8_t { kRefused, kAllowed };
  Steps list(const json::Value& value, const std::string& pointer, Empty empty = Empty::kRefused);

 private:
  Step step(const json::Value& value, const std::string& pointer);
  void common_fields(Fields& fields, Step& step);
  void kind(Fields& fields, Step& step);

  // step_kinds.cc: one function a kind.
  StepBody tool(Fields& fields);
  StepBody sequence(const json::Value& value, const std::string& pointer);
  StepBody parallel(const json::Value& value, const std::string& pointer);
  StepBody for_each(const json::Value& value, const std::string& pointer);
  StepBody task(Fields& fields);
  StepBody choose(const json::Value& value, const std::string& pointer);
  StepBody wait(const json::Value& value, const std::string& pointer);
  StepBody approval_step(const json::Value& value, const std::string& pointer);
  ChooseSpec::Branch branch(const json::Value& value, const std::string& pointer, bool is_last);
  void loop_names(Fields& fields, ForEachSpec& spec);

  ToolCall tool_call(Fields& fields);
  std::vector<ToolCall> fallbacks(Fields& fields);
  ApprovalSpec approval(const json::Value& value, const std::string& pointer);
  Resources resources(const json::Value& value, const std::string& pointer);
  /// True when another level of groups is within bounds; else the fault too_deep.
  bool enter_group(const std::string& pointer);

  FaultList& faults_;
  const RetryPolicy& default_retry_;
  std::string task_id_;
  int group_depth_ = 0;
};

}  // namespace pawl::plan
