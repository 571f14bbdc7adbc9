// What the API reads of executions. A port; PgReadStore and FakeStore implement it. All reads are by tenant.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/base/ids.h"
#include "common/base/result.h"
#include "common/model/event.h"
#include "common/model/status.h"
#include "common/model/step_record.h"
#include "common/store/task_store.h"
#include "common/store/work_store.h"

namespace pawl::store {

/// Everything the execution resource shows but the steps: `executions` joined with `live` while it is
/// unfinished.
struct ExecutionRow {
  Uuid exec_id;
  Uuid tenant;
  std::string task_id;
  int task_version = 0;
  Sha256 plan_hash{};
  ExecutionStatus status = ExecutionStatus::kPending;
  Phase phase = Phase::kPending;
  bool cancel_requested = false;
  bool pause_requested = false;
  std::string lane;
  int priority = 5;
  std::uint32_t epoch = 0;
  std::uint64_t rev = 0;  ///< owner's checkpoints + control writes: the ETag
  json::Value input;
  json::Value output;
  std::optional<Failure> failure;
  json::Value labels;
  json::Value limits;
  std::string session_id;
  std::string retry_of;
  WallTime created_at{};
  std::optional<WallTime> started_at, finished_at, wake_at, run_at;
  json::Value progress;     ///< as the owner checkpointed it: {"completed","total","percent","current":[…]}
  json::Value waiting_for;  ///< why it is parked, or null
};

struct ExecutionFilter {
  std::vector<ExecutionStatus> statuses = {};
  std::string task_id = {};
  std::string session_id = {};
  std::map<std::string, std::string> labels = {};
  std::optional<WallTime> created_after = {}, created_before = {};
};
struct ExecutionList {
  std::vector<ExecutionRow> items;  ///< newest first; input and output left out
  std::string next = {};
};
struct Stats {
  std::map<std::string, std::int64_t> by_status;
  struct Lane {
    std::int64_t queued = 0, running = 0;
  };
  std::map<std::string, Lane> lanes;
  std::int64_t workers = 0;
};

class ReadStore {
 public:
  virtual ~ReadStore() = default;
  /// Errors here and below: kNotFound/not_found for an unknown or foreign id; kInvalid/invalid_cursor.
  virtual void get(Uuid tenant, Uuid exec_id, MonoTime deadline, Done<ExecutionRow> done) = 0;
  /// Final steps in plan order; with `path` just that one. Outputs over 64 KiB are kept beside: the list
  /// shows them as
  /// {"$stored_bytes": n}, with `path` they are fetched.
  virtual void steps(Uuid tenant, Uuid exec_id, std::optional<std::string> path, MonoTime deadline,
                     Done<std::vector<StepRecord>> done) = 0;
  /// Ledger rows with seq > after_seq, in order, at most `limit`.
  virtual void events(Uuid tenant, Uuid exec_id, std::uint64_t after_seq, int limit, MonoTime deadline,
                      Done<std::vector<Event>> done) = 0;
  virtual void list(Uuid tenant, ExecutionFilter filter, Page page, MonoTime deadline,
                    Done<ExecutionList> done) = 0;
  virtual void stats(Uuid tenant, MonoTime deadline, Done<Stats> done) = 0;
  /// Of all tenants: workers with a live lease, and the tools they offer.
  virtual void workers(MonoTime deadline, Done<std::vector<WorkerRow>> done) = 0;
  virtual void tools(MonoTime deadline, Done<std::vector<ToolDescriptor>> done) = 0;
};

}  // namespace pawl::store
