// What may begin, and in which order: tool steps that wait for a slot first, then the next child of the
// innermost list, then the next item of a loop while there are slots. Nothing recurses: a group that has news
// is put on a list.
#include <algorithm>

#include "worker/core/machine.h"
#include "worker/core/scope.h"

namespace pawl::core {
namespace {

constexpr std::int64_t kNoSpan = 0;

std::string child_path(const Node& up, std::uint32_t slot, const plan::Step& step) {
  std::string path;
  path.reserve(up.path.size() + step.id.size() + 12);
  path = up.path;
  if (up.group->kind == GroupKind::kForEach) path.append("[").append(std::to_string(slot)).append("]");
  if (!path.empty()) path += '.';
  return path += step.id;
}

/// A child's part of its parent's range, so that `position` sorts in plan order without knowing what unfolds
/// before it.
void place(Node& child, const Node& up, std::uint32_t slot, std::uint32_t count) {
  const std::int64_t part = count == 0 ? kNoSpan : (up.span - 1) / static_cast<std::int64_t>(count + 1);
  child.position = up.position + 1 + part * static_cast<std::int64_t>(slot);
  child.span = part;
}

}  // namespace

bool Machine::is_pausing() const { return s_.control.pause_requested && !s_.cancelling; }

bool Machine::is_gate_open() const {
  return !is_pausing() && !s_.paused && !s_.reading_inbox && !s_.is_restoring && !s_.beyond_help;
}

void Machine::run() {
  do {
    while (!s_.dirty.empty()) {
      const Handle handle = s_.dirty.front();
      s_.dirty.pop_front();
      if (!is_current(handle)) continue;
      node(handle.node).group->is_dirty = false;
      advance(handle.node);
    }
  } while (begin_something());
  if (s_.phase == Phase::kMerging || s_.phase == Phase::kDispatching) step_phase(Trigger::kDispatched);
}

bool Machine::begin_something() {
  const bool gate_open = is_gate_open();
  if (gate_open && begin_queued()) return true;
  if (begin_listed(s_.unfolding, gate_open)) return true;
  const bool has_room = static_cast<int>(s_.active.size()) + s_.queued_live < s_.parallel;
  return begin_listed(s_.unfolding_items, gate_open && has_room);
}

bool Machine::begin_queued() {
  while (!s_.queued.empty() && static_cast<int>(s_.active.size()) < s_.parallel) {
    const Handle handle = s_.queued.front();
    s_.queued.pop_front();
    if (!is_current(handle) || node(handle.node).state != NodeState::kQueued) continue;
    --s_.queued_live;
    start_attempt(handle.node);
    return true;
  }
  return false;
}

// While the gate is closed only what the ledger knows of begins: it has begun already, in another life.
bool Machine::begin_listed(std::vector<Handle>& listed, bool gate_open) {
  for (std::size_t i = listed.size(); i-- > 0;) {
    const Handle handle = listed[i];
    const bool is_gone =
        !is_current(handle) || !node(handle.node).group || !node(handle.node).group->is_listed;
    if (is_gone || !wants_child(handle.node)) {
      if (!is_gone) node(handle.node).group->is_listed = false;
      listed.erase(listed.begin() + static_cast<std::ptrdiff_t>(i));
      continue;
    }
    if (!gate_open && !has_past_children(handle.node)) {
      if (s_.past_children.empty()) return false;
      continue;
    }
    begin_child(handle.node);
    return true;
  }
  return false;
}

void Machine::list(NodeIndex index) {
  Group& group = *node(index).group;
  if (group.is_listed || !wants_child(index)) return;
  group.is_listed = true;
  (group.kind == GroupKind::kForEach ? s_.unfolding_items : s_.unfolding).push_back(handle_of(index));
}

bool Machine::wants_child(NodeIndex index) const {
  const Group& group = *s_.nodes[index].group;
  if (group.frame && group.frame->stage != Stage::kMain)
    return group.live == 0 && group.frame->stage != Stage::kOver;
  if (group.is_over || group.next >= group.count) return false;
  const bool is_list = group.kind == GroupKind::kList || group.kind == GroupKind::kTask;
  return group.live < (is_list ? (has_bug(Bug::kNextBeforeEnd) ? 2 : 1) : group.max_parallel);
}

void Machine::begin_child(NodeIndex parent) {
  Node& up = node(parent);
  Group& group = *up.group;
  if (group.frame && group.frame->stage != Stage::kMain) return begin_cleanup(parent);
  const std::uint32_t slot = group.next++;
  const plan::Step& step =
      group.kind == GroupKind::kForEach ? group.each->step.front() : (*group.steps)[slot];
  const NodeIndex index = new_node(parent, slot, &step, child_path(up, slot, step));
  Node& n = node(index);
  place(n, up, slot, group.count);
  n.share = count_leaves(step);
  if (!s_.past.empty()) {
    if (Past* past = past_of(n.path); past != nullptr) {
      Past taken = std::move(*past);
      forget(n.path);
      if (begin_again(index, taken)) return;
    }
  }
  if (!is_skipped(index)) begin_step(index);
}

// `when` decides; one that can't be told is a failure of the step.
bool Machine::is_skipped(NodeIndex index) {
  const Node& n = node(index);
  if (!n.step->when) return false;
  const std::optional<json::Value> wanted = render(index, *n.step->when);
  if (!wanted) return true;
  if (!wanted->is_bool()) {
    end_failed(index, failure_of(Category::kConfiguration, "not_boolean",
                                 "`when` gave " + std::string(wanted->type_name()) + ", not true or false."));
    return true;
  }
  if (wanted->as_bool()) return false;
  end_skipped(index, "when");
  return true;
}

void Machine::begin_step(NodeIndex index) {
  if (s_.phase != Phase::kDispatching && !s_.is_restoring && !s_.paused) step_phase(Trigger::kDispatch);
  const plan::Step& step = *node(index).step;
  struct Kinds {
    Machine& m;
    NodeIndex i;
    void operator()(const plan::ToolSpec&) const { m.begin_tool(i); }
    void operator()(const plan::SequenceSpec& s) const { m.begin_sequence(i, s.steps); }
    void operator()(const plan::ParallelSpec& s) const { m.begin_parallel(i, s); }
    void operator()(const plan::ForEachSpec& s) const { m.begin_for_each(i, s); }
    void operator()(const plan::TaskSpec& s) const { m.begin_task(i, s); }
    void operator()(const plan::ChooseSpec& s) const { m.begin_choose(i, s); }
    void operator()(const plan::WaitSpec& s) const { m.begin_wait(i, s); }
    void operator()(const plan::ApprovalStepSpec& s) const { m.begin_approval(i, s.approval); }
  };
  std::visit(Kinds{*this, index}, step.body);
}

// The rendered value; or nothing, and the step has ended: failed, or skipped when it is optional and what it
// reads is not there.
std::optional<json::Value> Machine::render(NodeIndex index, const plan::Template& text) {
  if (text.is_constant()) return text.source();
  auto value = text.render(NodeScope(s_, index, in_.now));
  if (value) return std::move(*value);
  const Node& n = node(index);
  if (n.step != nullptr && n.step->optional && value.error().code == "missing_binding") {
    end_skipped(index, "missing_binding");
    return std::nullopt;
  }
  end_failed(index, std::move(value.error()));
  return std::nullopt;
}

}  // namespace pawl::core
