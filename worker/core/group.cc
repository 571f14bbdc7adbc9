// Groups: lists run one child after the other, parallels and loops several at once; what their end is.
#include <algorithm>

#include "worker/core/machine.h"
#include "worker/core/scope.h"

namespace pawl::core {
namespace {

FailurePtr nothing_completed(std::string_view path) {
  Failure failure = failure_of(Category::kLogic, "no_child_completed", "No child of the group completed.");
  failure.step = path;
  return std::make_shared<const Failure>(std::move(failure));
}

json::Value deep_merge(const json::Value& into, const json::Value& from) {
  if (!into.is_object() || !from.is_object()) return from;
  json::Object merged = into.as_object();
  for (const auto& [key, value] : from.as_object()) {
    const json::Value* old = merged.find(key);
    merged.set(key, old == nullptr ? value : deep_merge(*old, value));
  }
  return json::Value(std::move(merged));
}

json::Value collect(const Group& group) {
  if (group.kind == GroupKind::kForEach) {
    json::Array list;
    list.reserve(group.results.size());
    for (const Ended& ended : group.results) list.push_back(ended.output);
    return json::Value(std::move(list));
  }
  json::Object object;
  for (std::size_t i = 0; i < group.results.size(); ++i)
    object.set((*group.steps)[i].id, group.results[i].output);
  return json::Value(std::move(object));
}

json::Value merge(const Group& group) {
  switch (group.merge) {
    case plan::Merge::kCollect: return collect(group);
    case plan::Merge::kFirstSuccess:
      for (const Ended& ended : group.results)
        if (ended.status == StepStatus::kCompleted) return ended.output;
      return {};
    case plan::Merge::kDeepMerge: {
      json::Value merged = json::Object{};
      for (const Ended& ended : group.results)
        if (ended.status == StepStatus::kCompleted) merged = deep_merge(merged, ended.output);
      return merged;
    }
  }
  return {};
}

}  // namespace

void Machine::open_group(NodeIndex index, std::unique_ptr<Group> group, json::Object data) {
  Node& n = node(index);
  n.state = NodeState::kOpen;
  n.group = std::move(group);
  n.group->results.resize(n.group->count);
  if (n.step != nullptr && n.step->timeout) {
    n.limit = n.started + *n.step->timeout;
    n.deadline = std::min(n.deadline, n.limit);
    arm(index, n.limit);
  }
  if (!n.announced && n.role == Role::kStep) emit_start(index, std::move(data));
  mark_dirty(index);
}

void Machine::begin_sequence(NodeIndex index, const plan::Steps& steps) {
  auto group = std::make_unique<Group>();
  group->steps = &steps;
  group->count = static_cast<std::uint32_t>(steps.size());
  open_group(index, std::move(group), json::Object{{"kind", "sequence"}});
}

void Machine::begin_parallel(NodeIndex index, const plan::ParallelSpec& spec) {
  auto group = std::make_unique<Group>();
  group->kind = GroupKind::kParallel;
  group->steps = &spec.steps;
  group->count = static_cast<std::uint32_t>(spec.steps.size());
  group->strategy = spec.strategy;
  group->merge = spec.merge;
  if (spec.max_parallel) group->max_parallel = static_cast<std::uint32_t>(*spec.max_parallel);
  open_group(index, std::move(group), json::Object{{"kind", "parallel"}});
}

void Machine::advance(NodeIndex index) {
  Group& group = *node(index).group;
  if (group.frame) return advance_frame(index);
  if (group.kind == GroupKind::kList) return advance_list(index);
  advance_parallel(index);
}

/// The first child that did not simply end decides: a critical failure or a cut ends the list.
bool Machine::is_list_over(NodeIndex index) {
  Group& group = *node(index).group;
  if (group.live > 0) return false;
  if (group.is_over) return true;
  if (group.next == 0) return group.count == 0;
  const Ended& last = group.results[group.next - 1];
  const bool is_broken = last.status == StepStatus::kCancelled ||
                         (last.status == StepStatus::kFailed && (*group.steps)[group.next - 1].critical &&
                          !has_bug(Bug::kCriticalIgnored));
  if (is_broken) group.is_over = true;
  return is_broken || group.next >= group.count;
}

void Machine::advance_list(NodeIndex index) {
  if (is_list_over(index)) return close(index);
  list(index);
}

void Machine::advance_parallel(NodeIndex index) {
  Group& group = *node(index).group;
  const bool is_done = group.next >= group.count && group.live == 0;
  const bool fails_fast = group.strategy == plan::Strategy::kFailFast && group.critical_failed > 0;
  const bool is_won = group.strategy == plan::Strategy::kRace && group.completed > 0;
  if (!group.is_over && (fails_fast || is_won)) {
    group.is_over = true;
    cut_children(index);
  }
  if (is_done || (group.is_over && group.live == 0)) return close(index);
  list(index);
}

void Machine::close(NodeIndex index) {
  if (node(index).role == Role::kCleanupList) return end_node(index, outcome_of(index));
  if (s_.phase != Phase::kPaused && s_.phase != Phase::kPlanning) step_phase(Trigger::kResult);
  end_node(index, outcome_of(index));
}

FailurePtr Machine::first_failure(const Group& group) const {
  FailurePtr any;
  for (std::size_t i = 0; i < group.results.size(); ++i) {
    const Ended& ended = group.results[i];
    if (ended.status != StepStatus::kFailed) continue;
    const plan::Step& step = group.kind == GroupKind::kForEach ? group.each->step.front() : (*group.steps)[i];
    if (step.critical) return ended.failure;
    if (!any) any = ended.failure;
  }
  return any;
}

FailurePtr Machine::timeout_failure(NodeIndex index) const {
  Failure failure = failure_of(Category::kTransient, "timeout", "The step did not end within its timeout.");
  failure.step = s_.nodes[index].path;
  return std::make_shared<const Failure>(std::move(failure));
}

Ended Machine::outcome_of(NodeIndex index) {
  const Node& n = node(index);
  const Group& group = *n.group;
  if (n.cut == Cut::kCancel) return {StepStatus::kCancelled, {}, nullptr};
  if (n.cut == Cut::kTimeout) return {StepStatus::kFailed, {}, timeout_failure(index)};
  if (group.kind == GroupKind::kList || group.kind == GroupKind::kTask) {
    if (group.next == 0) return {StepStatus::kCompleted, {}, nullptr};
    const Ended& last = group.results[group.next - 1];
    // A child that a former owner cut: what cut it shows on the clock.
    if (last.status == StepStatus::kCancelled && own() >= n.limit)
      return {StepStatus::kFailed, {}, timeout_failure(index)};
    if (last.status == StepStatus::kCancelled) return {StepStatus::kCancelled, {}, nullptr};
    if (last.status == StepStatus::kFailed && (*group.steps)[group.next - 1].critical)
      return {StepStatus::kFailed, {}, last.failure};
    return {StepStatus::kCompleted, last.output, nullptr};
  }
  const bool needs_one =
      group.strategy == plan::Strategy::kBestEffort || group.strategy == plan::Strategy::kRace;
  if (needs_one && group.completed == 0) {
    const FailurePtr failure = first_failure(group);
    return {StepStatus::kFailed, {}, failure ? failure : nothing_completed(n.path)};
  }
  if (!needs_one && group.critical_failed > 0) return {StepStatus::kFailed, {}, first_failure(group)};
  return {StepStatus::kCompleted, merge(group), nullptr};
}

}  // namespace pawl::core
