// How a step ends: its event, its record, its result for those that read it, and its group that goes on.
#include <algorithm>

#include "worker/core/limits.h"
#include "worker/core/machine.h"
#include "worker/core/scope.h"

namespace pawl::core {
namespace {

bool reads(const plan::Template& text, std::string_view id) {
  return std::any_of(text.references().begin(), text.references().end(), [id](const plan::Reference& r) {
    return r.kind == plan::Reference::Kind::kStep && r.name == id;
  });
}

bool reads(const plan::Steps& steps, std::string_view id);

struct Reads {
  std::string_view id;
  bool operator()(const plan::ToolSpec& spec) const { return reads(spec.call.with, id); }
  bool operator()(const plan::SequenceSpec& spec) const { return reads(spec.steps, id); }
  bool operator()(const plan::ParallelSpec& spec) const { return reads(spec.steps, id); }
  bool operator()(const plan::ForEachSpec& spec) const {
    return reads(spec.items, id) || reads(spec.step, id);
  }
  bool operator()(const plan::TaskSpec& spec) const { return reads(spec.with, id); }
  bool operator()(const plan::ChooseSpec& spec) const {
    return std::any_of(spec.branches.begin(), spec.branches.end(), [this](const plan::ChooseSpec::Branch& b) {
      return (b.when && reads(*b.when, id)) || reads(b.steps, id);
    });
  }
  bool operator()(const plan::WaitSpec& spec) const {
    return (spec.for_duration && reads(*spec.for_duration, id)) || (spec.until && reads(*spec.until, id));
  }
  bool operator()(const plan::ApprovalStepSpec& spec) const { return reads(spec.approval.message, id); }
};

bool reads(const plan::Step& step, std::string_view id) {
  return (step.when && reads(*step.when, id)) || std::visit(Reads{id}, step.body);
}

bool reads(const plan::Steps& steps, std::string_view id) {
  return std::any_of(steps.begin(), steps.end(), [id](const plan::Step& s) { return reads(s, id); });
}

}  // namespace

EventType end_event(StepStatus status) {
  switch (status) {
    case StepStatus::kCompleted: return EventType::kStepCommitted;
    case StepStatus::kSkipped: return EventType::kStepSkipped;
    case StepStatus::kCancelled: return EventType::kStepCancelled;
    default: return EventType::kStepFailed;
  }
}

void Machine::end_node(NodeIndex index, Ended ended) {
  release_slot(index);
  if (node(index).state == NodeState::kResolving) --s_.resolving;
  announce_end(index, ended);
  tell_parent(index, std::move(ended));
}

void Machine::announce_end(NodeIndex index, const Ended& ended) {
  const Node& n = node(index);
  if (n.role == Role::kCleanupList) return;
  if (ended.status == StepStatus::kCancelled && !n.announced) return;  // nothing of it was ever shown
  json::Object data;
  if (n.leaf && n.leaf->fallback > 0) data.set("fallback", n.leaf->fallback);
  if (ended.failure) {
    data.set("error", to_json(*ended.failure));
    if (n.step != nullptr && !n.step->critical) {
      data.set("critical", false);
      data.set("impact", impact_of(index));
    }
  }
  if (ended.status == StepStatus::kSkipped) data.set("reason", n.skip_reason);
  if (ended.status == StepStatus::kCompleted) register_compensation(index, ended.output, data);
  if (n.leaf && n.leaf->signal_seq != 0) data.set("signal_seq", n.leaf->signal_seq);
  StepRecord record = record_of(index, ended);
  const EventType type = end_event(ended.status);
  if (ended.status == StepStatus::kCompleted || ended.status == StepStatus::kFailed)
    s_.pending.step_committed = true;
  ++s_.counters.steps_ended;
  if (has_bug(Bug::kEndedTwice) && n.leaf && n.leaf->attempt > 1) emit(index, type, data, record);
  emit(index, type, std::move(data), std::move(record));
}

void Machine::tell_parent(NodeIndex index, Ended ended) {
  Node& n = node(index);
  const NodeIndex parent = n.parent;
  Node& up = node(parent);
  Group& group = *up.group;
  if (n.role == Role::kStep) {
    count_done(index);
    ++group.ended;
    if (ended.status == StepStatus::kCompleted) ++group.completed;
    if (ended.status == StepStatus::kFailed && n.step->critical) ++group.critical_failed;
    const bool is_by_time = has_bug(Bug::kResultsByTime) && group.kind == GroupKind::kForEach;
    group.results[is_by_time ? group.ended - 1 : n.slot] = std::move(ended);
  } else if (ended.status == StepStatus::kFailed) {
    group.frame->cleanup_failures.push_back(to_json(*ended.failure));
  }
  up.mark = std::max(up.mark, n.mark);
  free_node(index);
  mark_dirty(parent);
}

void Machine::end_failed(NodeIndex index, Failure failure) {
  const Node& n = node(index);
  if (failure.step.empty()) failure.step = n.path;
  end_node(index, {StepStatus::kFailed, {}, std::make_shared<const Failure>(std::move(failure))});
}

void Machine::end_skipped(NodeIndex index, std::string_view reason) {
  node(index).skip_reason = reason;
  end_node(index, {StepStatus::kSkipped, {}, nullptr});
}

void Machine::end_cancelled(NodeIndex index) { end_node(index, {StepStatus::kCancelled, {}, nullptr}); }

StepRecord Machine::record_of(NodeIndex index, const Ended& ended) {
  const Node& n = node(index);
  StepRecord record;
  record.path = n.path;
  record.kind = n.step == nullptr ? "tool" : plan::kind_name(*n.step);
  record.status = ended.status;
  record.position = n.position;
  record.output = ended.output;
  if (ended.failure) record.failure = *ended.failure;
  record.attempt = n.announced ? 1 : 0;
  record.max_attempts = 1;
  record.finished_at = in_.now;
  record.worker = s_.facts.worker;
  if (n.announced) record.started_at = wall(n.started);
  if (n.leaf) {
    const Leaf& leaf = *n.leaf;
    if (record.kind == "tool") {
      record.tool = leaf.tool;
      record.attempt = leaf.started_at ? leaf.attempt : 0;
      record.max_attempts = retry_of(index).max_attempts;
    }
    record.input = leaf.has_secrets ? mask_secrets(leaf.with, s_.facts.secret_salt) : leaf.with;
    if (leaf.started_at) record.started_at = leaf.started_at;
    if (leaf.finished_at) record.finished_at = leaf.finished_at;
    record.resources = leaf.resources;
  }
  return record;
}

// Told to the watcher: which later steps of the same list read from it.
json::Value Machine::impact_of(NodeIndex index) const {
  json::Array names;
  const Node& n = s_.nodes[index];
  const Node& up = s_.nodes[n.parent];
  if (up.group->kind == GroupKind::kList || up.group->kind == GroupKind::kTask) {
    const plan::Steps& steps = *up.group->steps;
    for (std::size_t i = n.slot + 1; i < steps.size() && names.size() < kMaxImpact; ++i)
      if (reads(steps[i], n.step->id)) names.emplace_back(steps[i].id);
  }
  return json::Value(std::move(names));
}

}  // namespace pawl::core
