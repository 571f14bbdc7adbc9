#include "common/plan/parse.h"

#include <algorithm>

#include "common/json/write.h"
#include "common/plan/fields.h"
#include "common/plan/limits.h"
#include "common/plan/references.h"
#include "common/plan/retry.h"
#include "common/plan/schema.h"
#include "common/plan/step_parser.h"

namespace pawl::plan {
namespace {

bool is_task_id(std::string_view text) {
  return is_identifier(text, "_.-", 128) && is_identifier(text.substr(0, 1), "", 1);
}

void read_id(Fields& fields, Plan& plan, const ParseOptions& options) {
  if (options.id_required) fields.require("id");
  auto id = fields.text("id");
  if (!id) return;
  if (is_task_id(*id))
    plan.id = std::move(*id);
  else
    fields.fault("id", "invalid_id",
                 "must begin with a letter or digit and have at most 128 of a-z A-Z 0-9 _ . -");
}

void read_lane(Fields& fields, Plan& plan, const ParseOptions& options) {
  auto lane = fields.text("lane");
  if (!lane) return;
  if (std::find(options.lanes.begin(), options.lanes.end(), *lane) == options.lanes.end()) {
    fields.fault("lane", "unknown_lane", "is none of the lanes that are served here");
  }
  plan.lane = std::move(*lane);
}

Limits read_limits(const json::Value& value, const std::string& pointer, FaultList& faults) {
  Limits limits;
  Fields fields(value, pointer, faults);
  constexpr const char* kOver = "limit_too_high";
  limits.max_depth =
      static_cast<int>(fields.integer("max_depth", 1, kMaxTaskDepth, kOver).value_or(limits.max_depth));
  limits.max_steps = fields.integer("max_steps", 1, kMaxSteps, kOver).value_or(limits.max_steps);
  limits.max_parallel =
      static_cast<int>(fields.integer("max_parallel", 1, kMaxParallel, kOver).value_or(limits.max_parallel));
  fields.finish();
  return limits;
}

void read_defaults(const json::Value& value, const std::string& pointer, Plan& plan, FaultList& faults) {
  Fields fields(value, pointer, faults);
  plan.default_timeout = fields.duration("timeout", {Millis{1}, kMaxDuration}).value_or(plan.default_timeout);
  if (const json::Value* retry = fields.take("retry")) {
    plan.default_retry = read_retry(*retry, plan.default_retry, fields.at("retry"), faults);
  }
  fields.finish();
}

Notify read_notify(const json::Value& value, const std::string& pointer, FaultList& faults) {
  Notify notify;
  Fields fields(value, pointer, faults);
  fields.require("webhook");
  notify.webhook = fields.text("webhook").value_or("");
  const bool is_url = notify.webhook.starts_with("https://") || notify.webhook.starts_with("http://");
  if (fields.has("webhook") && !is_url)
    fields.fault("webhook", "invalid_url", "must be an http or https URL");
  notify.on = fields.texts("on", kMaxListedCodes);
  for (std::size_t i = 0; i < notify.on.size(); ++i) {
    const std::string& status = notify.on[i];
    if (status == "completed" || status == "failed" || status == "cancelled" || status == "timed_out")
      continue;
    faults.add(json::pointer_join(fields.at("on"), i), "invalid_choice",
               "must be completed, failed, cancelled or timed_out");
  }
  if (notify.on.empty()) notify.on = {"completed", "failed", "cancelled", "timed_out"};
  fields.finish();
  return notify;
}

void read_notifies(Fields& fields, Plan& plan, FaultList& faults) {
  const json::Value* value = fields.take("notify");
  if (value == nullptr) return;
  if (!value->is_array() || value->as_array().size() > kMaxListedCodes) {
    fields.fault("notify", "wrong_type", "must be a list of at most 100 {webhook, on}");
    return;
  }
  const json::Array& items = value->as_array();
  for (std::size_t i = 0; i < items.size(); ++i) {
    plan.notify.push_back(read_notify(items[i], json::pointer_join(fields.at("notify"), i), faults));
  }
}

/// Everything but the steps: those need the defaults read first.
void read_head(Fields& fields, Plan& plan, const ParseOptions& options, FaultList& faults) {
  read_id(fields, plan, options);
  plan.description = fields.text("description").value_or("");
  if (const json::Value* schema = fields.take("input_schema")) {
    plan.input_schema = *schema;
    auto compiled = Schema::compile(*schema);
    if (compiled)
      plan.input_check = std::move(*compiled);
    else
      faults.add_below(fields.at("input_schema"), std::move(compiled).error());
  }
  plan.timeout = fields.duration("timeout", {Millis{1}, kMaxDuration});
  read_lane(fields, plan, options);
  plan.priority = static_cast<int>(fields.integer("priority", 0, 9).value_or(plan.priority));
  if (const json::Value* limits = fields.take("limits"))
    plan.limits = read_limits(*limits, fields.at("limits"), faults);
  if (const json::Value* value = fields.take("defaults"))
    read_defaults(*value, fields.at("defaults"), plan, faults);
  plan.output = fields.value_template("output");
  read_notifies(fields, plan, faults);
}

void read_steps(Fields& fields, Plan& plan, FaultList& faults) {
  StepParser parser(faults, plan.default_retry, plan.id);
  if (const json::Value* steps = fields.require("steps"))
    plan.steps = parser.list(*steps, fields.at("steps"));
  if (const json::Value* steps = fields.take("on_failure")) {
    plan.on_failure = parser.list(*steps, fields.at("on_failure"), StepParser::Empty::kAllowed);
  }
}

void check_count(const Plan& plan, FaultList& faults) {
  const std::int64_t count = count_steps(plan);
  if (count <= plan.limits.max_steps) return;
  faults.add("/steps", "too_many_steps",
             "unfolds to at least " + std::to_string(count) + " steps; limits.max_steps is " +
                 std::to_string(plan.limits.max_steps));
}

Error refuse(std::vector<Fault> faults) {
  const bool are_all_unknown = std::all_of(faults.begin(), faults.end(),
                                           [](const Fault& fault) { return fault.code == "unknown_field"; });
  const std::string count = faults.size() == 1 ? "1 fault" : std::to_string(faults.size()) + " faults";
  std::string message = "the plan has " + count + "; the first: " + faults.front().message;
  if (!faults.front().pointer.empty()) message += " (at " + faults.front().pointer + ")";
  return Error{ErrorKind::kInvalid, are_all_unknown ? "unknown_field" : "validation_failed",
               std::move(message), "", std::move(faults)};
}

}  // namespace

Result<PlanPtr> parse(const json::Value& document, const ParseOptions& options) {
  const std::string canonical = json::write_canonical(document);
  if (canonical.size() > kMaxPlanBytes) {
    return fail(ErrorKind::kInvalid, "payload_too_large", "a plan has at most 256 KiB as canonical JSON");
  }
  auto plan = std::make_shared<Plan>();
  FaultList faults;
  Fields fields(document, "", faults);
  read_head(fields, *plan, options, faults);
  read_steps(fields, *plan, faults);
  fields.finish();
  check_references(*plan, faults);
  check_count(*plan, faults);
  if (!faults.empty()) return fail(refuse(faults.take()));
  plan->graph = build_graph(*plan);
  plan->source = document;
  plan->hash = sha256(canonical);
  return PlanPtr(std::move(plan));
}

}  // namespace pawl::plan
