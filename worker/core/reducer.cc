#include "worker/core/reducer.h"

#include <array>

#include "common/base/assert.h"
#include "worker/core/machine.h"

namespace pawl::core {

Effects apply(Execution& execution, Event event, const Inputs& inputs) {
  State& state = execution.state();
  Effects effects;
  ++state.counters.events;
  if (state.fate == Fate::kHeld) Machine(state, inputs, effects).handle(std::move(event));
  effects.fate = state.fate;
  return effects;
}

std::string_view to_string(DeferReason reason) {
  switch (reason) {
    case DeferReason::kBreakerOpen: return "breaker_open";
    case DeferReason::kRetryBudget: return "retry_budget";
    case DeferReason::kRateLimit: return "rate_limit";
  }
  return "";
}

// The loop that is the whole worker, seen from inside: news in, everything that can move moves, one
// checkpoint out.
void Machine::handle(Event&& event) {
  const bool is_first = std::holds_alternative<Begin>(event) || std::holds_alternative<Restore>(event);
  PAWL_ASSERT(is_first != s_.begun, "Begin or Restore comes first, and once");
  if (!is_first) ring_due();
  std::visit([this](auto&& e) { on(std::forward<decltype(e)>(e)); }, std::move(event));
  if (s_.fate == Fate::kHeld) settle();
}

void Machine::settle() {
  react();
  run();
  decide();
  flush();
  if (s_.fate == Fate::kHeld) set_timer();
}

void Machine::on(Begin&& begin) {
  s_.begun = true;
  s_.facts = std::move(begin.facts);
  s_.inbox_seen = s_.facts.inbox;
  s_.origin = in_.now;
  step_phase(Trigger::kTaken);
  for (const pawl::Event& event : begin.events) {  // it may have been paused before it ever started
    if (event.type == EventType::kExecutionResumed) s_.paused = false;
    if (event.type != EventType::kExecutionPaused || s_.paused) continue;
    s_.origin = event.at;
    stand_clock(event.at);
  }
  take_inbox(s_.facts.inbox, std::move(begin.control), begin.events);
  if (!s_.paused) s_.origin = in_.now;
  // What is kept is told in the part that is settled, so the start comes before it there.
  auto& events = begin.kept.empty() ? s_.pending.onward : s_.pending.settled;
  events.push_back({EventType::kExecutionStarted, {}, 0, json::Object{{"worker", s_.facts.worker}}});
  remember(begin.kept);
  open_root();
}

void Machine::on(Restore&& restore) {
  s_.begun = true;
  s_.facts = std::move(restore.facts);
  s_.inbox_seen = s_.facts.inbox;
  s_.origin = in_.now;
  step_phase(Trigger::kTaken);
  remember(restore.events, restore.steps);
  std::vector<pawl::Event> taken;  // remembered already
  take_inbox(s_.facts.inbox, std::move(restore.control), taken);
  open_root();
}

void Machine::on(Saved&& saved) {
  if (!s_.in_flight) return;
  Pending flight = std::move(*s_.in_flight);
  s_.in_flight.reset();
  if (flight.batch != 0) s_.saved_batch = flight.batch;
  delays_saved(flight.delays, saved.at);
  delays_saved(flight.onward_delays, saved.at);
  if (flight.final) {
    constexpr std::array kEnds = {Trigger::kComplete, Trigger::kFail, Trigger::kCancel, Trigger::kTimeOut};
    step_phase(kEnds[static_cast<std::size_t>(flight.final->status) -
                     static_cast<std::size_t>(ExecutionStatus::kCompleted)]);
    s_.fate = Fate::kFinished;
    return;
  }
  if (flight.park) {
    const bool is_pause = flight.park->status == ExecutionStatus::kPaused;
    step_phase(is_pause ? Trigger::kPause : Trigger::kPark);
    if (!flight.park->keep) {
      s_.fate = Fate::kParked;
      return;
    }
    if (!s_.paused) stand_clock(saved.at);
  }
  release_starts(std::move(flight.starts));
  if (saved.inbox != s_.inbox_seen) ask_inbox();
}

void Machine::on(InboxChanged&& changed) {
  if (!s_.in_flight) return;
  Pending flight = std::move(*s_.in_flight);
  s_.in_flight.reset();
  delays_saved(flight.delays, changed.at);
  flight.onward_delays.insert(flight.onward_delays.end(), s_.pending.onward_delays.begin(),
                              s_.pending.onward_delays.end());
  s_.pending.onward_delays = std::move(flight.onward_delays);
  // A park or an end is decided again from what the inbox says; starts go again as they are, unless it says
  // otherwise.
  Pending& pending = s_.pending;
  std::erase_if(flight.onward, [](const NewEvent& e) {
    return e.type == EventType::kExecutionWaiting || e.type == EventType::kExecutionPaused ||
           e.type == EventType::kStepFrozen;
  });
  flight.onward.insert(flight.onward.end(), std::make_move_iterator(pending.onward.begin()),
                       std::make_move_iterator(pending.onward.end()));
  pending.onward = std::move(flight.onward);
  std::move(pending.onward_steps.begin(), pending.onward_steps.end(),
            std::back_inserter(flight.onward_steps));
  pending.onward_steps = std::move(flight.onward_steps);
  flight.starts.insert(flight.starts.end(), pending.starts.begin(), pending.starts.end());
  pending.starts = std::move(flight.starts);
  if (flight.final) pending.final = std::move(flight.final);
  if (has_bug(Bug::kInboxNotRead)) {
    s_.inbox_seen = changed.inbox;
    return;
  }
  ask_inbox();
}

void Machine::ask_inbox() {
  if (s_.reading_inbox) return;
  s_.reading_inbox = true;
  out_.acts.emplace_back(ReadInbox{s_.last_seq});
}

// Which of its rows was refused is not known, so nothing of this checkpoint can stand: the execution ends
// here, with the steps it would have ended marked, and no value in what is written.
void Machine::on(Refused&& refused) {
  if (!s_.in_flight) return;
  const bool is_second = s_.in_flight->final && s_.in_flight->final->failure &&
                         s_.in_flight->final->failure->code == "result_not_storable";
  if (is_second) return drop();
  Pending flight = std::move(*s_.in_flight);
  s_.in_flight.reset();
  Failure failure =
      failure_of(Category::kLogic, "result_not_storable", "The database refused this step's data.");
  failure.details = json::Object{{"sqlstate", refused.error.code}};
  Pending last;
  std::move(flight.onward_steps.begin(), flight.onward_steps.end(), std::back_inserter(flight.steps));
  for (StepRecord& record : flight.steps) {
    record.input = {};
    record.output = {};
    record.status = StepStatus::kFailed;
    record.failure = failure;
    record.failure->step = record.path;
    last.settled.push_back({EventType::kStepFailed, record.path, record.attempt,
                            json::Object{{"error", to_json(*record.failure)}}});
    last.steps.push_back(std::move(record));
  }
  if (!last.steps.empty()) failure.step = last.steps.front().path;
  last.final = Final{ExecutionStatus::kFailed, {}, failure};
  last.onward.push_back({EventType::kExecutionFailed, {}, 0, json::Object{{"error", to_json(failure)}}});
  for (const NodeIndex index : s_.active)
    if (node(index).state == NodeState::kCalling) out_.acts.emplace_back(CancelCall{stamp_of(index)});
  s_.pending = std::move(last);
  s_.nodes[kRoot].group->is_over = true;
  s_.nodes[kRoot].group->frame->stage = Stage::kOver;
  s_.nodes[kRoot].group->frame->is_closed = true;
  s_.beyond_help = true;
}

void Machine::on(Fenced&& fenced) {
  static_cast<void>(fenced);
  drop();
}

void Machine::drop() {
  for (const NodeIndex index : s_.active)
    if (node(index).state == NodeState::kCalling) out_.acts.emplace_back(CancelCall{stamp_of(index)});
  out_.acts.emplace_back(DisarmTimer{});
  s_.fate = Fate::kDropped;
}

void Machine::on(InboxRead&& read) {
  s_.reading_inbox = false;
  take_inbox(read.inbox, std::move(read.control), read.events);
  wake_waiting();
}

void Machine::on(ToolFinished&& finished) {
  const NodeIndex index = find(finished.stamp);
  if (index == kNoNode || node(index).state != NodeState::kCalling) {
    ++s_.counters.late_answers;
    return;
  }
  end_call(index, std::move(finished));
}

void Machine::on(CallDeferred&& deferred) {
  const NodeIndex index = find(deferred.stamp);
  if (index == kNoNode || node(index).state != NodeState::kCalling) {
    ++s_.counters.late_answers;
    return;
  }
  defer_call(index, deferred);
}

void Machine::on(CallFrozen&& frozen) {
  const NodeIndex index = find(frozen.stamp);
  if (index == kNoNode || node(index).state != NodeState::kCalling ||
      node(index).leaf->freeze != Freeze::kAsked) {
    ++s_.counters.late_answers;
    return;
  }
  node(index).leaf->freeze = frozen.frozen ? Freeze::kFrozen : Freeze::kCant;
}

void Machine::on(TimerRang&& rang) {
  static_cast<void>(rang);
  s_.armed.reset();
}

void Machine::on(TaskResolved&& resolved) {
  const NodeIndex index = find(resolved.stamp);
  if (index == kNoNode || node(index).state != NodeState::kResolving) {
    ++s_.counters.late_answers;
    return;
  }
  open_task(index, std::move(resolved));
}

void Machine::step_phase(Trigger trigger) {
  const Transition answer = transition(s_.phase, trigger);
  PAWL_ASSERT(answer.kind != Transition::Kind::kNever, "the transition table has an answer for what happens");
  if (answer.kind == Transition::Kind::kStay) return;
  out_.phases.push_back({s_.phase, answer.next});
  s_.phase = answer.next;
}

}  // namespace pawl::core
