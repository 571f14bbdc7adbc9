#include "common/store/execution_sql.h"

#include "common/store/event_body.h"
#include "common/store/values.h"

namespace pawl::store {
namespace {

Phase phase_of(ExecutionStatus status, std::string_view written) {
  switch (status) {
    case ExecutionStatus::kCompleted: return Phase::kCompleted;
    case ExecutionStatus::kFailed: return Phase::kFailed;
    case ExecutionStatus::kCancelled: return Phase::kCancelled;
    case ExecutionStatus::kTimedOut: return Phase::kTimedOut;
    case ExecutionStatus::kPaused: return Phase::kPaused;
    case ExecutionStatus::kWaiting: return Phase::kWaiting;
    default: break;
  }
  for (const Phase phase :
       {Phase::kPlanning, Phase::kDispatching, Phase::kAwaitingResults, Phase::kMerging}) {
    if (written == to_string(phase)) return phase;
  }
  return status == ExecutionStatus::kRunning ? Phase::kPlanning : Phase::kPending;
}

}  // namespace

ExecutionRow read_execution(const db::Rows& rows, std::size_t row) {
  const auto time_at = [&](int column) -> std::optional<WallTime> {
    if (rows.is_null(row, column)) return std::nullopt;
    return rows.time(row, column);
  };
  ExecutionRow e;
  e.exec_id = rows.uuid(row, 0);
  e.tenant = rows.uuid(row, 1);
  e.task_id = rows.text(row, 2);
  e.task_version = static_cast<int>(rows.integer(row, 3));
  e.plan_hash = to_sha256(rows.text(row, 4));
  e.status = parse_execution_status(rows.text(row, 5)).value_or(ExecutionStatus::kFailed);
  e.phase = phase_of(e.status, rows.text(row, 6));
  e.cancel_requested = rows.boolean(row, 7);
  e.pause_requested = rows.boolean(row, 8);
  e.lane = rows.text(row, 9);
  e.priority = static_cast<int>(rows.integer(row, 10));
  e.epoch = static_cast<std::uint32_t>(rows.integer(row, 11));
  e.rev = static_cast<std::uint64_t>(rows.integer(row, 12));
  if (!rows.is_null(row, 13)) {
    if (auto failure = failure_from_json(value_of(rows.text(row, 13)))) e.failure = std::move(*failure);
  }
  e.labels = value_of(rows.text(row, 14));
  e.limits = value_of(rows.text(row, 15));
  e.session_id = rows.text(row, 16);
  e.retry_of = rows.text(row, 17);
  e.created_at = rows.time(row, 18);
  e.started_at = time_at(19);
  e.finished_at = time_at(20);
  e.wake_at = time_at(21);
  e.run_at = time_at(22);
  e.progress = value_of(rows.text(row, 23));
  e.waiting_for = value_of(rows.text(row, 24));
  return e;
}

}  // namespace pawl::store
