// What a control request does to an execution in a given state: the table of http-api.md §4 as a pure
// function, used by the Postgres store and by its in-memory twin, and tested over every combination.
#pragma once

#include <optional>
#include <string_view>

#include "common/model/event.h"
#include "common/model/status.h"
#include "common/store/control_store.h"

namespace pawl::store {

struct ControlState {
  ExecutionStatus status = ExecutionStatus::kPending;
  bool owned = false;    ///< a worker holds it
  bool started = false;  ///< it was claimed before
  bool cancelling = false;
  bool pausing = false;
  bool compensates = false;  ///< a committed step has a compensation
  bool waits = false;        ///< parked by a wait: it has a timer or something it waits for
  bool runnable = false;     ///< parked, but a worker was about to take it
};

/// What is written. All but kNothing add 1 to the inbox.
enum class ControlAct : std::uint8_t {
  kNothing,
  kEndCancelled,   ///< the terminal event, here and now
  kMark,           ///< flags only: the owner (or the next one) acts
  kWake,           ///< nobody holds it: a worker must take it, with a ticket
  kPark,           ///< paused here and now
  kBackToPending,  ///< it had not started: it waits for its turn or its run_at again
  kBackToWaiting,  ///< its timer goes on with what was left
};

struct ControlMove {
  bool allowed = true;  ///< false: kConflict/invalid_state
  bool changed = true;  ///< false: 200 instead of 202
  ControlAct act = ControlAct::kNothing;
  ExecutionStatus status = ExecutionStatus::kPending;  ///< after it
  bool cancelling = false;
  bool pausing = false;
  std::optional<EventType> event = {};
};

ControlMove control_move(ControlKind kind, const ControlState& state);

}  // namespace pawl::store
