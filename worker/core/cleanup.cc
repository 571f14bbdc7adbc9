// How a task ends, the root and nested ones alike: its list, then on failure what was done is undone in
// reverse order, then `on_failure`, then its outcome.
#include <algorithm>

#include "worker/core/limits.h"
#include "worker/core/machine.h"
#include "worker/core/scope.h"

namespace pawl::core {
namespace {

bool is_under(std::string_view path, std::string_view frame) {
  return frame.empty() ||
         (path.size() > frame.size() && path.starts_with(frame) && path[frame.size()] == '.');
}

}  // namespace

void Machine::open_root() {
  const plan::Plan& plan = *s_.facts.plan;
  const NodeIndex root = new_node(kNoNode, 0, nullptr, {});
  Node& n = node(root);
  n.started = OwnTime{0};
  n.announced = true;
  if (s_.pending.has_onward()) n.mark = s_.batch;  // nothing of it comes before execution.started
  n.span = kPositionSpan;
  n.share = count_leaves(plan.steps);
  s_.total = n.share;
  s_.parallel = std::max(1, s_.facts.limits.max_parallel);
  auto group = std::make_unique<Group>();
  group->kind = GroupKind::kTask;
  group->steps = &plan.steps;
  group->count = static_cast<std::uint32_t>(plan.steps.size());
  group->results.resize(group->count);
  group->frame = std::make_unique<Frame>();
  group->frame->plan = s_.facts.plan;
  group->frame->task_id = s_.facts.task_id;
  group->frame->input = s_.facts.input;
  n.group = std::move(group);
  if (s_.facts.timeout) {
    n.limit = n.deadline = *s_.facts.timeout;
    arm(root, n.limit);
  }
  s_.unfolded = count_steps(plan.steps);
  if (s_.unfolded > s_.facts.limits.max_steps) {
    Failure failure = failure_of(Category::kConfiguration, "max_steps_exceeded",
                                 "The plan has more steps than the limit allows.");
    failure.details = json::Object{{"max_steps", s_.facts.limits.max_steps}, {"steps", s_.unfolded}};
    end_main(root, {StepStatus::kFailed, {}, std::make_shared<const Failure>(std::move(failure))});
  }
  mark_dirty(root);
  walk_past();
}

void Machine::advance_frame(NodeIndex index) {
  if (node(index).group->frame->stage == Stage::kMain) {
    if (!is_list_over(index)) return list(index);
    end_main(index, outcome_of(index));
  }
  clean_up(index);
}

// The list is over: what that means for the task.
void Machine::end_main(NodeIndex index, Ended outcome) {
  Node& n = node(index);
  Frame& frame = *n.group->frame;
  n.group->is_over = true;
  disarm(index);
  if (outcome.status == StepStatus::kCompleted && frame.plan->output) {
    auto output = frame.plan->output->render(NodeScope(s_, index, in_.now));
    if (output)
      outcome.output = std::move(*output);
    else
      outcome = {StepStatus::kFailed, {}, std::make_shared<const Failure>(std::move(output.error()))};
  }
  const bool is_own_timeout =
      outcome.failure && outcome.failure->step == n.path && outcome.failure->code == "timeout";
  switch (outcome.status) {
    case StepStatus::kCompleted: frame.ending = ExecutionStatus::kCompleted; break;
    case StepStatus::kCancelled:
      frame.ending = s_.control.cancel_requested ? ExecutionStatus::kCancelled : ExecutionStatus::kTimedOut;
      break;
    default: frame.ending = is_own_timeout ? ExecutionStatus::kTimedOut : ExecutionStatus::kFailed;
  }
  const bool is_undone =
      outcome.status == StepStatus::kFailed || (index == kRoot && outcome.status == StepStatus::kCancelled);
  frame.stage = is_undone ? Stage::kCompensating : Stage::kOver;
  frame.outcome = std::move(outcome);
}

/// The place of the last thing to undo under this task, or nothing.
std::optional<std::size_t> Machine::last_compensation(NodeIndex index) const {
  const std::string& path = s_.nodes[index].path;
  if (has_bug(Bug::kCompensationInOrder)) {
    for (std::size_t i = 0; i < s_.compensations.size(); ++i)
      if (is_under(s_.compensations[i].path, path)) return i;
  }
  for (std::size_t i = s_.compensations.size(); i-- > 0;)
    if (is_under(s_.compensations[i].path, path)) return i;
  return std::nullopt;
}

void Machine::clean_up(NodeIndex index) {
  Node& n = node(index);
  Frame& frame = *n.group->frame;
  if (n.group->live > 0 || frame.is_closed) return;
  if (index != kRoot && n.cut == Cut::kCancel) {
    frame.outcome = {StepStatus::kCancelled, {}, nullptr};
    frame.stage = Stage::kOver;
  }
  if (frame.stage == Stage::kCompensating && !last_compensation(index)) frame.stage = Stage::kOnFailure;
  if (frame.stage == Stage::kOnFailure) {
    const bool is_wanted = frame.ending != ExecutionStatus::kCancelled && !frame.plan->on_failure.empty();
    if (!is_wanted || frame.on_failure_begun) frame.stage = Stage::kOver;
  }
  if (frame.stage != Stage::kOver) return list(index);
  frame.is_closed = true;
  if (index == kRoot) return finish();
  if (frame.outcome.failure && !frame.cleanup_failures.empty()) {
    Failure failure = *frame.outcome.failure;
    add_cleanup_failures(failure, frame);
    frame.outcome.failure = std::make_shared<const Failure>(std::move(failure));
  }
  if (s_.phase != Phase::kPaused && s_.phase != Phase::kPlanning) step_phase(Trigger::kResult);
  end_node(index, frame.outcome);
}

void Machine::begin_cleanup(NodeIndex index) {
  Node& n = node(index);
  Frame& frame = *n.group->frame;
  if (s_.phase != Phase::kDispatching && !s_.is_restoring) step_phase(Trigger::kDispatch);
  // Clean-up has deadlines of its own: the task's may be what ended it.
  const OwnTime deadline = n.parent == kNoNode ? kNoTime : node(n.parent).deadline;
  if (frame.stage == Stage::kCompensating) {
    const std::optional<std::size_t> last = last_compensation(index);
    if (!last) return mark_dirty(index);
    Compensation entry = std::move(s_.compensations[*last]);
    s_.compensations.erase(s_.compensations.begin() + static_cast<std::ptrdiff_t>(*last));
    return begin_compensation(index, std::move(entry), deadline);
  }
  frame.on_failure_begun = true;
  const NodeIndex list = new_node(index, 0, nullptr, n.path);
  Node& cleanup = node(list);
  cleanup.role = Role::kCleanupList;
  cleanup.deadline = deadline;
  cleanup.position = n.position + n.span - n.span / 1024;
  cleanup.span = n.span / 1024;
  begin_sequence(list, frame.plan->on_failure);
}

void Machine::begin_compensation(NodeIndex frame, Compensation entry, OwnTime deadline) {
  const NodeIndex index = new_node(frame, 0, nullptr, entry.path + ".compensate");
  Node& n = node(index);
  n.role = Role::kCompensation;
  n.deadline = deadline;
  n.position = entry.position + 1;
  n.leaf = std::make_unique<Leaf>();
  n.leaf->tool = entry.tool;
  n.leaf->with = std::move(entry.with);
  n.leaf->has_secrets = true;
  if (Past* past = past_of(n.path); past != nullptr) {
    Past taken = std::move(*past);
    forget(n.path);
    if (begin_again(index, taken)) return;
  }
  if (entry.failure) return end_failed(index, *entry.failure);
  queue(index);
}

// Rendered now, while what it reads is there, and kept in the ledger with the commit.
void Machine::register_compensation(NodeIndex index, const json::Value& output, json::Object& data) {
  const Node& n = node(index);
  if (n.step == nullptr || !n.step->compensate) return;
  const plan::ToolCall& call = *n.step->compensate;
  const Ended self{StepStatus::kCompleted, output, nullptr};
  auto with = call.with.render(NodeScope(s_, index, in_.now, &self));
  Compensation entry{n.path, call.tool, {}, nullptr, n.position};
  json::Object kept{{"tool", call.tool}, {"position", n.position}};
  if (with) {
    entry.with = std::move(*with);
    kept.set("with", entry.with);
  } else {
    entry.failure = std::make_shared<const Failure>(std::move(with.error()));
    kept.set("error", to_json(*entry.failure));
  }
  data.set("compensate", std::move(kept));
  s_.compensations.push_back(std::move(entry));
}

void Machine::add_cleanup_failures(Failure& failure, const Frame& frame) {
  if (frame.cleanup_failures.empty()) return;
  json::Object details = failure.details.is_object() ? failure.details.as_object() : json::Object{};
  details.set("cleanup_failures", frame.cleanup_failures);
  failure.details = std::move(details);
}

// The end of it all goes onward: an inbox that moved may still make it a cancel.
void Machine::finish() {
  Frame& frame = *node(kRoot).group->frame;
  Final final;
  final.status = frame.ending;
  EventType type = EventType::kExecutionCompleted;
  switch (frame.ending) {
    case ExecutionStatus::kCompleted: final.output = frame.outcome.output; break;
    case ExecutionStatus::kCancelled: {
      type = EventType::kExecutionCancelled;
      const std::string& reason = s_.control.reason;
      final.failure =
          failure_of(Category::kCancelled, "cancelled", reason.empty() ? "Cancelled on request." : reason);
      break;
    }
    case ExecutionStatus::kTimedOut:
      type = EventType::kExecutionTimedOut;
      final.failure = failure_of(Category::kTransient, "deadline_exceeded",
                                 "The execution did not end within its timeout.");
      break;
    default:
      type = EventType::kExecutionFailed;
      final.failure = frame.outcome.failure
                          ? *frame.outcome.failure
                          : failure_of(Category::kInternal, "internal_error", "No failure was kept.");
  }
  json::Object data;
  if (final.failure) {
    add_cleanup_failures(*final.failure, frame);
    data.set("error", to_json(*final.failure));
  }
  s_.pending.onward.push_back({type, {}, 0, std::move(data)});
  s_.pending.final = std::move(final);
}

}  // namespace pawl::core
