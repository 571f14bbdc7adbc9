// All ports of the store over a FakeDatabase, for the engine's unit tests and the simulation: the same
// semantics as Postgres (one contract suite runs on both), answers on a later turn, and switches for the
// faults that Postgres only has by accident.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/store/fake_database.h"

namespace pawl::store {

/// What happens to a call.
enum class StoreFault : std::uint8_t {
  kUnavailable,  ///< nothing is written; kUnavailable/unavailable
  kAnswerLost,  ///< it is written, but the caller hears kTimeout (of accept and checkpoint, which resolve it:
                ///< a late answer)
  kNotWritten,  ///< nothing is written; the caller hears kTimeout (of accept and checkpoint, which write
                ///< again: a late answer)
};

/// One process' view. `post` runs a function on a later turn; `after` once a delay has passed.
class FakeStore final : public AcceptStore,
                        public TaskStore,
                        public PlanStore,
                        public ReadStore,
                        public ControlStore,
                        public WorkStore,
                        public KeeperStore,
                        public KeyStore {
 public:
  using Post = std::function<void(std::function<void()>)>;
  using After = std::function<void(Millis, std::function<void()>)>;
  FakeStore(std::shared_ptr<FakeDatabase> database, Post post, After after = nullptr)
      : database_(std::move(database)), post_(std::move(post)), after_(std::move(after)) {}

  /// The next call of `operation` ("accept", "claim", …; "" = any) meets `fault`. Calls add up,
  /// in order.
  void fault_next(const std::string& operation, StoreFault fault) { faults_[operation].push_back(fault); }
  /// Every answer comes so much later.
  void delay(Millis by) { delay_ = by; }
  /// As if the keeper had given it to somebody else: the epoch moves, the owner is gone.
  void fence(const Uuid& exec_id);
  /// Calls answered so far, by operation.
  [[nodiscard]] const std::map<std::string, int>& calls() const { return calls_; }
  [[nodiscard]] FakeDatabase& database() { return *database_; }

  void accept(NewExecution execution, MonoTime deadline, Done<Accepted> done) override;

  void put(Uuid tenant, std::string task_id, json::Value document, Sha256 hash, std::optional<int> if_match,
           MonoTime deadline, Done<PutTask> done) override;
  void get(Uuid tenant, std::string task_id, int version, MonoTime deadline, Done<TaskVersion> done) override;
  void list(Uuid tenant, std::string query, Page page, MonoTime deadline, Done<TaskList> done) override;
  void versions(Uuid tenant, std::string task_id, MonoTime deadline, Done<TaskList> done) override;
  void remove(Uuid tenant, std::string task_id, MonoTime deadline, Done<void> done) override;
  void plan(Uuid tenant, Sha256 hash, MonoTime deadline, Done<json::Value> done) override;

  void get(Uuid tenant, Uuid exec_id, MonoTime deadline, Done<ExecutionRow> done) override;
  void steps(Uuid tenant, Uuid exec_id, std::optional<std::string> path, MonoTime deadline,
             Done<std::vector<StepRecord>> done) override;
  void events(Uuid tenant, Uuid exec_id, std::uint64_t after_seq, int limit, MonoTime deadline,
              Done<std::vector<Event>> done) override;
  void list(Uuid tenant, ExecutionFilter filter, Page page, MonoTime deadline,
            Done<ExecutionList> done) override;
  void stats(Uuid tenant, MonoTime deadline, Done<Stats> done) override;
  void workers(MonoTime deadline, Done<std::vector<WorkerRow>> done) override;
  void tools(MonoTime deadline, Done<std::vector<ToolDescriptor>> done) override;

  void control(ControlRequest request, MonoTime deadline, Done<ControlOutcome> done) override;

  void claim(std::vector<ClaimRequest> tickets, std::string worker_id, MonoTime deadline,
             Done<std::vector<Claimed>> done) override;
  void feed(std::vector<std::string> lanes, int limit, MonoTime deadline,
            Done<std::vector<Ticket>> done) override;
  void load(Uuid tenant, Uuid exec_id, MonoTime deadline, Done<History> done) override;
  void checkpoint(Checkpoint entry, Done<Saved> done) override;
  void renew(WorkerRow worker, Millis ttl, MonoTime deadline, Done<bool> done) override;
  void inboxes(std::string worker_id, std::vector<ClaimRequest> held, std::vector<std::uint64_t> seen,
               MonoTime deadline, Done<std::vector<Inbox>> done) override;
  void read_inbox(ClaimRequest held, std::uint64_t after_seq, MonoTime deadline, Done<Inbox> done) override;
  void release(std::vector<ClaimRequest> held, std::string worker_id, MonoTime deadline,
               Done<std::vector<Uuid>> done) override;
  void unregister(std::string worker_id, MonoTime deadline, Done<void> done) override;
  void publish_tools(std::string worker_id, std::vector<ToolDescriptor> tools, MonoTime deadline,
                     Done<void> done) override;

  void take_turn(std::string worker_id, Millis ttl, MonoTime deadline, Done<bool> done) override;
  void tick(KeeperTick what, MonoTime deadline, Done<KeeperFinds> done) override;
  void housekeeping(Millis retention, MonoTime deadline, Done<std::int64_t> done) override;

  void find(Sha256 hash, MonoTime deadline, Done<KeyRow> done) override;
  void create(KeyRow row, Sha256 hash, std::string tenant_name, MonoTime deadline,
              Done<KeyRow> done) override;
  void list(Uuid tenant, MonoTime deadline, Done<std::vector<KeyRow>> done) override;
  void revoke(Uuid tenant, Uuid id, MonoTime deadline, Done<void> done) override;
  void bootstrap(KeyRow row, Sha256 hash, MonoTime deadline, Done<std::optional<KeyRow>> done) override;

 private:
  std::optional<StoreFault> take_fault(const std::string& operation);
  void later(std::function<void()> fn);
  /// Runs `act` on the data now or not, and answers later: the one place where faults happen.
  template <typename T>
  void answer(const char* operation, Done<T> done, std::function<Result<T>(FakeDatabase&)> act);

  std::shared_ptr<FakeDatabase> database_;
  Post post_;
  After after_;
  Millis delay_{0};
  std::map<std::string, std::vector<StoreFault>> faults_;
  std::map<std::string, int> calls_;
};

}  // namespace pawl::store
