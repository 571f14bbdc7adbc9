// A nested task: its plan is looked up, fixed by its hash in the ledger, and run inline as a frame of its
// own.
#include "common/plan/parse.h"
#include "worker/core/machine.h"

namespace pawl::core {

void Machine::begin_task(NodeIndex index, const plan::TaskSpec& spec) {
  Node& n = node(index);
  const NodeIndex above = frame_of(index);
  const int depth = node(above).group->frame->depth + 1;
  if (depth > s_.facts.limits.max_depth) {
    Failure failure =
        failure_of(Category::kConfiguration, "max_depth_exceeded", "Tasks are nested too deep.");
    failure.details = json::Object{{"max_depth", s_.facts.limits.max_depth}};
    return end_failed(index, std::move(failure));
  }
  std::optional<json::Value> with = render(index, spec.with);
  if (!with) return;
  n.leaf = std::make_unique<Leaf>();
  n.leaf->with = std::move(*with);
  n.state = NodeState::kResolving;
  ++s_.resolving;
  ResolveTask act{stamp_of(index), spec.task, {}};
  if (const json::Value* hash = n.start.find("plan_hash"); hash != nullptr && hash->is_string()) {
    if (const auto bytes = from_hex(hash->as_string()); bytes && bytes->size() == 32) {
      act.hash.emplace();
      std::copy(bytes->begin(), bytes->end(), act.hash->begin());
    }
  }
  out_.acts.emplace_back(std::move(act));
}

void Machine::open_task(NodeIndex index, TaskResolved&& resolved) {
  Node& n = node(index);
  if (!resolved.plan) {
    return n.cut == Cut::kNone ? end_failed(index, std::move(resolved.plan.error())) : end_cancelled(index);
  }
  const plan::PlanPtr plan = std::move(*resolved.plan);
  --s_.resolving;
  n.state = NodeState::kOpen;
  if (!unfold(index, count_steps(plan->steps))) return;
  auto group = std::make_unique<Group>();
  group->kind = GroupKind::kTask;
  group->steps = &plan->steps;
  group->count = static_cast<std::uint32_t>(plan->steps.size());
  group->frame = std::make_unique<Frame>();
  Frame& frame = *group->frame;
  frame.plan = plan;
  frame.task_id = std::get<plan::TaskSpec>(n.step->body).task;
  frame.input = n.leaf->with;
  frame.depth = node(frame_of(index)).group->frame->depth + 1;
  grow_progress(index, count_leaves(plan->steps) - n.share);
  json::Object data{{"kind", "task"}, {"task", frame.task_id}, {"plan_hash", to_hex(plan->hash)}};
  if (resolved.version > 0) data.set("task_version", resolved.version);
  const Cut cut_before = n.cut;
  n.cut = Cut::kNone;
  open_group(index, std::move(group), std::move(data));
  walk_past();
  // It was cut while it was looked up: what a former owner had begun inside is known now and ends with it.
  if (cut_before != Cut::kNone && n.group) cut(index, cut_before);
}

}  // namespace pawl::core
