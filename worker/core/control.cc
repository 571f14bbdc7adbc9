// Cancel, pause and resume: what people ask for, and what the execution does when nothing runs.
#include <algorithm>

#include "common/base/time_format.h"
#include "worker/core/limits.h"
#include "worker/core/machine.h"

namespace pawl::core {

void Machine::take_inbox(std::uint64_t inbox, Control control, std::vector<pawl::Event>& events) {
  const bool was_cancelled = s_.control.cancel_requested;
  if (inbox >= s_.inbox_seen)
    s_.control = std::move(control);  // else an older reading was overtaken by a newer one
  s_.inbox_seen = std::max(s_.inbox_seen, inbox);
  s_.control.cancel_requested = s_.control.cancel_requested || was_cancelled;
  for (pawl::Event& event : events) {
    if (event.seq != 0 && event.seq <= s_.last_seq) continue;
    s_.last_seq = std::max(s_.last_seq, event.seq);
    take_news(event);
  }
}

/// A signal, a decision, a resume or a cancel from the ledger.
void Machine::take_news(const pawl::Event& event) {
  const auto text = [&event](std::string_view key) {
    const json::Value* value = event.data.find(key);
    return value != nullptr && value->is_string() ? value->as_string() : std::string();
  };
  if (event.type == EventType::kSignalReceived) {
    const std::string name = text("name");
    const auto same =
        std::count_if(s_.signals.begin(), s_.signals.end(), [&](const Signal& s) { return s.name == name; });
    const json::Value* payload = event.data.find("payload");
    if (same < static_cast<std::ptrdiff_t>(kMaxSignalsPerName))
      s_.signals.push_back({event.seq, name, payload == nullptr ? json::Value() : *payload});
  } else if (event.type == EventType::kApprovalDecided) {
    const json::Value* form = event.data.find("form");
    s_.decisions[event.step].push_back({text("decision") == "approve",
                                        form == nullptr ? json::Value() : *form, text("by"),
                                        text("comment")});
  } else if (event.type == EventType::kExecutionResumed) {
    s_.resumed_at = event.at;
    start_clock(event.at);
  } else if (event.type == EventType::kExecutionCancelRequested) {
    // A cancel ends a pause, at a time that every later owner reads alike: its compensations have clocks of
    // their own.
    start_clock(event.at);
  }
}

void Machine::react() {
  if (s_.in_flight || s_.reading_inbox || s_.beyond_help) return;
  if (has_bug(Bug::kCancelLostAtFinish) && s_.pending.final) return;
  if (s_.control.cancel_requested && !s_.cancelling) return begin_cancel();
  if (s_.cancelling) return;
  if (s_.control.pause_requested) return freeze_calls();
  resume();
}

// What is not saved yet and would start something is taken back; what runs is stopped; then comes the
// clean-up.
void Machine::begin_cancel() {
  s_.cancelling = true;
  start_clock(in_.now);
  if (s_.phase == Phase::kPaused) step_phase(Trigger::kResume);
  strip_onward();
  Node& root = node(kRoot);
  Frame& frame = *root.group->frame;
  if (frame.stage == Stage::kMain) {
    cut(kRoot, Cut::kCancel);
    return;
  }
  frame.ending = ExecutionStatus::kCancelled;
  if (frame.stage == Stage::kOver) {
    frame.stage = Stage::kCompensating;
    frame.is_closed = false;
  }
  if (frame.stage == Stage::kOnFailure) cut_children(kRoot);
  mark_dirty(kRoot);
}

void Machine::strip_onward() {
  Pending& pending = s_.pending;
  pending.final.reset();
  pending.park.reset();
  pending.starts.clear();
  std::erase_if(pending.onward, [](const NewEvent& event) {
    return event.type == EventType::kStepStarted || event.type == EventType::kApprovalRequested ||
           event.type == EventType::kExecutionWaiting || is_terminal(event.type);
  });
  for (Node& n : s_.nodes)
    if (n.state != NodeState::kFree && n.announced && n.first_mark > s_.saved_batch) n.announced = false;
  // What did end, ended: those are facts now.
  std::move(pending.onward.begin(), pending.onward.end(), std::back_inserter(pending.settled));
  std::move(pending.onward_steps.begin(), pending.onward_steps.end(), std::back_inserter(pending.steps));
  pending.onward.clear();
  pending.onward_steps.clear();
  s_.saved_batch = s_.batch++;
  // What undoes starts all the same, once more.
  const std::vector<NodeIndex> active = s_.active;
  for (const NodeIndex index : active) {
    if (node(index).state != NodeState::kStarting || node(index).role != Role::kCompensation) continue;
    release_slot(index);
    queue(index);
  }
}

void Machine::freeze_calls() {
  for (const NodeIndex index : s_.active) {
    Node& n = node(index);
    if (n.state != NodeState::kCalling || n.leaf->freeze != Freeze::kNone || n.cut != Cut::kNone) continue;
    n.leaf->freeze = Freeze::kAsked;
    out_.acts.emplace_back(FreezeCall{stamp_of(index)});
  }
  const bool is_due =
      s_.paused && s_.control.pause_timeout && in_.now >= s_.paused_at + *s_.control.pause_timeout;
  if (!is_due || s_.pause_timeout_asked) return;
  s_.pause_timeout_asked = true;
  const bool cancels = s_.control.cancel_on_pause_timeout;
  out_.acts.emplace_back(RequestControl{
      cancels ? RequestControl::Kind::kCancel : RequestControl::Kind::kResume, "pause_timeout"});
}

void Machine::resume() {
  s_.pause_timeout_asked = false;
  start_clock(std::max(s_.resumed_at, s_.paused_at) == s_.resumed_at ? s_.resumed_at : in_.now);
  if (s_.phase == Phase::kPaused) step_phase(Trigger::kResume);
  for (const NodeIndex index : s_.active) {
    Node& n = node(index);
    if (n.state != NodeState::kCalling || n.leaf->freeze == Freeze::kNone) continue;
    if (n.leaf->freeze != Freeze::kCant) out_.acts.emplace_back(ThawCall{stamp_of(index)});
    n.leaf->freeze = Freeze::kNone;
  }
}

int Machine::frozen_calls() const {
  return static_cast<int>(std::count_if(s_.active.begin(), s_.active.end(), [this](NodeIndex index) {
    return s_.nodes[index].state == NodeState::kCalling && s_.nodes[index].leaf->freeze == Freeze::kFrozen;
  }));
}

// Nothing moves any more: is it time to be paused, or to be parked?
void Machine::decide() {
  if (s_.in_flight || s_.reading_inbox || s_.beyond_help || s_.pending.final || s_.resolving > 0) return;
  if (is_pausing()) {
    if (frozen_calls() != s_.calls || s_.pause_timeout_asked) return;
    if (!s_.paused || s_.calls == 0) save_pause();
    return;
  }
  if (s_.paused || !s_.active.empty() || s_.queued_live > 0 || s_.calls > 0) return;
  const OwnTime due = next_due();
  if (due == kNoTime || due - own() > kShortDelay) save_wait(due);
}

void Machine::save_pause() {
  Park park;
  park.status = ExecutionStatus::kPaused;
  park.keep = s_.calls > 0;
  std::vector<NewEvent> events;
  if (!s_.paused) {
    for (const NodeIndex index : s_.active) {
      const Node& n = node(index);
      if (n.state == NodeState::kCalling)
        events.push_back({EventType::kStepFrozen, n.path, n.leaf->attempt, {}});
    }
    json::Object data;
    if (!s_.control.reason.empty()) data.set("reason", s_.control.reason);
    events.push_back({EventType::kExecutionPaused, {}, 0, std::move(data)});
  }
  if (s_.control.pause_timeout)
    park.wake_at = (s_.paused ? s_.paused_at : in_.now) + *s_.control.pause_timeout;
  s_.pause_events = std::move(events);
  s_.pending.park = std::move(park);
}

void Machine::save_wait(OwnTime due) {
  Park park;
  if (due != kNoTime) park.wake_at = wall(due);
  park.waiting_for = waiting_for();
  park.calendar = std::any_of(s_.nodes.begin(), s_.nodes.end(), [](const Node& n) {
    return n.state == NodeState::kSleeping && n.leaf->calendar;
  });
  json::Object data{{"for", park.waiting_for}};
  if (park.wake_at) data.set("wake_at", format_rfc3339(*park.wake_at));
  s_.pending.onward.push_back({EventType::kExecutionWaiting, {}, 0, std::move(data)});
  s_.pending.park = std::move(park);
}

json::Value Machine::waiting_for() const {
  json::Array list;
  for (const Node& n : s_.nodes) {
    if (list.size() >= kMaxWaitingFor) break;
    std::string_view what;
    switch (n.state) {
      case NodeState::kBackoff: what = n.leaf->deferred ? to_string(*n.leaf->deferred) : "retry"; break;
      case NodeState::kSleeping: what = "timer"; break;
      case NodeState::kSignal: what = "signal"; break;
      case NodeState::kApproval: what = "approval"; break;
      default: continue;
    }
    json::Object entry{{"step", n.path}, {"for", what}};
    if (n.state == NodeState::kSignal) entry.set("signal", std::get<plan::WaitSpec>(n.step->body).signal);
    if (n.leaf->due != kNoTime) entry.set("until", format_rfc3339(wall(n.leaf->due)));
    list.emplace_back(std::move(entry));
  }
  return json::Value(std::move(list));
}

}  // namespace pawl::core
