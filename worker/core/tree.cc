// Nodes come, are cut and go.
#include <algorithm>

#include "common/base/assert.h"
#include "worker/core/limits.h"
#include "worker/core/machine.h"

namespace pawl::core {

bool Machine::is_current(Handle handle) const {
  const Node& n = s_.nodes[handle.node];
  return n.state != NodeState::kFree && n.generation == handle.generation;
}

NodeIndex Machine::new_node(NodeIndex parent, std::uint32_t slot, const plan::Step* step, std::string path) {
  NodeIndex index;
  if (s_.free_nodes.empty()) {
    index = static_cast<NodeIndex>(s_.nodes.size());
    s_.nodes.emplace_back();
  } else {
    index = s_.free_nodes.back();
    s_.free_nodes.pop_back();
  }
  Node& n = node(index);
  n.state = NodeState::kOpen;
  n.parent = parent;
  n.slot = slot;
  n.step = step;
  n.path = std::move(path);
  n.started = own();
  if (parent == kNoNode) return index;
  Node& up = node(parent);
  n.mark = up.mark;
  n.deadline = up.deadline;
  n.next_sibling = up.group->first_child;
  if (n.next_sibling != kNoNode) node(n.next_sibling).previous_sibling = index;
  up.group->first_child = index;
  ++up.group->live;
  return index;
}

void Machine::free_node(NodeIndex index) {
  Node& n = node(index);
  if (n.parent != kNoNode) {
    Group& up = *node(n.parent).group;
    if (n.previous_sibling != kNoNode)
      node(n.previous_sibling).next_sibling = n.next_sibling;
    else
      up.first_child = n.next_sibling;
    if (n.next_sibling != kNoNode) node(n.next_sibling).previous_sibling = n.previous_sibling;
    --up.live;
  }
  const std::uint32_t generation = n.generation + 1;
  n = Node{};
  n.generation = generation;
  s_.free_nodes.push_back(index);
}

void Machine::mark_dirty(NodeIndex index) {
  Group& group = *node(index).group;
  if (group.is_dirty) return;
  group.is_dirty = true;
  s_.dirty.push_back(handle_of(index));
}

// A call ends by itself, with its answer; a start that is being saved ends when that is known; all else ends
// here.
void Machine::cut(NodeIndex index, Cut reason) {
  Node& n = node(index);
  if (n.state == NodeState::kOpen) {
    const Frame* frame = n.group->frame.get();
    const bool cleans_up = frame != nullptr && frame->stage != Stage::kMain;
    if (n.cut != Cut::kNone || (cleans_up && reason == Cut::kTimeout)) return;
    n.cut = reason;
    n.group->is_over = true;
    // What is being undone is undone to its end.
    if (!cleans_up || frame->stage != Stage::kCompensating) cut_children(index);
    mark_dirty(index);
    return;
  }
  const Cut before = n.cut;
  n.cut = reason;
  switch (n.state) {
    case NodeState::kCalling:
      if (before == Cut::kNone) out_.acts.emplace_back(CancelCall{stamp_of(index)});
      return;
    case NodeState::kStarting:
      if (s_.cancelling && !s_.in_flight) end_cancelled(index);
      return;
    case NodeState::kResolving:
      if (!has_past_children(index)) end_cancelled(index);
      return;
    default: return end_cancelled(index);
  }
}

void Machine::cut_children(NodeIndex index) {
  for (NodeIndex child = node(index).group->first_child; child != kNoNode;) {
    const NodeIndex next = node(child).next_sibling;
    cut(child, Cut::kCancel);
    child = next;
  }
}

NodeIndex Machine::frame_of(NodeIndex index) const {
  do index = s_.nodes[index].parent;
  while (index != kNoNode && !s_.nodes[index].group->frame);
  return index;
}

const plan::Plan& Machine::plan_of(NodeIndex index) const {
  const NodeIndex frame = frame_of(index);
  return *s_.nodes[frame == kNoNode ? kRoot : frame].group->frame->plan;
}

Stamp Machine::stamp_of(NodeIndex index) const {
  const Node& n = s_.nodes[index];
  const int attempt = n.leaf ? n.leaf->attempt : 1;
  const int fallback = n.leaf ? n.leaf->fallback : 0;
  return {n.path, attempt, s_.facts.epoch, fallback, std::uint64_t{n.generation} << 32 | index};
}

NodeIndex Machine::find(const Stamp& stamp) {
  const auto index = static_cast<NodeIndex>(stamp.call);
  if (has_bug(Bug::kNoStampCheck) && index < s_.nodes.size() && node(index).state != NodeState::kFree)
    return index;
  if (stamp.epoch != s_.facts.epoch || index >= s_.nodes.size()) return kNoNode;
  const Node& n = node(index);
  if (n.state == NodeState::kFree || n.generation != stamp.call >> 32) return kNoNode;
  if (n.leaf && (n.leaf->attempt != stamp.attempt || n.leaf->fallback != stamp.fallback)) return kNoNode;
  return index;
}

}  // namespace pawl::core
