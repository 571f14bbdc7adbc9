#include "worker/engine/convert.h"

#include <algorithm>

#include "common/json/parse.h"

namespace pawl::engine {
namespace {

/// The smaller of what the plan has and what the request lowered it to, under the worker's cap.
plan::Limits limits_of(const store::Claimed& claimed, const plan::Plan& plan, const plan::Limits& caps) {
  plan::Limits limits = plan.limits;
  const auto lowered = [&claimed](std::string_view key, std::int64_t value) {
    const json::Value* asked = claimed.limits.find(key);
    return asked != nullptr && asked->is_int() ? std::min(value, asked->as_int()) : value;
  };
  limits.max_depth =
      static_cast<int>(std::min<std::int64_t>(lowered("max_depth", limits.max_depth), caps.max_depth));
  limits.max_steps = std::min(lowered("max_steps", limits.max_steps), caps.max_steps);
  limits.max_parallel = static_cast<int>(
      std::min<std::int64_t>(lowered("max_parallel", limits.max_parallel), caps.max_parallel));
  return limits;
}

}  // namespace

core::Facts facts_of(const store::Claimed& claimed, plan::PlanPtr plan, const Options& options) {
  core::Facts facts;
  facts.exec_id = claimed.exec_id;
  facts.task_id = claimed.task_id;
  facts.input = claimed.input;
  facts.limits = limits_of(claimed, *plan, options.limit_caps);
  facts.timeout = claimed.timeout ? claimed.timeout : plan->timeout;
  facts.plan = std::move(plan);
  facts.epoch = claimed.epoch;
  facts.inbox = claimed.inbox;
  facts.worker = options.worker_id;
  return facts;
}

core::Control control_of(bool cancel_requested, bool pause_requested, const std::string& control) {
  core::Control out;
  out.cancel_requested = cancel_requested;
  out.pause_requested = pause_requested;
  if (control.empty()) return out;
  const auto parsed = json::parse(control);
  if (!parsed) return out;
  if (const json::Value* reason = parsed->find("reason"); reason != nullptr && reason->is_string())
    out.reason = reason->as_string();
  if (const json::Value* timeout = parsed->find("timeout_ms"); timeout != nullptr && timeout->is_int())
    out.pause_timeout = Millis(timeout->as_int());
  if (const json::Value* policy = parsed->find("on_timeout"); policy != nullptr && policy->is_string())
    out.cancel_on_pause_timeout = policy->as_string() == "cancel";
  return out;
}

store::Checkpoint entry_of(const store::Claimed& claimed, std::uint64_t rev, core::Checkpoint checkpoint) {
  store::Checkpoint entry;
  entry.exec_id = claimed.exec_id;
  entry.tenant = claimed.tenant;
  entry.epoch = claimed.epoch;
  entry.rev = rev;
  entry.inbox_seen = checkpoint.inbox_seen;
  entry.settled = std::move(checkpoint.settled);
  entry.steps = std::move(checkpoint.steps);
  entry.onward = std::move(checkpoint.onward);
  entry.onward_steps = std::move(checkpoint.onward_steps);
  entry.phase = checkpoint.phase;
  entry.progress = std::move(checkpoint.progress);
  entry.step_committed = checkpoint.step_committed;
  entry.compensates = checkpoint.compensates;
  if (checkpoint.park) {
    core::Park& park = *checkpoint.park;
    entry.park =
        store::Park{park.status, park.wake_at, std::move(park.waiting_for), park.calendar, park.keep};
  }
  if (checkpoint.final) {
    core::Final& final = *checkpoint.final;
    entry.final = store::Final{final.status, std::move(final.output), std::move(final.failure)};
  }
  return entry;
}

tools::CallIdentity identity_of(const store::Claimed& claimed, const core::Stamp& stamp) {
  return tools::CallIdentity{
      claimed.exec_id.to_string(), stamp.path, stamp.attempt, stamp.epoch, stamp.fallback,
      claimed.traceparent};
}

Failure failure_of(const std::vector<Fault>& faults) {
  // What was denied before it ran had a literal target and was refused by the API; here a value decided.
  const bool denied = std::any_of(faults.begin(), faults.end(),
                                  [](const Fault& fault) { return fault.code == "policy_denied"; });
  Failure failure = make_failure(denied ? "egress_blocked" : "invalid_parameter",
                                 "with" + faults.front().pointer + ": " + faults.front().message);
  json::Array errors;
  for (const Fault& fault : faults) {
    errors.push_back(
        json::Object{{"pointer", "/with" + fault.pointer}, {"code", fault.code}, {"message", fault.message}});
  }
  failure.details = json::Object{{"errors", std::move(errors)}};
  return failure;
}

Failure resolution_failure(const Error& error, const std::string& task_id) {
  if (error.kind == ErrorKind::kNotFound)
    return make_failure("task_not_found", "there is no task '" + task_id + "'");
  if (error.kind == ErrorKind::kInvalid)
    return make_failure("task_not_found", "the task '" + task_id + "' is not understood: " + error.message);
  Failure failure = make_failure("internal_error", "the task '" + task_id + "' could not be read");
  return failure;
}

}  // namespace pawl::engine
