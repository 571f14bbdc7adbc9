// The bodies of the step kinds (plan-language.md §2).
#include <optional>

#include "common/base/time_format.h"
#include "common/plan/limits.h"
#include "common/plan/step_parser.h"

namespace pawl::plan {
namespace {

constexpr std::size_t kMaxIdentifier = 128;
constexpr std::size_t kMaxSignal = 128;
// `maximum` of a signal's name is that of an id, with the dots that people put into names of signals.
constexpr std::string_view kSignalExtra = "_.:-";
constexpr std::string_view kReserved[] = {"input", "steps", "exec", "task", "secret", "true",
                                          "false", "null",  "and",  "or",   "not",    "in"};

Strategy read_strategy(Fields& fields) {
  switch (fields.choice("strategy", {"wait_all", "fail_fast", "best_effort", "race"}).value_or(0)) {
    case 1: return Strategy::kFailFast;
    case 2: return Strategy::kBestEffort;
    case 3: return Strategy::kRace;
    default: return Strategy::kWaitAll;
  }
}

Merge read_merge(Fields& fields) {
  switch (fields.choice("merge", {"collect", "first_success", "deep_merge"}).value_or(0)) {
    case 1: return Merge::kFirstSuccess;
    case 2: return Merge::kDeepMerge;
    default: return Merge::kCollect;
  }
}

std::optional<int> read_max_parallel(Fields& fields) {
  const auto value = fields.integer("max_parallel", 1, kMaxParallel, "limit_too_high");
  if (!value) return std::nullopt;
  return static_cast<int>(*value);
}

/// A name that expressions can use as it stands.
bool is_variable(std::string_view text) {
  if (!is_identifier(text, "_", kMaxIdentifier) || (text[0] >= '0' && text[0] <= '9')) return false;
  for (const std::string_view reserved : kReserved) {
    if (text == reserved) return false;
  }
  return true;
}

/// Checks a constant; what has expressions is known only when it runs.
void check_constant_duration(Fields& fields, std::string_view key, const std::optional<Template>& value) {
  if (!value || !value->is_constant()) return;
  const auto duration = read_duration(value->source(), {});
  if (!duration) fields.fault(key, duration.error().code, duration.error().message);
}

void check_constant_time(Fields& fields, std::string_view key, const std::optional<Template>& value) {
  if (!value || !value->is_constant()) return;
  if (!value->source().is_string()) {
    fields.fault(key, "wrong_type", "must be a time as 2026-12-01T00:00:00Z");
  } else if (!parse_rfc3339(value->source().as_string())) {
    fields.fault(key, "invalid_time", "is no time of RFC 3339; write 2026-12-01T00:00:00Z");
  }
}

}  // namespace

StepBody StepParser::tool(Fields& fields) { return ToolSpec{tool_call(fields)}; }

StepBody StepParser::sequence(const json::Value& value, const std::string& pointer) {
  SequenceSpec spec;
  Fields fields(value, pointer, faults_);
  if (const json::Value* steps = fields.require("steps")) spec.steps = list(*steps, fields.at("steps"));
  fields.finish();
  return spec;
}

StepBody StepParser::parallel(const json::Value& value, const std::string& pointer) {
  ParallelSpec spec;
  Fields fields(value, pointer, faults_);
  if (const json::Value* steps = fields.require("steps")) spec.steps = list(*steps, fields.at("steps"));
  spec.max_parallel = read_max_parallel(fields);
  spec.strategy = read_strategy(fields);
  spec.merge = read_merge(fields);
  fields.finish();
  return spec;
}

void StepParser::loop_names(Fields& fields, ForEachSpec& spec) {
  for (auto [key, target] : {std::pair{"as", &spec.as}, std::pair{"index", &spec.index}}) {
    auto name = fields.text(key);
    if (!name) continue;
    if (is_variable(*name))
      *target = std::move(*name);
    else
      fields.fault(key, "invalid_id", "must be a plain name that means nothing else in expressions");
  }
  if (spec.as == spec.index) fields.fault("index", "invalid_id", "must differ from as");
}

StepBody StepParser::for_each(const json::Value& value, const std::string& pointer) {
  ForEachSpec spec;
  Fields fields(value, pointer, faults_);
  if (const json::Value* items = fields.require("items")) {
    const bool may_be_list = items->is_array() || items->is_string();
    spec.items = fields.value_template("items").value_or(Template());
    if (!may_be_list || (items->is_string() && spec.items.is_constant() && !spec.items.source().is_null())) {
      fields.fault("items", "wrong_type", "must be a list, or an expression that gives one");
    }
  }
  loop_names(fields, spec);
  if (const json::Value* step_value = fields.require("step")) {
    spec.step.push_back(step(*step_value, fields.at("step")));
  }
  spec.max_parallel = read_max_parallel(fields);
  spec.batch = static_cast<int>(fields.integer("batch", 1, kMaxBatch).value_or(1));
  spec.strategy = read_strategy(fields);
  spec.merge = read_merge(fields);
  fields.finish();
  return spec;
}

StepBody StepParser::task(Fields& fields) {
  TaskSpec spec;
  if (auto name = fields.text("task")) {
    const bool begins_well = !name->empty() && is_identifier(name->substr(0, 1), "", 1);
    if (!begins_well || !is_identifier(*name, "_.-", kMaxIdentifier)) {
      fields.fault("task", "invalid_id", "is no id of a task");
    } else if (*name == task_id_) {
      fields.fault("task", "too_deep", "runs the task inside itself without end");
    }
    spec.task = std::move(*name);
  }
  static const Template kEmpty = *Template::parse(json::Value(json::Object{}));
  const json::Value* with = fields.take("with");
  spec.with = fields.value_template("with").value_or(kEmpty);
  if (with != nullptr && !with->is_object() && spec.with.is_constant()) {
    fields.fault("with", "wrong_type", "must be an object");
  }
  return spec;
}

ChooseSpec::Branch StepParser::branch(const json::Value& value, const std::string& pointer, bool is_last) {
  ChooseSpec::Branch out;
  Fields fields(value, pointer, faults_);
  if (fields.has("else")) {
    out.steps = list(*fields.take("else"), fields.at("else"));
    if (!is_last) faults_.add(pointer, "else_not_last", "the else branch comes last");
  } else if (fields.is_object()) {
    fields.require("when");
    out.when = fields.condition("when");
    if (!out.when) out.when = Template();  // so that it isn't taken for the else
    if (const json::Value* steps = fields.require("steps")) out.steps = list(*steps, fields.at("steps"));
  }
  fields.finish();
  return out;
}

StepBody StepParser::choose(const json::Value& value, const std::string& pointer) {
  ChooseSpec spec;
  if (!value.is_array()) {
    faults_.add(pointer, "wrong_type", "must be a list of branches, not " + std::string(value.type_name()));
    return spec;
  }
  const json::Array& branches = value.as_array();
  if (branches.empty()) faults_.add(pointer, "empty_group", "has no branches");
  for (std::size_t i = 0; i < branches.size(); ++i) {
    spec.branches.push_back(branch(branches[i], json::pointer_join(pointer, i), i + 1 == branches.size()));
  }
  return spec;
}

StepBody StepParser::wait(const json::Value& value, const std::string& pointer) {
  WaitSpec spec;
  Fields fields(value, pointer, faults_);
  spec.for_duration = fields.value_template("for");
  check_constant_duration(fields, "for", spec.for_duration);
  spec.until = fields.value_template("until");
  check_constant_time(fields, "until", spec.until);
  if (auto signal = fields.text("signal")) {
    if (!is_identifier(*signal, kSignalExtra, kMaxSignal)) {
      fields.fault("signal", "invalid_id", "must be 1 to 128 of the characters a-z A-Z 0-9 _ . : -");
    }
    spec.signal = std::move(*signal);
  }
  const int given = int{fields.has("for")} + int{fields.has("until")} + int{fields.has("signal")};
  if (fields.is_object() && given != 1) {
    faults_.add(pointer, given == 0 ? "kind_missing" : "kind_ambiguous",
                "wait takes one of for, until or signal");
  }
  spec.timeout = fields.duration("timeout", {Millis{1}, kMaxDuration});
  spec.continue_on_timeout = fields.choice("on_timeout", {"fail", "continue"}).value_or(0) == 1;
  for (const std::string_view key : {"timeout", "on_timeout"}) {
    if (fields.has(key) && !fields.has("signal"))
      fields.fault(key, "not_applicable", "goes with signal only");
  }
  fields.finish();
  return spec;
}

StepBody StepParser::approval_step(const json::Value& value, const std::string& pointer) {
  return ApprovalStepSpec{approval(value, pointer)};
}

}  // namespace pawl::plan
