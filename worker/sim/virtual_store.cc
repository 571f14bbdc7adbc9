#include "worker/sim/virtual_store.h"

#include <algorithm>

namespace pawl::sim {

void VirtualStore::append(NewEvent event, WallTime now) {
  Event row;
  row.seq = events_.size() + 1;
  row.type = event.type;
  row.at = now;
  row.exec_id = exec_id_;
  row.epoch = row_.epoch;
  row.step = std::move(event.step);
  row.attempt = event.attempt;
  row.data = std::move(event.data);
  events_.push_back(std::move(row));
}

bool VirtualStore::claim() {
  if (row_.owned || is_final() || !row_.has_ticket) return false;
  ++row_.epoch;
  row_.owned = true;
  row_.has_ticket = false;
  row_.wake_at.reset();
  if (row_.status != ExecutionStatus::kPaused) row_.status = ExecutionStatus::kRunning;
  return true;
}

void VirtualStore::orphan() {
  row_.owned = false;
  row_.has_ticket = true;
}

void VirtualStore::steal() {
  if (!row_.owned || is_final()) return;
  ++row_.epoch;
  orphan();
}

Commit VirtualStore::commit(const core::Checkpoint& checkpoint, std::uint32_t epoch, WallTime now) {
  if (epoch != row_.epoch || !row_.owned || is_final()) return {CommitKind::kFenced, row_.inbox, now};
  for (const NewEvent& event : checkpoint.settled) append(event, now);
  for (const StepRecord& step : checkpoint.steps) steps_.push_back(step);
  row_.progress = checkpoint.progress;
  const bool goes_onward = !checkpoint.onward.empty() || checkpoint.park || checkpoint.final;
  if (goes_onward && checkpoint.inbox_seen != row_.inbox) return {CommitKind::kInboxChanged, row_.inbox, now};
  for (const StepRecord& step : checkpoint.onward_steps) steps_.push_back(step);
  for (const NewEvent& event : checkpoint.onward) {
    append(event, now);
    row_.started = row_.started || event.type == EventType::kExecutionStarted;
  }
  if (checkpoint.park) {
    row_.status = checkpoint.park->status;
    row_.wake_at = checkpoint.park->wake_at;
    row_.waiting_for = checkpoint.park->waiting_for;
    if (!checkpoint.park->keep) row_.owned = false;
  }
  if (checkpoint.final) {
    row_.status = checkpoint.final->status;
    row_.final = checkpoint.final;
    row_.owned = false;
  }
  return {CommitKind::kSaved, row_.inbox, now};
}

bool VirtualStore::has_to_undo() const {
  return std::any_of(events_.begin(), events_.end(),
                     [](const Event& e) { return e.data.find("compensate") != nullptr; });
}

ControlAnswer VirtualStore::cancel(const std::string& reason, WallTime now) {
  if (row_.status == ExecutionStatus::kCancelled) return {true, false};
  if (is_final()) return {};
  if (row_.control.cancel_requested) return {true, false};
  ++row_.inbox;
  row_.control.cancel_requested = true;
  row_.control.reason = reason;
  append({EventType::kExecutionCancelRequested,
          {},
          0,
          reason.empty() ? json::Value() : json::Object{{"reason", reason}}},
         now);
  if (!row_.owned && (!row_.started || !has_to_undo())) {
    append({EventType::kExecutionCancelled, {}, 0, {}}, now);
    row_.status = ExecutionStatus::kCancelled;
    row_.final = core::Final{ExecutionStatus::kCancelled, {}, {}};
    return {true, false};
  }
  row_.status = ExecutionStatus::kRunning;
  row_.has_ticket = true;
  return {true, !row_.owned};
}

ControlAnswer VirtualStore::pause(const std::string& reason, std::optional<Millis> timeout, bool cancels,
                                  WallTime now) {
  if (is_final() || row_.control.cancel_requested) return {};
  if (row_.status == ExecutionStatus::kPaused || row_.control.pause_requested) return {true, false};
  ++row_.inbox;
  row_.control.pause_requested = true;
  row_.control.reason = reason;
  row_.control.pause_timeout = timeout;
  row_.control.cancel_on_pause_timeout = cancels;
  if (!row_.owned) {
    append({EventType::kExecutionPaused, {}, 0, {}}, now);
    row_.status = ExecutionStatus::kPaused;
    row_.has_ticket = false;
    row_.wake_at.reset();
    if (timeout) row_.wake_at = now + *timeout;
  }
  return {true, false};
}

ControlAnswer VirtualStore::resume(WallTime now) {
  if (is_final() || row_.control.cancel_requested) return {};
  if (!row_.control.pause_requested) return {true, false};
  ++row_.inbox;
  row_.control = {};
  if (row_.status != ExecutionStatus::kPaused) return {true, false};
  append({EventType::kExecutionResumed, {}, 0, {}}, now);
  row_.status = row_.started ? ExecutionStatus::kRunning : ExecutionStatus::kPending;
  row_.has_ticket = true;
  return {true, !row_.owned};
}

ControlAnswer VirtualStore::signal(const std::string& name, json::Value payload, WallTime now) {
  if (is_final()) return {};
  ++row_.inbox;
  append({EventType::kSignalReceived, {}, 0, json::Object{{"name", name}, {"payload", std::move(payload)}}},
         now);
  if (!row_.owned && row_.status == ExecutionStatus::kWaiting) row_.has_ticket = true;
  return {true, !row_.owned && row_.has_ticket};
}

ControlAnswer VirtualStore::decide(const std::string& path, bool approves, json::Value form, WallTime now) {
  if (is_final()) return {};
  bool is_open = false;
  for (const Event& event : events_) {
    if (event.step != path) continue;
    if (event.type == EventType::kApprovalRequested) is_open = true;
    if (event.type == EventType::kApprovalDecided || event.type == EventType::kApprovalExpired)
      is_open = false;
    if (event.type == EventType::kStepCancelled || event.type == EventType::kStepFailed) is_open = false;
  }
  if (!is_open) return {};
  ++row_.inbox;
  append({EventType::kApprovalDecided, path, 0,
          json::Object{{"decision", approves ? "approve" : "reject"}, {"form", std::move(form)}}},
         now);
  if (!row_.owned && row_.status == ExecutionStatus::kWaiting) row_.has_ticket = true;
  return {true, !row_.owned && row_.has_ticket};
}

const StepRecord* VirtualStore::step(std::string_view path) const {
  for (const StepRecord& record : steps_)
    if (record.path == path) return &record;
  return nullptr;
}

}  // namespace pawl::sim
