// Steps that only wait: for a time, until a date, for a signal. They hold no slot.
#include <algorithm>

#include "common/base/time_format.h"
#include "worker/core/limits.h"
#include "worker/core/machine.h"

namespace pawl::core {
namespace {

std::optional<Millis> duration_of(const json::Value& value) {
  if (value.is_string()) return parse_duration(value.as_string());
  if (value.is_int() && value.as_int() >= 0 && value.as_int() < INT32_MAX)
    return std::chrono::seconds(value.as_int());
  return std::nullopt;
}

}  // namespace

void Machine::begin_wait(NodeIndex index, const plan::WaitSpec& spec) {
  if (!node(index).leaf) node(index).leaf = std::make_unique<Leaf>();
  if (!spec.signal.empty()) return wait_for_signal(index, spec);
  if (node(index).announced) return sleep_again(index);
  if (spec.for_duration) {
    const std::optional<json::Value> value = render(index, *spec.for_duration);
    if (!value) return;
    const std::optional<Millis> length = duration_of(*value);
    if (!length)
      return end_failed(index,
                        failure_of(Category::kConfiguration, "invalid_parameter", "`for` is no duration."));
    return sleep_until(index, own() + *length, std::nullopt,
                       json::Object{{"kind", "wait"}, {"for_ms", length->count()}});
  }
  const std::optional<json::Value> value = render(index, *spec.until);
  if (!value) return;
  const std::optional<WallTime> until = value->is_string() ? parse_rfc3339(value->as_string()) : std::nullopt;
  if (!until)
    return end_failed(
        index, failure_of(Category::kConfiguration, "invalid_parameter", "`until` is no RFC 3339 time."));
  sleep_until(index, own(*until), *until, json::Object{{"kind", "wait"}, {"until", format_rfc3339(*until)}});
}

/// Taken up again: the time is that of the ledger.
void Machine::sleep_again(NodeIndex index) {
  Node& n = node(index);
  n.state = NodeState::kSleeping;
  const json::Value* fails = n.start.find("fails");
  n.leaf->fail_at_due = fails != nullptr;
  if (const json::Value* calendar = n.start.find("calendar_us"); calendar != nullptr && calendar->is_int()) {
    n.leaf->calendar = WallTime(Micros(calendar->as_int()));
    n.leaf->due = own(*n.leaf->calendar);
  }
  arm(index, n.leaf->due);
}

void Machine::sleep_until(NodeIndex index, OwnTime due, std::optional<WallTime> calendar, json::Object data) {
  Node& n = node(index);
  Leaf& leaf = *n.leaf;
  n.state = NodeState::kSleeping;
  leaf.calendar = calendar;
  leaf.due = due;
  if (n.step != nullptr && n.step->timeout && n.started + *n.step->timeout < due) {
    leaf.due = n.started + *n.step->timeout;
    leaf.calendar.reset();
    leaf.fail_at_due = true;
  }
  data.set("due_us", leaf.due.count());
  if (leaf.calendar) data.set("calendar_us", leaf.calendar->time_since_epoch().count());
  if (leaf.fail_at_due) data.set("fails", true);
  data.set("wake_at", format_rfc3339(wall(leaf.due)));
  emit_start(index, std::move(data));
  if (!leaf.calendar && !leaf.fail_at_due) begin_delay(index, leaf.due - own());
  arm(index, leaf.due);
}

void Machine::wait_for_signal(NodeIndex index, const plan::WaitSpec& spec) {
  Node& n = node(index);
  Leaf& leaf = *n.leaf;
  n.state = NodeState::kSignal;
  const std::optional<Millis> limit = spec.timeout ? spec.timeout : n.step->timeout;
  if (limit && leaf.due == kNoTime) leaf.due = n.started + *limit;
  if (!n.announced) {
    json::Object data{{"kind", "wait"}, {"signal", spec.signal}};
    if (leaf.due != kNoTime) {
      data.set("due_us", leaf.due.count());
      data.set("wake_at", format_rfc3339(wall(leaf.due)));
    }
    emit_start(index, std::move(data));
  }
  if (take_signal(index)) return;
  s_.waiting.push_back(handle_of(index));
  arm(index, leaf.due);
}

bool Machine::take_signal(NodeIndex index) {
  const std::string& name = std::get<plan::WaitSpec>(node(index).step->body).signal;
  const auto found =
      std::find_if(s_.signals.begin(), s_.signals.end(), [&](const Signal& s) { return s.name == name; });
  if (found == s_.signals.end()) return false;
  node(index).leaf->signal_seq = found->seq;
  json::Value payload = std::move(found->payload);
  s_.signals.erase(found);
  end_node(index, {StepStatus::kCompleted, std::move(payload), nullptr});
  return true;
}

// The time has come: of a wait, a long sleep, or of a signal that did not.
void Machine::end_sleep(NodeIndex index) {
  Node& n = node(index);
  if (s_.phase != Phase::kPaused) step_phase(Trigger::kResult);
  if (n.state == NodeState::kSignal) {
    const auto& spec = std::get<plan::WaitSpec>(n.step->body);
    if (spec.continue_on_timeout) return end_node(index, {StepStatus::kCompleted, {}, nullptr});
    return end_failed(index, failure_of(Category::kTransient, "signal_timeout",
                                        "The signal `" + spec.signal + "` did not come in time."));
  }
  if (n.leaf->fail_at_due) return fail_with_timeout(index);
  json::Value output;
  if (n.leaf->slept > Millis{0}) output = json::Object{{"slept_ms", n.leaf->slept.count()}};
  end_node(index, {StepStatus::kCompleted, std::move(output), nullptr});
}

// A tool that sleeps is a tool: its timeout is a failed attempt like any other.
void Machine::fail_with_timeout(NodeIndex index) {
  Failure failure = failure_of(Category::kTransient, "timeout", "The step did not end within its timeout.");
  node(index).leaf->fail_at_due = false;
  if (std::holds_alternative<plan::ToolSpec>(node(index).step->body))
    return fail_attempt(index, std::move(failure));
  end_failed(index, std::move(failure));
}

// News from outside: whoever waits for it looks again, oldest first.
void Machine::wake_waiting() {
  std::vector<Handle> waiting = std::move(s_.waiting);
  s_.waiting.clear();
  for (const Handle handle : waiting) {
    if (!is_current(handle)) continue;
    const NodeState state = node(handle.node).state;
    const bool is_done = (state == NodeState::kSignal && take_signal(handle.node)) ||
                         (state == NodeState::kApproval && take_decision(handle.node));
    const bool waits = state == NodeState::kSignal || state == NodeState::kApproval;
    if (!is_done && waits) s_.waiting.push_back(handle);
  }
}

}  // namespace pawl::core
