// The in-memory twin of the schema: the same rows and rules, one map each. Any number of FakeStores share
// one, as processes share Postgres. Everything here happens at once; time is whatever `clock` says.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/base/rng.h"
#include "common/store/accept_store.h"
#include "common/store/control_store.h"
#include "common/store/control_table.h"
#include "common/store/keeper_store.h"
#include "common/store/key_store.h"
#include "common/store/read_store.h"
#include "common/store/task_store.h"
#include "common/store/work_store.h"

namespace pawl::store {

class FakeDatabase {
 public:
  FakeDatabase(Rng& rng, std::function<WallTime()> clock) : ids_(rng), clock_(std::move(clock)) {}

  [[nodiscard]] WallTime now() const { return clock_() + skipped_; }
  /// Lets time pass for what is stored.
  void skip(Millis by) { skipped_ += by; }

  /// A row of `executions` with its `live` row, ledger and steps.
  struct Execution {
    NewExecution asked;
    Uuid id;
    WallTime created_at{};
    ExecutionStatus status = ExecutionStatus::kPending;
    Phase phase = Phase::kPending;
    std::uint32_t epoch = 0;
    std::uint64_t rev = 0, inbox = 0, next_seq = 2;
    bool ready = false, unfed = false, cancelling = false, pausing = false, held_back = false,
         compensates = false, calendar = false;
    int wakes = 0;
    std::string owner = {}, control = {};
    std::vector<std::string> crashed_owners = {};
    std::optional<WallTime> ticketed_at = {}, wake_at = {}, held_wake_at = {}, paused_at = {},
                            started_at = {}, finished_at = {};
    Micros paused_total{0};
    json::Value progress = {}, waiting_for = {}, output = {};
    std::optional<Failure> failure = {};
    std::vector<Event> ledger = {};
    std::set<std::uint64_t> control_seqs = {};  ///< events of control, signal and approval writes
    std::map<std::string, StepRecord> steps = {};

    [[nodiscard]] bool ended() const { return is_final(status); }
    [[nodiscard]] bool counted() const { return status == ExecutionStatus::kPending && ready; }
  };

  Accepted accept(const NewExecution& execution);
  std::vector<Claimed> claim(const std::vector<ClaimRequest>& tickets, const std::string& worker_id);
  std::vector<Ticket> feed(const std::optional<std::vector<std::string>>& lanes, int limit);
  Result<Saved> checkpoint(const Checkpoint& entry);
  bool renew(const WorkerRow& worker, Millis ttl);
  std::vector<Uuid> release(const std::vector<ClaimRequest>& held, const std::string& worker_id);
  void unregister(const std::string& worker_id);
  Result<ControlOutcome> control(const ControlRequest& request);
  KeeperFinds tick(const KeeperTick& what);
  bool take_turn(const std::string& worker_id, Millis ttl);
  std::int64_t housekeeping(Millis retention);
  Result<PutTask> put_task(Uuid tenant, const std::string& task_id, const json::Value& document,
                           const Sha256& hash, std::optional<int> if_match);

  /// nullptr for an unknown or foreign id.
  Execution* find(const Uuid& tenant, const Uuid& exec_id);
  Execution* find(const Uuid& exec_id);
  [[nodiscard]] const std::map<Uuid, Execution>& executions() const { return executions_; }
  [[nodiscard]] bool has_lease(const std::string& worker_id) const;

  struct Worker {
    WorkerRow row;
    WallTime lease_until{};
    bool dead = false, left_cleanly = false, survived = false;
    std::vector<ToolDescriptor> tools = {};
  };
  struct Task {
    std::vector<TaskVersion> versions;
    WallTime created_at{};
    bool removed = false;
  };
  struct Key {
    KeyRow row;
    Sha256 hash{};
  };
  std::map<std::string, Worker> workers;
  std::map<std::pair<Uuid, std::string>, Task> tasks;
  std::map<std::pair<Uuid, Sha256>, json::Value> plans;
  std::vector<Key> keys;
  std::map<std::string, Uuid> tenants;
  std::optional<Uuid> first_tenant;

 private:
  struct IdempotencyKey {
    Sha256 fingerprint{};
    Uuid exec_id;
    WallTime expires_at{};
  };
  void write_event(Execution& e, EventType type, json::Value data, bool by_control);
  void end(Execution& e, ExecutionStatus status);
  void apply(Execution& e, const Checkpoint& entry, bool fresh);
  [[nodiscard]] int open_tickets(const Uuid& tenant, const std::string& lane) const;
  [[nodiscard]] bool has_unfed(const Uuid* tenant, const std::string& lane) const;
  void apply(Execution& e, const ControlRequest& request, const ControlMove& move);
  void bury(KeeperFinds& finds, const KeeperTick& what);
  void look_for_lost(KeeperFinds& finds, const KeeperTick& what);
  Ticket ticket_of(const Execution& e, bool resume) const;

  UuidGenerator ids_;
  std::function<WallTime()> clock_;
  Micros skipped_{0};
  std::map<Uuid, Execution> executions_;
  std::map<std::pair<Uuid, std::string>, IdempotencyKey> idempotency_;
  std::map<std::pair<std::string, PriorityClass>, WallTime> newest_claimed_;
  std::string keeper_;
  WallTime keeper_until_{};
};

}  // namespace pawl::store
