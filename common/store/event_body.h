// How the ledger keeps the events of one transaction: the items of one JSON array in one row of `events`.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"
#include "common/model/event.h"
#include "common/model/status.h"

namespace pawl::store {

/// The items joined by commas, without the brackets; "" for none. Live-only events are left out.
std::string event_items(const std::vector<NewEvent>& events);
/// How many of `events` are ledger rows.
int ledger_count(const std::vector<NewEvent>& events);

/// Unpacks one row. Errors: kInternal/bad_ledger_row when the body is not what event_items makes.
Result<std::vector<Event>> unpack_events(const Uuid& exec_id, std::uint64_t first_seq, WallTime at,
                                         std::uint32_t epoch, std::string_view body);

/// Event 1 of every execution. It has no row: it is read from `executions`.
Event accepted_event(const Uuid& exec_id, WallTime at);

/// The terminal event that belongs to a final status.
EventType terminal_event(ExecutionStatus status);

/// JSON text of a value for a text column; "" (null there) for null.
std::string text_of(const json::Value& value);
/// The inverse for what this store wrote itself: no limits, null for "".
json::Value value_of(std::string_view text);

}  // namespace pawl::store
