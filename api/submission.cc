#include "api/submission.h"

#include <algorithm>

#include "api/fields.h"
#include "api/limits.h"
#include "common/json/write.h"
#include "common/plan/schema.h"

namespace pawl::api {
namespace {

/// Labels: an object of short strings.
json::Value read_labels(Fields& fields) {
  const auto labels = fields.object("labels");
  if (!labels) return {};
  if (labels->as_object().size() > kMaxLabels)
    fields.fault("labels", "too_many", "must have at most 64 members");
  for (const auto& [name, value] : labels->as_object()) {
    const bool fits =
        value.is_string() && name.size() <= kMaxLabelBytes && value.as_string().size() <= kMaxLabelBytes;
    if (!fits) fields.fault("labels", "wrong_type", "must map short names to strings of at most 256 bytes");
  }
  return *labels;
}

/// A request may only lower what the plan allows.
json::Value read_limits(Fields& fields, const plan::Limits& allowed, const std::string& pointer) {
  const auto limits = fields.object("limits");
  if (!limits) return {};
  Fields inner(*limits, pointer + "/limits");
  const auto lower = [&](std::string_view key, std::int64_t most) {
    if (const auto value = inner.integer(key, 1, INT64_MAX); value && *value > most)
      inner.fault(key, "limit_too_high", "may only be lowered; the plan has " + std::to_string(most));
  };
  lower("max_depth", allowed.max_depth);
  lower("max_steps", allowed.max_steps);
  lower("max_parallel", allowed.max_parallel);
  if (auto done = inner.finish(); !done) fields.add(done.error().faults);
  return *limits;
}

/// `timeout` of the request: whole seconds; what it means depends on the door (http-api.md §3).
Millis read_wait(Fields& fields, const plan::Plan& plan, RunKind kind) {
  Millis wait = plan.timeout.value_or(kDefaultSyncTimeout);
  const json::Value given = fields.any("timeout").value_or(json::Value());
  if (given.is_null()) return std::min(wait, kMaxSyncTimeout);
  constexpr std::int64_t kMost = kMaxSyncTimeout.count() / 1000;
  const bool is_more = given.is_uint() || (given.is_int() && given.as_int() > kMost);
  if (!given.is_int() && !given.is_uint())
    fields.fault("timeout", "wrong_type", "must be an integer");
  else if (given.is_int() && given.as_int() < 0)
    fields.fault("timeout", "out_of_range", "must not be negative");
  else if (is_more && kind == RunKind::kSync)
    fields.fault("timeout", "out_of_range", "timeout cannot exceed 300 seconds");
  else if (!is_more && given.as_int() > 0)
    wait = Millis{given.as_int() * 1000};
  return std::min(wait, kMaxSyncTimeout);
}

}  // namespace

Result<Submission> read_submission(const json::Value& body, const CachedTask& task, const Services& services,
                                   RunKind kind, const std::string& pointer) {
  Fields fields(body, pointer);
  const plan::Plan& plan = *task.plan;
  Submission submission;
  store::NewExecution& execution = submission.execution;
  submission.sync_wait = read_wait(fields, plan, kind);
  execution.task_id = task.task_id;
  execution.task_version = task.version;
  execution.plan_hash = plan.hash;
  execution.input = fields.object("with").value_or(json::Object{});
  execution.priority = static_cast<int>(fields.integer("priority", 0, 9).value_or(plan.priority));
  execution.lane = fields.text("lane", 1, 64).value_or(plan.lane);
  if (std::find(services.lanes.begin(), services.lanes.end(), execution.lane) == services.lanes.end())
    fields.fault("lane", "unknown_lane", "is no lane that this installation serves");
  execution.run_at = fields.time("run_at");
  execution.labels = read_labels(fields);
  execution.limits = read_limits(fields, plan.limits, pointer);
  if (kind == RunKind::kBatchItem) {
    if (const auto key = fields.text("idempotency_key", 1, 1024)) {
      if (auto checked = checked_idempotency_key(*key))
        execution.idempotency_key = std::move(*checked);
      else
        fields.fault("idempotency_key", "idempotency_key_invalid", checked.error().message);
    }
  }
  if (plan.input_check) fields.add(plan.input_check->validate(execution.input, pointer + "/with"));
  TRY(fields.finish());
  return submission;
}

Result<std::string> checked_idempotency_key(std::string_view text) {
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') text = text.substr(1, text.size() - 2);
  const bool visible = std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f'; });
  if (text.empty() || text.size() > 255 || !visible)
    return fail(ErrorKind::kInvalid, "idempotency_key_invalid",
                "an idempotency key has 1 to 255 visible ASCII characters");
  return std::string(text);
}

Result<std::string> idempotency_key_of(const http::Headers& headers) {
  std::optional<std::string> key;
  for (const http::Headers::Field& field : headers.fields()) {
    if (!http::equals_ignoring_case(field.name, "idempotency-key") &&
        !http::equals_ignoring_case(field.name, "x-idempotency-key"))
      continue;
    std::string given = TRY(checked_idempotency_key(field.value));
    if (key && *key != given)
      return fail(ErrorKind::kInvalid, "idempotency_key_invalid", "two idempotency keys that differ");
    key = std::move(given);
  }
  return key.value_or("");
}

Sha256 fingerprint_of(std::string_view method, std::string_view route, std::string_view query,
                      const json::Value& body) {
  std::string text;
  text.append(method).append(" ").append(route).append("?").append(query).append("\n").append(
      json::write_canonical(body));
  return sha256(text);
}

}  // namespace pawl::api
