#include "common/plan/step_parser.h"

#include <algorithm>
#include <array>

#include "common/plan/limits.h"
#include "common/plan/retry.h"
#include "common/plan/schema.h"

namespace pawl::plan {
namespace {

constexpr std::array<std::string_view, 8> kKinds = {"tool", "sequence", "parallel", "for_each",
                                                    "task", "choose",   "wait",     "approval"};
constexpr std::size_t kMaxIdentifier = 128;

}  // namespace

Steps StepParser::list(const json::Value& value, const std::string& pointer, Empty empty) {
  Steps out;
  if (!value.is_array()) {
    faults_.add(pointer, "wrong_type", "must be a list of steps, not " + std::string(value.type_name()));
    return out;
  }
  const json::Array& items = value.as_array();
  if (items.empty() && empty == Empty::kRefused) faults_.add(pointer, "empty_group", "has no steps");
  out.reserve(items.size());
  for (std::size_t i = 0; i < items.size(); ++i)
    out.push_back(step(items[i], json::pointer_join(pointer, i)));
  return out;
}

Step StepParser::step(const json::Value& value, const std::string& pointer) {
  Step step;
  Fields fields(value, pointer, faults_);
  if (!fields.is_object()) return step;
  common_fields(fields, step);
  kind(fields, step);
  fields.finish();
  return step;
}

void StepParser::common_fields(Fields& fields, Step& step) {
  fields.require("id");
  if (auto id = fields.text("id")) {
    if (is_identifier(*id, "_:-", kMaxIdentifier))
      step.id = std::move(*id);
    else
      fields.fault("id", "invalid_id", "must be 1 to 128 of the characters a-z A-Z 0-9 _ : -");
  }
  step.name = fields.text("name").value_or(step.id);
  step.when = fields.condition("when");
  step.timeout = fields.duration("timeout", {Millis{1}, kMaxDuration});
  if (const json::Value* retry = fields.take("retry")) {
    step.retry = read_retry(*retry, default_retry_, fields.at("retry"), faults_);
  }
  step.critical = fields.boolean("critical").value_or(true);
  step.optional = fields.boolean("optional").value_or(false);
  step.fallback = fallbacks(fields);
  if (const json::Value* compensate = fields.take("compensate")) {
    Fields call(*compensate, fields.at("compensate"), faults_);
    step.compensate = tool_call(call);
    call.finish();
  }
  const auto delivery = fields.choice("delivery", {"at_least_once", "at_most_once"});
  step.delivery = delivery.value_or(0) == 1 ? Delivery::kAtMostOnce : Delivery::kAtLeastOnce;
  if (const json::Value* value = fields.take("resources")) {
    step.resources = resources(*value, fields.at("resources"));
  }
  step.estimate = fields.duration("estimate");
}

void StepParser::kind(Fields& fields, Step& step) {
  std::vector<std::string_view> kinds;
  for (const std::string_view name : kKinds) {
    const bool is_given = fields.take(name) != nullptr;
    // Beside `tool`, `approval` is a field of the tool step.
    if (is_given && !(name == "approval" && kinds.size() == 1 && kinds[0] == "tool")) kinds.push_back(name);
  }
  if (kinds.empty()) {
    faults_.add(fields.pointer(), "kind_missing",
                "a step needs one of tool, sequence, parallel, for_each, task, choose, wait or approval");
    return;
  }
  if (kinds.size() > 1) {
    faults_.add(fields.pointer(), "kind_ambiguous",
                "a step has one kind, not both " + std::string(kinds[0]) + " and " + std::string(kinds[1]));
  }
  const std::string_view chosen = kinds[0];
  const json::Value& value = *fields.take(chosen);
  const std::string pointer = fields.at(chosen);
  if (chosen == "tool") {
    step.body = tool(fields);
    if (const json::Value* ask = fields.take("approval"))
      step.approval = approval(*ask, fields.at("approval"));
  } else if (chosen == "task") {
    step.body = task(fields);
  } else if (chosen == "wait") {
    step.body = wait(value, pointer);
  } else if (chosen == "approval") {
    step.body = approval_step(value, pointer);
  } else if (enter_group(pointer)) {
    ++group_depth_;
    if (chosen == "sequence")
      step.body = sequence(value, pointer);
    else if (chosen == "parallel")
      step.body = parallel(value, pointer);
    else if (chosen == "for_each")
      step.body = for_each(value, pointer);
    else
      step.body = choose(value, pointer);
    --group_depth_;
  }
}

bool StepParser::enter_group(const std::string& pointer) {
  if (group_depth_ < kMaxGroupDepth) return true;
  faults_.add(pointer, "too_deep", "groups nest at most " + std::to_string(kMaxGroupDepth) + " levels");
  return false;
}

ToolCall StepParser::tool_call(Fields& fields) {
  ToolCall call;
  fields.require("tool");
  if (auto name = fields.text("tool")) {
    if (is_identifier(*name, "_.:-", kMaxIdentifier))
      call.tool = std::move(*name);
    else
      fields.fault("tool", "invalid_id", "must be 1 to 128 of the characters a-z A-Z 0-9 _ . : -");
  }
  auto with = fields.value_template("with");
  static const Template kEmpty = *Template::parse(json::Value(json::Object{}));
  call.with = with ? std::move(*with) : kEmpty;
  return call;
}

std::vector<ToolCall> StepParser::fallbacks(Fields& fields) {
  std::vector<ToolCall> out;
  const json::Value* value = fields.take("fallback");
  if (value == nullptr) return out;
  if (!value->is_array()) {
    fields.fault("fallback", "wrong_type", "must be a list of {tool, with}");
    return out;
  }
  const json::Array& items = value->as_array();
  if (items.size() > kMaxFallbacks) {
    fields.fault("fallback", "out_of_range", "has more than " + std::to_string(kMaxFallbacks) + " entries");
  }
  for (std::size_t i = 0; i < std::min<std::size_t>(items.size(), kMaxFallbacks); ++i) {
    Fields call(items[i], json::pointer_join(fields.at("fallback"), i), faults_);
    out.push_back(tool_call(call));
    call.finish();
  }
  return out;
}

ApprovalSpec StepParser::approval(const json::Value& value, const std::string& pointer) {
  ApprovalSpec spec;
  Fields fields(value, pointer, faults_);
  if (const json::Value* message = fields.require("message")) {
    if (!message->is_string()) fields.fault("message", "wrong_type", "must be a string");
  }
  spec.message = fields.value_template("message").value_or(Template());
  spec.risk = fields.text("risk").value_or("");
  spec.expires_in = fields.duration("expires_in", {Millis{1}, kMaxDuration});
  spec.approve_on_expiry = fields.choice("on_expiry", {"reject", "approve"}).value_or(0) == 1;
  spec.approvers = fields.texts("approvers", kMaxApprovers);
  spec.quorum = static_cast<int>(fields.integer("quorum", 1, kMaxApprovers).value_or(1));
  if (const json::Value* form = fields.take("form")) {
    spec.form = *form;
    faults_.add_below(fields.at("form"), check_schema(*form));
  }
  fields.finish();
  return spec;
}

Resources StepParser::resources(const json::Value& value, const std::string& pointer) {
  Resources out;
  Fields fields(value, pointer, faults_);
  out.memory_bytes = fields.bytes("memory");
  out.cpu = fields.number("cpu", 0.001, 1024);
  out.disk_bytes = fields.bytes("disk");
  if (const auto pids = fields.integer("pids", 1, 1'000'000)) out.pids = static_cast<int>(*pids);
  out.network_bytes_per_s = fields.bytes("network", "/s");
  fields.finish();
  return out;
}

}  // namespace pawl::plan
