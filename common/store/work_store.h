// What a worker does with executions: claim, load, checkpoint, renew. A port; PgWorkStore and FakeStore
// implement it. Every write is guarded by (epoch, rev): a zombie's write touches nothing.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/base/bytes.h"
#include "common/base/ids.h"
#include "common/base/result.h"
#include "common/model/event.h"
#include "common/model/status.h"
#include "common/model/step_record.h"
#include "common/store/ticket.h"

namespace pawl::store {

/// A claimed execution: all that is needed to start or to go on.
struct Claimed {
  Uuid exec_id;
  Uuid tenant;
  std::string task_id;
  int task_version = 0;
  Sha256 plan_hash{};
  json::Value input;
  json::Value limits;
  std::string lane;
  int priority = 5;
  std::string traceparent;
  std::uint32_t epoch = 0;  ///< ours from now on
  std::uint64_t rev = 0;
  std::uint64_t inbox = 0;  ///< control writes so far; compare with what is seen
  std::uint64_t next_seq = 1;
  bool first = false;  ///< never started; there is a history to load only if inbox > 0 or it repeats another
  bool repeats = false;  ///< a retry: steps it kept are stored already
  bool backlog = false;  ///< rows wait without a ticket in its lane: call `feed`
  bool cancel_requested = false;
  bool pause_requested = false;
  std::string control = {};  ///< {"reason"?,"timeout_ms"?,"on_timeout"?:"resume"|"cancel"}; "" = none
  int crashes = 0;           ///< owner processes that died since its last committed step
  WallTime created_at{};
  std::optional<WallTime> started_at = {};
  std::optional<Millis> timeout = {};
  Micros paused_total{0};
  WallTime database_now{};  ///< now() of the claiming transaction
};

/// What was committed of an execution that had started before: the ledger and the step results, both in
/// order.
struct History {
  std::vector<Event> events;
  std::vector<StepRecord> steps;
};

struct Final {
  ExecutionStatus status = ExecutionStatus::kCompleted;
  json::Value output = {};
  std::optional<Failure> failure = {};
};
struct Park {
  ExecutionStatus status = ExecutionStatus::kWaiting;  ///< kWaiting or kPaused
  std::optional<WallTime> wake_at = {};  ///< of kPaused: when the pause runs out; nullopt: only a control
                                         ///< request or signal wakes it
  json::Value waiting_for = {};
  bool calendar = false;  ///< wake_at is a calendar time (wait.until): a pause does not move it
  bool keep = false;      ///< a frozen step: the status is written, owner and lease stay
};

/// One folded entry of an execution for one transaction. `settled` events and `steps` go in whenever
/// (epoch, rev) match; `onward` events (starts), `onward_steps` (steps that began and ended in this entry),
/// `park` and `final` only if `inbox_seen` is still the row's inbox. With `final` the terminal event is the
/// last of `onward`; the store adds it where it is missing. At most one entry per execution is under way.
struct Checkpoint {
  Uuid exec_id;
  Uuid tenant;
  std::uint32_t epoch = 0;
  std::uint64_t rev = 0;
  std::uint64_t inbox_seen = 0;
  std::vector<NewEvent> settled = {};
  std::vector<StepRecord> steps = {};
  std::vector<NewEvent> onward = {};
  std::vector<StepRecord> onward_steps = {};
  Phase phase = Phase::kDispatching;
  json::Value progress = {};
  bool step_committed = false;  ///< resets the crash count
  bool compensates = false;     ///< a committed step has a compensation: a cancel while parked needs a worker
  std::optional<Park> park = {};  ///< at most one of park and final
  std::optional<Final> final = {};
};

struct Saved {
  enum class Kind {
    kSaved,         ///< all of it
    kInboxChanged,  ///< the settled part only: read the inbox, decide again
    kFenced,        ///< another epoch owns it, or it is final: drop it
  } kind = Kind::kSaved;
  std::uint64_t rev = 0;  ///< the row's after this write
  std::uint64_t next_seq = 0;
  std::uint64_t inbox = 0;
  WallTime at{};
};

/// What the row asks of its owner now.
struct Inbox {
  Uuid exec_id;
  std::uint32_t epoch = 0;
  std::uint64_t inbox = 0;
  bool stray = false;  ///< owned by the caller's worker, but not among what it said it holds
  bool cancel_requested = false;
  bool pause_requested = false;
  std::string control = {};
  std::vector<Event> events =
      {};  ///< of read_inbox: control, signal and approval events with seq > after_seq
};

struct ClaimRequest {
  Uuid exec_id;
  std::uint32_t epoch = 0;
};  ///< from a ticket: exec:epoch

/// A tool as its workers describe it (GET /tools): schemas, defaults.
struct ToolDescriptor {
  std::string name;
  json::Value descriptor;
  int workers = 0;  ///< live ones that offer it
};

struct WorkerRow {
  std::string id, name, host, version;
  std::int64_t pid = 0;
  std::vector<std::string> lanes;
  int slots = 0;
  int running = 0;
  bool keeper = false;
  bool draining = false;
  /// In renew: it knows that its lease was lost and holds nothing any more, so a dead row may live again.
  bool again = false;
  std::optional<WallTime> lease_until = {};  ///< in answers
};

class WorkStore {
 public:
  virtual ~WorkStore() = default;
  /// Claims those of `tickets` that are claimable. What is not in the answer is to be forgotten. A row that
  /// `worker_id` owns already counts as claimable (the answer to an earlier claim was lost); the caller never
  /// asks for what it holds. The worker must have renewed: one without a live lease gets nothing. One
  /// transaction, one round trip.
  virtual void claim(std::vector<ClaimRequest> tickets, std::string worker_id, MonoTime deadline,
                     Done<std::vector<Claimed>> done) = 0;
  /// Gives up to `limit` pending rows of `lanes` their first ticket, in turn over tenants, within the cap of
  /// open tickets per tenant and lane. The caller publishes them. Called when a claim said `backlog`, and by
  /// the keeper.
  virtual void feed(std::vector<std::string> lanes, int limit, MonoTime deadline,
                    Done<std::vector<Ticket>> done) = 0;
  virtual void load(Uuid tenant, Uuid exec_id, MonoTime deadline, Done<History> done) = 0;
  /// Group-committed. Answers only when known: an in-doubt commit is looked up by (epoch, rev) on a new
  /// connection. Errors: kInvalid (this entry's data is refused; SQLSTATE in code), kUnavailable (not
  /// written; try again while the lease lasts).
  virtual void checkpoint(Checkpoint entry, Done<Saved> done) = 0;
  /// Registers or renews the worker's row: lease_until = now() + ttl for all it holds. false: the row is gone
  /// (declared dead).
  virtual void renew(WorkerRow worker, Millis ttl, MonoTime deadline, Done<bool> done) = 0;
  /// The inboxes of `held` whose number differs from `seen` (parallel arrays), those no longer ours (epoch
  /// 0), and rows that `worker_id` owns but that are not in `held` (stray: a claim whose answer was lost; the
  /// caller claims them again).
  virtual void inboxes(std::string worker_id, std::vector<ClaimRequest> held, std::vector<std::uint64_t> seen,
                       MonoTime deadline, Done<std::vector<Inbox>> done) = 0;
  /// The row's flags and the control, signal and approval events after `after_seq`. Epoch 0 in the answer: no
  /// longer ours.
  virtual void read_inbox(ClaimRequest held, std::uint64_t after_seq, MonoTime deadline,
                          Done<Inbox> done) = 0;
  /// Gives executions back (drain): owner cleared, claimable at once. Answers their ids for new tickets.
  virtual void release(std::vector<ClaimRequest> held, std::string worker_id, MonoTime deadline,
                       Done<std::vector<Uuid>> done) = 0;
  /// Ends the worker's row cleanly (after release): what it still holds goes to others and counts as no
  /// crash.
  virtual void unregister(std::string worker_id, MonoTime deadline, Done<void> done) = 0;
  /// Replaces what this worker says of its tools.
  virtual void publish_tools(std::string worker_id, std::vector<ToolDescriptor> tools, MonoTime deadline,
                             Done<void> done) = 0;
};

}  // namespace pawl::store
