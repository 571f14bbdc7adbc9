#include "common/store/control_table.h"

namespace pawl::store {
namespace {

ControlMove refuse(const ControlState& state) {
  return {.allowed = false, .changed = false, .status = state.status};
}

ControlMove leave(const ControlState& state, bool changed) {
  return {
      .changed = changed, .status = state.status, .cancelling = state.cancelling, .pausing = state.pausing};
}

ControlMove cancel(const ControlState& state) {
  if (is_final(state.status))
    return state.status == ExecutionStatus::kCancelled ? leave(state, false) : refuse(state);
  if (state.cancelling) return leave(state, true);
  if (state.owned) {
    return {.act = ControlAct::kMark,
            .status = ExecutionStatus::kRunning,
            .cancelling = true,
            .event = EventType::kExecutionCancelRequested};
  }
  if (state.compensates) {
    return {.act = ControlAct::kWake,
            .status = ExecutionStatus::kRunning,
            .cancelling = true,
            .event = EventType::kExecutionCancelRequested};
  }
  return {.act = ControlAct::kEndCancelled,
          .status = ExecutionStatus::kCancelled,
          .event = EventType::kExecutionCancelled};
}

ControlMove pause(const ControlState& state) {
  if (is_final(state.status) || state.cancelling) return refuse(state);
  if (state.status == ExecutionStatus::kPaused && state.pausing) return leave(state, false);
  if (state.owned) {
    if (state.pausing) return leave(state, true);
    return {.act = ControlAct::kMark, .status = state.status, .pausing = true};
  }
  return {.act = ControlAct::kPark,
          .status = ExecutionStatus::kPaused,
          .pausing = true,
          .event = EventType::kExecutionPaused};
}

ControlMove resume(const ControlState& state) {
  if (is_final(state.status) || state.cancelling) return refuse(state);
  if (!state.pausing)
    return leave(state, state.status == ExecutionStatus::kPaused);  // paused: it is on its way back
  // A pause that has not taken effect is withdrawn: neither event is written.
  if (state.status != ExecutionStatus::kPaused) return {.act = ControlAct::kMark, .status = state.status};
  if (state.owned) {
    return {
        .act = ControlAct::kMark, .status = ExecutionStatus::kRunning, .event = EventType::kExecutionResumed};
  }
  if (!state.started) {
    return {.act = ControlAct::kBackToPending,
            .status = ExecutionStatus::kPending,
            .event = EventType::kExecutionResumed};
  }
  if (state.waits && !state.runnable) {
    return {.act = ControlAct::kBackToWaiting,
            .status = ExecutionStatus::kWaiting,
            .event = EventType::kExecutionResumed};
  }
  return {
      .act = ControlAct::kWake, .status = ExecutionStatus::kRunning, .event = EventType::kExecutionResumed};
}

}  // namespace

ControlMove control_move(ControlKind kind, const ControlState& state) {
  switch (kind) {
    case ControlKind::kCancel: return cancel(state);
    case ControlKind::kPause: return pause(state);
    case ControlKind::kResume: return resume(state);
  }
  return refuse(state);
}

}  // namespace pawl::store
