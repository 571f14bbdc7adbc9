// The execution's own clock, and the heap behind its one timer. Entries are left to go stale and swept now
// and then.
#include <algorithm>

#include "worker/core/limits.h"
#include "worker/core/machine.h"

namespace pawl::core {
namespace {

constexpr auto kLater = [](const Timer& a, const Timer& b) { return a.due > b.due; };

}  // namespace

OwnTime Machine::own(WallTime at) const { return at - s_.origin - s_.paused_total; }

OwnTime Machine::own() const { return own(s_.paused ? s_.paused_at : in_.now); }

WallTime Machine::wall(OwnTime at) const { return s_.origin + s_.paused_total + at; }

void Machine::arm(NodeIndex index, OwnTime due) {
  Node& n = node(index);
  ++n.timer;
  if (due == kNoTime) return;
  s_.timers.push_back({due, index, n.generation, n.timer});
  std::push_heap(s_.timers.begin(), s_.timers.end(), kLater);
  if (s_.timers.size() > 2 * s_.nodes.size() + kStaleTimers) {
    std::erase_if(s_.timers, [this](const Timer& t) { return !is_live(t); });
    std::make_heap(s_.timers.begin(), s_.timers.end(), kLater);
  }
}

void Machine::disarm(NodeIndex index) { ++node(index).timer; }

bool Machine::is_live(const Timer& timer) const {
  const Node& n = s_.nodes[timer.node];
  return n.state != NodeState::kFree && n.generation == timer.generation && n.timer == timer.number;
}

OwnTime Machine::next_due() {
  while (!s_.timers.empty() && !is_live(s_.timers.front())) {
    std::pop_heap(s_.timers.begin(), s_.timers.end(), kLater);
    s_.timers.pop_back();
  }
  return s_.timers.empty() ? kNoTime : s_.timers.front().due;
}

/// A delay is counted from the moment the ledger says it began: it is never early for who reads the ledger.
void Machine::begin_delay(NodeIndex index, Micros length) {
  const Node& n = node(index);
  n.leaf->length = length;
  n.leaf->is_delay_unsaved = true;
  Pending& pending = s_.pending;
  (n.mark > s_.saved_batch ? pending.onward_delays : pending.delays).push_back(handle_of(index));
}

void Machine::delays_saved(const std::vector<Handle>& delays, WallTime at) {
  for (const Handle handle : delays) {
    if (!is_current(handle) || !node(handle.node).leaf->is_delay_unsaved) continue;
    const Node& n = node(handle.node);
    n.leaf->is_delay_unsaved = false;
    n.leaf->due = std::max(n.leaf->due, own(at) + n.leaf->length);
    arm(handle.node, n.leaf->due);
  }
}

/// While a pause is being saved it may already stand in the ledger: nothing rings before that is known.
bool Machine::may_be_paused() const {
  return s_.in_flight && s_.in_flight->park && s_.in_flight->park->status == ExecutionStatus::kPaused;
}

void Machine::ring_due() {
  if (s_.paused || may_be_paused()) return;
  const OwnTime now = own();
  while (next_due() <= now) {
    const NodeIndex index = s_.timers.front().node;
    disarm(index);
    ring(index);
  }
}

void Machine::ring(NodeIndex index) {
  Node& n = node(index);
  if (n.leaf && n.leaf->is_delay_unsaved) {  // it has not begun yet, so it can't end before this
    // A delay of nothing would be due again at once, and ring_due would never end.
    n.leaf->due = own() + std::max(n.leaf->length, Micros{kUnsavedDelayStep});
    return arm(index, n.leaf->due);
  }
  switch (n.state) {
    case NodeState::kBackoff: return end_backoff(index);
    case NodeState::kSleeping: return end_sleep(index);
    case NodeState::kSignal: return end_sleep(index);
    case NodeState::kApproval: return expire_approval(index);
    case NodeState::kCalling:
      if (n.cut == Cut::kNone) {
        n.cut = Cut::kTimeout;
        out_.acts.emplace_back(CancelCall{stamp_of(index)});
      }
      return;
    case NodeState::kOpen: return cut(index, Cut::kTimeout);
    case NodeState::kFree:
    case NodeState::kQueued:
    case NodeState::kStarting:
    case NodeState::kResolving: return;
  }
}

// An early ring does no harm, so a timer is only moved when it would ring too late.
void Machine::set_timer() {
  std::optional<WallTime> at;
  if (s_.paused) {
    if (s_.control.pause_timeout && !s_.pause_timeout_asked) at = s_.paused_at + *s_.control.pause_timeout;
  } else if (const OwnTime due = next_due(); due != kNoTime && !may_be_paused()) {
    at = wall(due);
  }
  if (!at) {
    if (s_.armed) out_.acts.emplace_back(DisarmTimer{});
    s_.armed.reset();
    return;
  }
  if (s_.armed && *s_.armed <= *at && *s_.armed > in_.now) return;
  s_.armed = at;
  out_.acts.emplace_back(ArmTimer{*at});
}

void Machine::stand_clock(WallTime at) {
  s_.paused = true;
  s_.paused_at = at;
}

// Calendar waits are not shifted: their place on the own clock moves instead.
void Machine::start_clock(WallTime at) {
  if (!s_.paused) return;
  s_.paused = false;
  if (!has_bug(Bug::kPauseDoesNotStopTheClock)) s_.paused_total += std::max(at - s_.paused_at, Micros{0});
  for (NodeIndex index = 0; index < s_.nodes.size(); ++index) {
    Node& n = node(index);
    if (n.state != NodeState::kSleeping || !n.leaf->calendar) continue;
    n.leaf->due = own(*n.leaf->calendar);
    arm(index, n.leaf->due);
  }
}

}  // namespace pawl::core
