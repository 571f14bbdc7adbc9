#include "common/store/event_body.h"

#include <algorithm>
#include <limits>

#include "common/base/assert.h"
#include "common/json/parse.h"
#include "common/json/write.h"
#include "common/model/status.h"

namespace pawl::store {

std::string event_items(const std::vector<NewEvent>& events) {
  std::string out;
  for (const NewEvent& event : events) {
    if (is_live_only(event.type)) continue;
    if (!out.empty()) out.push_back(',');
    out.append("{\"type\":\"").append(to_string(event.type)).push_back('"');
    if (!event.step.empty()) out.append(",\"step\":").append(json::write(json::Value(event.step)));
    if (event.attempt != 0) out.append(",\"attempt\":").append(std::to_string(event.attempt));
    if (!event.data.is_null()) out.append(",\"data\":").append(json::write(event.data));
    out.push_back('}');
  }
  return out;
}

int ledger_count(const std::vector<NewEvent>& events) {
  return static_cast<int>(
      std::count_if(events.begin(), events.end(), [](const NewEvent& e) { return !is_live_only(e.type); }));
}

Result<std::vector<Event>> unpack_events(const Uuid& exec_id, std::uint64_t first_seq, WallTime at,
                                         std::uint32_t epoch, std::string_view body) {
  const json::Value items = value_of(body);
  if (!items.is_array())
    return fail(ErrorKind::kInternal, "bad_ledger_row", "a row of the ledger can't be read");
  std::vector<Event> out;
  out.reserve(items.as_array().size());
  for (const json::Value& item : items.as_array()) {
    const json::Value* type = item.find("type");
    const auto parsed =
        type != nullptr && type->is_string() ? parse_event_type(type->as_string()) : std::nullopt;
    if (!parsed) return fail(ErrorKind::kInternal, "bad_ledger_row", "a row of the ledger can't be read");
    Event event{first_seq++, *parsed, at, exec_id, epoch};
    if (const json::Value* step = item.find("step"); step != nullptr && step->is_string())
      event.step = step->as_string();
    if (const json::Value* attempt = item.find("attempt"); attempt != nullptr && attempt->is_int()) {
      event.attempt = static_cast<int>(attempt->as_int());
    }
    if (const json::Value* data = item.find("data"); data != nullptr) event.data = *data;
    out.push_back(std::move(event));
  }
  return out;
}

Event accepted_event(const Uuid& exec_id, WallTime at) {
  return Event{1, EventType::kExecutionAccepted, at, exec_id, 0};
}

EventType terminal_event(ExecutionStatus status) {
  switch (status) {
    case ExecutionStatus::kCompleted: return EventType::kExecutionCompleted;
    case ExecutionStatus::kFailed: return EventType::kExecutionFailed;
    case ExecutionStatus::kCancelled: return EventType::kExecutionCancelled;
    case ExecutionStatus::kTimedOut: return EventType::kExecutionTimedOut;
    default: break;
  }
  PAWL_ASSERT(false, "only a final status has a terminal event");
  return EventType::kExecutionFailed;
}

std::string text_of(const json::Value& value) { return value.is_null() ? std::string() : json::write(value); }

json::Value value_of(std::string_view text) {
  if (text.empty()) return {};
  constexpr std::size_t kUnlimited = std::numeric_limits<std::size_t>::max();
  auto parsed =
      json::parse(text, {.max_depth = json::kMaxDepth, .max_keys = kUnlimited, .max_bytes = kUnlimited});
  return parsed ? std::move(*parsed) : json::Value();
}

}  // namespace pawl::store
