#include "common/model/event.h"

#include <limits>

#include "common/base/time_format.h"
#include "common/model/enum_text.h"

namespace pawl {
namespace {

constexpr EnumTexts<28> kEventTypes = {"execution.accepted",
                                       "execution.started",
                                       "execution.recovered",
                                       "execution.waiting",
                                       "execution.paused",
                                       "execution.resumed",
                                       "execution.cancel_requested",
                                       "execution.cancelled",
                                       "execution.completed",
                                       "execution.failed",
                                       "execution.timed_out",
                                       "step.started",
                                       "step.attempt_failed",
                                       "step.retry_scheduled",
                                       "step.committed",
                                       "step.failed",
                                       "step.skipped",
                                       "step.cancelled",
                                       "step.frozen",
                                       "step.progress",
                                       "step.log",
                                       "approval.requested",
                                       "approval.decided",
                                       "approval.expired",
                                       "signal.received",
                                       "estimate.updated",
                                       "notification.sent",
                                       "notification.failed"};
static_assert(static_cast<std::size_t>(EventType::kNotificationFailed) + 1 == kEventTypes.size());

tl::unexpected<Error> no_event(std::string_view field) {
  return fail(ErrorKind::kInvalid, "validation_failed", "an event has no valid " + std::string(field));
}

/// A non-negative integer up to `max`; `fallback` when the member is absent. Errors: nullopt.
std::optional<std::uint64_t> read_count(const json::Value& value, std::string_view key,
                                        std::uint64_t fallback, std::uint64_t max) {
  const json::Value* member = value.find(key);
  if (member == nullptr) return fallback;
  const bool is_count = member->is_uint() || (member->is_int() && member->as_int() >= 0);
  if (!is_count || member->as_uint() > max) return std::nullopt;
  return member->as_uint();
}

const std::string* read_text(const json::Value& value, std::string_view key) {
  const json::Value* member = value.find(key);
  return member != nullptr && member->is_string() ? &member->as_string() : nullptr;
}

}  // namespace

std::string_view to_string(EventType type) { return text_of(kEventTypes, type); }
std::optional<EventType> parse_event_type(std::string_view text) {
  return value_of<EventType>(kEventTypes, text);
}

bool is_live_only(EventType type) {
  return type == EventType::kStepProgress || type == EventType::kStepLog ||
         type == EventType::kEstimateUpdated;
}

bool is_terminal(EventType type) {
  return type == EventType::kExecutionCompleted || type == EventType::kExecutionFailed ||
         type == EventType::kExecutionCancelled || type == EventType::kExecutionTimedOut;
}

json::Value to_json(const Event& event) {
  json::Object object;
  if (event.seq > 0) object.set("seq", event.seq);
  object.set("type", to_string(event.type))
      .set("at", format_rfc3339(event.at))
      .set("exec_id", event.exec_id.to_string())
      .set("epoch", event.epoch);
  if (!event.step.empty()) object.set("step", event.step);
  if (event.attempt > 0) object.set("attempt", event.attempt);
  object.set("data", event.data.is_object() ? event.data : json::Value(json::Object{}));
  return object;
}

Result<Event> event_from_json(const json::Value& value) {
  Event event;
  const std::string* type = read_text(value, "type");
  const auto known = type != nullptr ? parse_event_type(*type) : std::nullopt;
  if (!known) return no_event("type");
  event.type = *known;

  const std::string* at = read_text(value, "at");
  const auto time = at != nullptr ? parse_rfc3339(*at) : std::nullopt;
  if (!time) return no_event("at");
  event.at = *time;

  const std::string* exec_id = read_text(value, "exec_id");
  const auto id = exec_id != nullptr ? Uuid::parse(*exec_id) : std::nullopt;
  if (!id) return no_event("exec_id");
  event.exec_id = *id;

  const auto seq = read_count(value, "seq", 0, std::numeric_limits<std::uint64_t>::max());
  if (!seq) return no_event("seq");
  event.seq = *seq;
  const auto epoch = read_count(value, "epoch", 0, std::numeric_limits<std::uint32_t>::max());
  if (!epoch) return no_event("epoch");
  event.epoch = static_cast<std::uint32_t>(*epoch);
  const auto attempt =
      read_count(value, "attempt", 0, static_cast<std::uint64_t>(std::numeric_limits<int>::max()));
  if (!attempt) return no_event("attempt");
  event.attempt = static_cast<int>(*attempt);

  if (const json::Value* step = value.find("step")) {
    if (!step->is_string()) return no_event("step");
    event.step = step->as_string();
  }
  if (const json::Value* data = value.find("data")) {
    if (!data->is_object() && !data->is_null()) return no_event("data");
    event.data = *data;
  }
  return event;
}

}  // namespace pawl
