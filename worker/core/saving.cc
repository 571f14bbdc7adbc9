// Puts checkpoints together: what is settled goes in at once, what goes onward only while the inbox is as it
// was seen. An event of a step whose start is not saved yet goes onward too, so that the order in the ledger
// is that of life.
#include "worker/core/machine.h"

namespace pawl::core {

void Machine::emit(NodeIndex index, EventType type, json::Object data, std::optional<StepRecord> record) {
  const Node& n = node(index);
  const bool is_onward = n.mark > s_.saved_batch;
  const bool is_attempt = n.leaf && n.announced;
  NewEvent event{type, n.path, is_attempt ? n.leaf->attempt : n.announced ? 1 : 0, {}};
  if (!data.empty()) event.data = std::move(data);
  Pending& pending = s_.pending;
  (is_onward ? pending.onward : pending.settled).push_back(std::move(event));
  if (record) (is_onward ? pending.onward_steps : pending.steps).push_back(std::move(*record));
}

void Machine::emit_start(NodeIndex index, json::Object data) {
  const Node& n = node(index);
  emit_onward(index, {EventType::kStepStarted, n.path, n.leaf ? n.leaf->attempt : 1, std::move(data)});
}

void Machine::emit_onward(NodeIndex index, NewEvent event) {
  Node& n = node(index);
  n.mark = s_.batch;
  if (!n.announced) n.first_mark = s_.batch;
  n.announced = true;
  s_.pending.onward.push_back(std::move(event));
}

void Machine::flush() {
  if (s_.in_flight) return;
  Pending& pending = s_.pending;
  const bool saves_pause = pending.park && pending.park->status == ExecutionStatus::kPaused;
  // While a pause is asked for, starts stay here: with the resume they go, with the memory they are
  // forgotten.
  const bool goes_onward = !s_.reading_inbox && (!is_pausing() || pending.final);
  if (!pending.has_settled() && !(saves_pause && !s_.reading_inbox) && !(goes_onward && pending.has_onward()))
    return;
  Pending flight;
  flight.settled = std::move(pending.settled);
  flight.steps = std::move(pending.steps);
  flight.delays = std::exchange(pending.delays, {});
  flight.step_committed = std::exchange(pending.step_committed, false);
  pending.settled.clear();
  pending.steps.clear();
  if (s_.paused && is_pausing() && !saves_pause &&
      !pending.final) {  // what is written while it is paused leaves it so
    flight.park.emplace();
    flight.park->status = ExecutionStatus::kPaused;
    flight.park->keep = true;
    if (s_.control.pause_timeout) flight.park->wake_at = s_.paused_at + *s_.control.pause_timeout;
  }
  if (saves_pause && !s_.reading_inbox) {
    flight.onward = std::exchange(s_.pause_events, {});
    flight.park = std::exchange(pending.park, std::nullopt);
  } else if (goes_onward && pending.has_onward()) {
    flight.onward = std::exchange(pending.onward, {});
    flight.onward_steps = std::exchange(pending.onward_steps, {});
    flight.starts = std::exchange(pending.starts, {});
    flight.onward_delays = std::exchange(pending.onward_delays, {});
    flight.park = std::exchange(pending.park, std::nullopt);
    flight.final = std::exchange(pending.final, std::nullopt);
    flight.batch = s_.batch++;
  }
  Checkpoint checkpoint{s_.inbox_seen,   flight.settled,        flight.steps,
                        flight.onward,   flight.onward_steps,   s_.phase,
                        progress_of(s_), flight.step_committed, !s_.compensations.empty(),
                        flight.park,     flight.final};
  if (flight.park)
    checkpoint.phase = flight.park->status == ExecutionStatus::kPaused ? Phase::kPaused : Phase::kWaiting;
  if (flight.final) {
    const auto beyond =
        static_cast<int>(flight.final->status) - static_cast<int>(ExecutionStatus::kCompleted);
    checkpoint.phase = static_cast<Phase>(static_cast<int>(Phase::kCompleted) + beyond);
  }
  out_.checkpoint = std::move(checkpoint);
  s_.in_flight = std::move(flight);
  ++s_.counters.checkpoints;
}

void Machine::release_starts(std::vector<Handle> starts) {
  for (const Handle handle : starts)
    if (is_current(handle) && node(handle.node).state == NodeState::kStarting) make_call(handle.node);
}

}  // namespace pawl::core
