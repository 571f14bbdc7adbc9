// Checkpoints, leases and control in the in-memory twin.
#include <algorithm>

#include "common/json/write.h"
#include "common/store/event_body.h"
#include "common/store/fake_database.h"
#include "common/store/limits.h"

namespace pawl::store {

void FakeDatabase::write_event(Execution& e, EventType type, json::Value data, bool by_control) {
  if (by_control) e.control_seqs.insert(e.next_seq);
  e.ledger.push_back({e.next_seq++, type, now(), e.id, e.epoch, {}, 0, std::move(data)});
}

void FakeDatabase::end(Execution& e, ExecutionStatus status) {
  e.status = status;
  e.owner.clear();
  e.ready = e.unfed = e.cancelling = e.pausing = false;
  e.wake_at.reset();
  e.waiting_for = {};
  e.finished_at = now();
}

Result<Saved> FakeDatabase::checkpoint(const Checkpoint& entry) {
  Execution* e = find(entry.tenant, entry.exec_id);
  if (e == nullptr || e->epoch != entry.epoch) return Saved{Saved::Kind::kFenced};
  if (e->rev == entry.rev + 1 && (!e->ended() || entry.final)) {  // ours once more
    return Saved{e->held_back ? Saved::Kind::kInboxChanged : Saved::Kind::kSaved, e->rev,
                 e->ended() ? 0 : e->next_seq, e->ended() ? 0 : e->inbox, now()};
  }
  if (e->ended() || e->rev != entry.rev) return Saved{Saved::Kind::kFenced};
  std::set<std::string> paths;
  for (const StepRecord& step : entry.steps) {
    if (e->steps.contains(step.path) || !paths.insert(step.path).second) {
      return fail(ErrorKind::kInvalid, "23505", "the database refused this result");
    }
  }
  const bool fresh = e->inbox == entry.inbox_seen;
  for (const StepRecord& step : entry.onward_steps) {
    if (fresh && (e->steps.contains(step.path) || !paths.insert(step.path).second)) {
      return fail(ErrorKind::kInvalid, "23505", "the database refused this result");
    }
  }
  apply(*e, entry, fresh);
  return Saved{fresh ? Saved::Kind::kSaved : Saved::Kind::kInboxChanged, e->rev, e->next_seq, e->inbox,
               now()};
}

void FakeDatabase::apply(Execution& e, const Checkpoint& entry, bool fresh) {
  const auto write = [&](const std::vector<NewEvent>& events) {
    for (const NewEvent& event : events) {
      if (is_live_only(event.type)) continue;
      e.ledger.push_back(
          {e.next_seq++, event.type, now(), e.id, e.epoch, event.step, event.attempt, event.data});
    }
  };
  write(entry.settled);
  for (const StepRecord& step : entry.steps) e.steps.emplace(step.path, step);
  ++e.rev;
  e.held_back = !fresh;
  e.phase = entry.phase;
  if (!entry.progress.is_null()) e.progress = entry.progress;
  if (entry.step_committed) e.crashed_owners.clear();
  e.compensates = e.compensates || entry.compensates;
  e.calendar = fresh && entry.park && entry.park->calendar;
  if (!fresh) return;
  write(entry.onward);
  for (const StepRecord& step : entry.onward_steps) e.steps.emplace(step.path, step);
  if (entry.final) {
    const bool named = std::any_of(entry.onward.begin(), entry.onward.end(),
                                   [](const NewEvent& n) { return is_terminal(n.type); });
    if (!named) write({NewEvent{terminal_event(entry.final->status)}});
    e.output = entry.final->output;
    e.failure = entry.final->failure;
    return end(e, entry.final->status);
  }
  const bool paused = entry.park && entry.park->status == ExecutionStatus::kPaused;
  if (paused) {
    if (!e.paused_at) e.paused_at = now();
  } else if (e.paused_at) {
    e.paused_total += now() - *e.paused_at;
    e.paused_at.reset();
  }
  e.status = entry.park ? entry.park->status : ExecutionStatus::kRunning;
  e.waiting_for = entry.park ? entry.park->waiting_for : json::Value();
  if (entry.park && !entry.park->keep) {
    e.owner.clear();
    e.wake_at = entry.park->wake_at;
  }
}

bool FakeDatabase::renew(const WorkerRow& worker, Millis ttl) {
  const auto [at, fresh] = workers.try_emplace(worker.id);
  Worker& row = at->second;
  if (row.dead) {
    row.survived = true;
    const bool owns_any = std::any_of(executions_.begin(), executions_.end(),
                                      [&worker](const auto& item) { return item.second.owner == worker.id; });
    if (!worker.again || owns_any) return false;
    row.dead = row.left_cleanly = false;
  }
  const bool draining = !fresh && row.row.draining;
  row.row = worker;
  row.row.draining = worker.draining || draining;
  row.lease_until = now() + ttl;
  return true;
}

std::vector<Uuid> FakeDatabase::release(const std::vector<ClaimRequest>& held, const std::string& worker_id) {
  std::vector<Uuid> released;
  for (const ClaimRequest& one : held) {
    Execution* e = find(one.exec_id);
    if (e == nullptr || e->ended() || e->owner != worker_id || e->epoch != one.epoch) continue;
    e->owner.clear();
    e->ready = e->status != ExecutionStatus::kPaused;
    if (!e->ready) continue;
    e->wake_at = now() + std::chrono::seconds(5);
    released.push_back(e->id);
  }
  return released;
}

void FakeDatabase::unregister(const std::string& worker_id) {
  const auto worker = workers.find(worker_id);
  if (worker == workers.end()) return;
  worker->second.dead = worker->second.left_cleanly = true;
  worker->second.tools.clear();
  if (keeper_ == worker_id) keeper_.clear();
}

Result<ControlOutcome> FakeDatabase::control(const ControlRequest& request) {
  Execution* e = find(request.tenant, request.exec_id);
  if (e == nullptr) return fail(ErrorKind::kNotFound, "not_found", "there is no such execution");
  const std::uint64_t etag = e->ended() ? e->rev + (std::uint64_t{1} << 40) : e->rev + e->inbox + e->epoch;
  if (request.if_match && *request.if_match != etag) {
    return fail(ErrorKind::kConflict, "precondition_failed", "the execution has changed since");
  }
  const ControlMove move = control_move(
      request.kind, {.status = e->status,
                     .owned = !e->owner.empty(),
                     .started = e->epoch > 0,
                     .cancelling = e->cancelling,
                     .pausing = e->pausing,
                     .compensates = e->compensates,
                     .waits = !e->waiting_for.is_null() || e->held_wake_at,
                     .runnable = e->held_wake_at && e->paused_at && *e->held_wake_at <= *e->paused_at});
  if (!move.allowed)
    return fail(ErrorKind::kConflict, "invalid_state",
                "the execution is " + std::string(to_string(e->status)));
  if (move.act == ControlAct::kNothing)
    return ControlOutcome{move.status, move.changed, {}, false, e->asked.lane, {}};
  ControlOutcome outcome{move.status, true, e->owner, move.act == ControlAct::kWake, e->asked.lane, e->epoch};
  apply(*e, request, move);
  return outcome;
}

void FakeDatabase::apply(Execution& e, const ControlRequest& request, const ControlMove& move) {
  if (move.event) {
    json::Object data;
    if (!request.reason.empty()) data.set("reason", request.reason);
    if (!request.actor.empty()) data.set("by", request.actor);
    write_event(e, *move.event, data.empty() ? json::Value() : json::Value(std::move(data)), true);
  }
  ++e.inbox;
  if (move.act == ControlAct::kEndCancelled) return end(e, ExecutionStatus::kCancelled);
  json::Object control;
  if (!request.reason.empty()) control.set("reason", request.reason);
  if (request.pause_timeout) {
    control.set("timeout_ms", request.pause_timeout->count());
    control.set("on_timeout", request.cancel_on_timeout ? "cancel" : "resume");
  }
  e.control = json::write(json::Value(std::move(control)));
  e.cancelling = move.cancelling;
  e.pausing = move.pausing;
  if (move.act == ControlAct::kMark) return;
  e.status = move.status;
  e.wakes = 0;
  if (move.act == ControlAct::kPark) {
    e.held_wake_at = e.ready && e.epoch > 0 ? std::optional(now()) : e.wake_at;
    e.wake_at = request.pause_timeout ? std::optional(now() + *request.pause_timeout) : std::nullopt;
    e.paused_at = now();
    e.ready = e.unfed = false;
    return;
  }
  const Micros paused = e.paused_at ? now() - *e.paused_at : Micros{0};
  if (e.started_at) e.paused_total += paused;
  e.paused_at.reset();
  e.ready = move.act == ControlAct::kWake;
  if (move.act == ControlAct::kWake) {
    e.wake_at = now() + std::chrono::seconds(5);
  } else if (move.act == ControlAct::kBackToPending) {
    const bool later = e.held_wake_at && *e.held_wake_at > now();
    e.wake_at = later ? e.held_wake_at : std::nullopt;
    e.unfed = !later;
  } else {
    e.wake_at = e.held_wake_at && !e.calendar ? std::optional(*e.held_wake_at + paused) : e.held_wake_at;
  }
  e.held_wake_at.reset();
}

}  // namespace pawl::store
