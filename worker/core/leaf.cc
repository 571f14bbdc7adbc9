// The life of a tool step: it asks if it must, waits for a slot, has its start saved, makes its call, ends.
#include <algorithm>

#include "common/base/time_format.h"
#include "common/plan/policy.h"
#include "worker/core/limits.h"
#include "worker/core/machine.h"
#include "worker/core/scope.h"

namespace pawl::core {

const plan::ToolCall* Machine::call_of(NodeIndex index) const {
  const Node& n = s_.nodes[index];
  if (n.step == nullptr) return nullptr;  // a compensation: its call was rendered long ago
  if (n.leaf->fallback > 0) return &n.step->fallback[static_cast<std::size_t>(n.leaf->fallback) - 1];
  return &std::get<plan::ToolSpec>(n.step->body).call;
}

plan::Delivery Machine::delivery_of(NodeIndex index) const {
  const Node& n = s_.nodes[index];
  return n.step == nullptr ? plan::Delivery::kAtLeastOnce : n.step->delivery;
}

Millis Machine::timeout_of(NodeIndex index) const {
  const Node& n = s_.nodes[index];
  return n.step == nullptr ? s_.facts.plan->default_timeout
                           : plan::effective_timeout(plan_of(index), *n.step);
}

plan::RetryPolicy Machine::retry_of(NodeIndex index) const {
  const Node& n = s_.nodes[index];
  return n.step == nullptr ? s_.facts.plan->default_retry : plan::effective_retry(plan_of(index), *n.step);
}

void Machine::begin_tool(NodeIndex index) {
  Node& n = node(index);
  n.leaf = std::make_unique<Leaf>();
  n.leaf->tool = std::get<plan::ToolSpec>(n.step->body).call.tool;
  if (n.step->approval) return begin_approval(index, *n.step->approval);
  queue(index);
}

void Machine::queue(NodeIndex index) {
  node(index).state = NodeState::kQueued;
  disarm(index);
  ++s_.queued_live;
  s_.queued.push_back(handle_of(index));
}

void Machine::start_attempt(NodeIndex index) {
  Node& n = node(index);
  Leaf& leaf = *n.leaf;
  n.state = NodeState::kStarting;
  leaf.active_slot = static_cast<std::uint32_t>(s_.active.size());
  s_.active.push_back(index);
  if (const plan::ToolCall* call = call_of(index); call != nullptr) {
    leaf.tool = call->tool;
    std::optional<json::Value> with = render(index, call->with);
    if (!with) return;
    leaf.with = std::move(*with);
    const auto& names = call->with.references();
    leaf.has_secrets = std::any_of(names.begin(), names.end(), [](const plan::Reference& r) {
      return r.kind == plan::Reference::Kind::kSecret;
    });
  }
  if (s_.phase != Phase::kDispatching) step_phase(Trigger::kDispatch);
  if (!n.announced) n.started = own();
  if (leaf.first_started == kNoTime) leaf.first_started = own();
  if (!leaf.started_at) leaf.started_at = in_.now;
  leaf.due = kNoTime;
  leaf.deferred.reset();
  ++s_.counters.steps_started;
  if (start_sleep(index)) return;
  json::Object data{{"tool", leaf.tool}};
  if (leaf.fallback > 0) data.set("fallback", leaf.fallback);
  data.set("timeout_ms", timeout_of(index).count());
  emit_start(index, std::move(data));
  if (has_bug(Bug::kCallBeforeSave)) return make_call(index);
  s_.pending.starts.push_back(handle_of(index));
}

// A sleep that is longer than a park is worth needs no tool: it is a wait.
bool Machine::start_sleep(NodeIndex index) {
  Leaf& leaf = *node(index).leaf;
  if (leaf.tool != "sleep") return false;
  const json::Value* duration = leaf.with.find("duration");
  std::optional<Millis> length;
  if (duration != nullptr && duration->is_string()) length = parse_duration(duration->as_string());
  if (duration != nullptr && duration->is_int() && duration->as_int() >= 0 && duration->as_int() < INT32_MAX)
    length = std::chrono::seconds(duration->as_int());
  if (!length || *length <= kShortDelay) return false;
  release_slot(index);
  leaf.slept = *length;
  sleep_until(index, own() + *length, std::nullopt,
              json::Object{{"tool", leaf.tool}, {"slept_ms", length->count()}});
  return true;
}

// Its start is saved: now it may touch the world.
void Machine::make_call(NodeIndex index) {
  Node& n = node(index);
  if (n.cut != Cut::kNone) return end_cancelled(index);
  n.state = NodeState::kCalling;
  n.leaf->freeze = Freeze::kNone;
  ++s_.calls;
  const OwnTime now = own();
  const Millis timeout = timeout_of(index);
  Millis given = timeout;
  if (n.deadline != kNoTime && n.deadline - now < timeout)
    given = std::chrono::ceil<Millis>(std::max(n.deadline - now, OwnTime{0})) + kCutMargin;
  arm(index, now + timeout);
  StartTool start{stamp_of(index),    n.leaf->tool, n.leaf->with,       given,
                  delivery_of(index), {},           n.leaf->attempt > 1};
  if (n.step != nullptr) start.resources = n.step->resources;
  out_.acts.emplace_back(std::move(start));
}

void Machine::release_slot(NodeIndex index) {
  Node& n = node(index);
  if (n.state == NodeState::kQueued) --s_.queued_live;
  if (n.state == NodeState::kCalling) --s_.calls;
  if (n.state != NodeState::kStarting && n.state != NodeState::kCalling) return;
  const std::uint32_t slot = n.leaf->active_slot;
  s_.active[slot] = s_.active.back();
  node(s_.active[slot]).leaf->active_slot = slot;
  s_.active.pop_back();
  n.state = NodeState::kBackoff;
}

void Machine::end_call(NodeIndex index, ToolFinished&& finished) {
  Node& n = node(index);
  Leaf& leaf = *n.leaf;
  release_slot(index);
  disarm(index);
  if (s_.phase != Phase::kPaused) step_phase(Trigger::kResult);
  leaf.resources.cpu_ms += finished.resources.cpu_ms;
  leaf.resources.max_rss_bytes = std::max(leaf.resources.max_rss_bytes, finished.resources.max_rss_bytes);
  leaf.resources.bytes_in += finished.resources.bytes_in;
  leaf.resources.bytes_out += finished.resources.bytes_out;
  if (finished.finished != WallTime{}) leaf.finished_at = finished.finished;
  if (finished.output) return end_node(index, {StepStatus::kCompleted, std::move(*finished.output), nullptr});
  if (n.cut == Cut::kCancel) return end_cancelled(index);
  Failure failure = std::move(finished.output.error());
  if (n.cut == Cut::kTimeout) {
    failure = failure_of(Category::kTransient, "timeout", "No answer within the step's timeout.");
    n.cut = Cut::kNone;
  }
  fail_attempt(index, std::move(failure));
}

}  // namespace pawl::core
