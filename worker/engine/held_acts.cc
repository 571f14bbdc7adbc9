// The acts of a held execution: one function each, as worker/core/effect.h describes them.
#include <utility>

#include "common/plan/parse.h"
#include "worker/engine/convert.h"
#include "worker/engine/held.h"
#include "worker/engine/limits.h"

namespace pawl::engine {

void Held::act(const core::StartTool& start) {
  // A drain starts nothing: the start is in the ledger, so the next owner makes the call under the same
  // attempt number.
  if (handing_over_) return;
  tools::Tool* tool = shared_.ports.tools.find(start.tool);
  if (tool == nullptr) {
    return refuse_call(
        start, make_failure("unknown_tool", "no tool named '" + start.tool + "' is offered by this worker"));
  }
  if (auto faults = tool->validate(start.with); !faults.empty())
    return refuse_call(start, failure_of(faults));
  std::string target = tool->target(start.with);
  auto guarded_call = shared_.guard.admit(claimed_.tenant, start.tool, target, start.retry);
  if (!guarded_call) return defer_call(start, guarded_call.error(), std::move(target));
  tools::ToolInput input;
  input.identity = identity_of(claimed_, start.stamp);
  input.tenant = claimed_.tenant;
  input.with = start.with;
  input.timeout = start.timeout;
  input.resources = start.resources;
  const WallTime started = now();
  const core::Stamp stamp = start.stamp;
  auto progress = guarded([this, stamp](json::Value data) { tell_progress(stamp, std::move(data)); });
  auto done = guarded(
      [this, stamp, started](tools::ToolResult result) { tool_done(stamp, started, std::move(result)); });
  calls_[stamp.call] =
      Running{std::move(*guarded_call), tool->start(std::move(input), std::move(progress), std::move(done))};
}

/// What was printed is kept whoever watches; a live event goes out only for somebody.
void Held::tell_progress(const core::Stamp& stamp, json::Value data) {
  const json::Value* text = data.find("text");
  const bool is_log = text != nullptr && text->is_string();
  if (is_log)
    shared_.logs.add({claimed_.tenant, claimed_.exec_id, claimed_.epoch, stamp.path, stamp.attempt},
                     text->as_string());
  const std::string exec_id = claimed_.exec_id.to_string();
  if (!shared_.watched.is_watched(exec_id, shared_.ports.loop.now())) return;
  const EventType type = is_log ? EventType::kStepLog : EventType::kStepProgress;
  const Event event{0,          type,          now(),          claimed_.exec_id, claimed_.epoch,
                    stamp.path, stamp.attempt, std::move(data)};
  shared_.ports.bus.send_event(exec_id, to_json(event));
}

void Held::refuse_call(const core::StartTool& start, Failure failure) {
  failure.sent = false;
  core::ToolFinished finished{start.stamp, tl::unexpected(std::move(failure)), {}, now(), now()};
  shared_.ports.loop.post(guarded([this, finished = std::move(finished)] { post(finished); }));
}

/// No attempt is used: the step waits, or parks, until it is worth asking again.
void Held::defer_call(const core::StartTool& start, const Deferral& deferral, std::string target) {
  core::CallDeferred deferred{start.stamp, now() + deferral.retry_after, deferral.why, std::move(target)};
  shared_.ports.loop.post(guarded([this, deferred = std::move(deferred)] { post(deferred); }));
}

void Held::tool_done(const core::Stamp& stamp, WallTime started, tools::ToolResult result) {
  if (const auto found = calls_.find(stamp.call); found != calls_.end()) {
    shared_.guard.settle(found->second.guarded, result);
    calls_.erase(found);
  }
  post(core::ToolFinished{stamp, std::move(result.output), result.resources, started, now()});
}

void Held::act(const core::CancelCall& cancel) {
  const auto found = calls_.find(cancel.stamp.call);
  if (found != calls_.end()) return found->second.call->cancel();
  core::ToolFinished finished{
      cancel.stamp, tl::unexpected(make_failure("cancelled", "cancelled before it ran")), {}, now(), now()};
  shared_.ports.loop.post(guarded([this, finished = std::move(finished)] { post(finished); }));
}

void Held::act(const core::FreezeCall& freeze) {
  const auto found = calls_.find(freeze.stamp.call);
  const bool frozen = found != calls_.end() && found->second.call->freeze();
  shared_.ports.loop.post(guarded([this, stamp = freeze.stamp, frozen] {
    post(core::CallFrozen{stamp, frozen});
  }));
}

void Held::act(const core::ThawCall& thaw) {
  if (const auto found = calls_.find(thaw.stamp.call); found != calls_.end()) found->second.call->thaw();
}

void Held::act(const core::ArmTimer& arm) {
  wake_at_ = arm.at;
  const WallTime at = now();
  const Micros left = arm.at > at ? Micros(arm.at - at) : Micros{0};
  const Millis delay = std::min(kLongestTimer, std::chrono::ceil<Millis>(left) + kTimerSlack);
  timer_.start(delay, [this] {
    if (ended_ || !wake_at_) return;
    if (now() < *wake_at_) return act(core::ArmTimer{*wake_at_});
    wake_at_.reset();
    post(core::TimerRang{});
  });
}

void Held::act(const core::DisarmTimer&) {
  wake_at_.reset();
  timer_.stop();
}

void Held::act(const core::ResolveTask& resolve) {
  if (resolve.hash) {
    shared_.plans.get(claimed_.tenant, *resolve.hash, guarded([this, resolve](Result<plan::PlanPtr> plan) {
                        if (plan) return answer_task(resolve, std::move(*plan), 0);
                        answer_task(resolve,
                                    tl::unexpected(resolution_failure(plan.error(), resolve.task_id)), 0);
                      }));
    return;
  }
  const MonoTime deadline = shared_.ports.loop.now() + kStoreDeadline;
  shared_.ports.tasks.get(
      claimed_.tenant, resolve.task_id, 0, deadline,
      guarded([this, resolve](Result<store::TaskVersion> task) {
        if (!task)
          return answer_task(resolve, tl::unexpected(resolution_failure(task.error(), resolve.task_id)), 0);
        auto plan = plan::parse(task->document, plan::ParseOptions{.id_required = false, .lanes = {}});
        if (plan) return answer_task(resolve, std::move(*plan), task->version);
        answer_task(resolve, tl::unexpected(resolution_failure(plan.error(), resolve.task_id)), 0);
      }));
}

void Held::answer_task(const core::ResolveTask& resolve, tl::expected<plan::PlanPtr, Failure> plan,
                       int version) {
  post(core::TaskResolved{resolve.stamp, std::move(plan), version});
}

void Held::act(const core::ReadInbox&) { read_inbox(); }

void Held::act(const core::RequestControl& request) {
  store::ControlRequest control;
  control.tenant = claimed_.tenant;
  control.exec_id = claimed_.exec_id;
  control.kind = request.kind == core::RequestControl::Kind::kCancel ? store::ControlKind::kCancel
                                                                     : store::ControlKind::kResume;
  control.reason = request.reason;
  control.actor = "pawl";
  const MonoTime deadline = shared_.ports.loop.now() + kStoreDeadline;
  shared_.ports.control.control(std::move(control), deadline,
                                guarded([this](const Result<store::ControlOutcome>&) { look_at_inbox(); }));
}

}  // namespace pawl::engine
