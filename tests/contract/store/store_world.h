// The store under test: the real one on a private Postgres, or its in-memory twin. Every test of the suite
// runs on both.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>

#include "common/base/rng.h"
#include "common/loop/loop.h"
#include "common/model/catalogue.h"
#include "common/store/accept_store.h"
#include "common/store/breaker_store.h"
#include "common/store/control_store.h"
#include "common/store/keeper_store.h"
#include "common/store/key_store.h"
#include "common/store/read_store.h"
#include "common/store/task_store.h"
#include "common/store/work_store.h"

namespace pawl::testing {

enum class StoreKind { kFake, kPostgres };

/// All ports of one store. A second world over the same data is another process: other connections, other
/// batches.
class StoreWorld {
 public:
  virtual ~StoreWorld() = default;
  virtual store::AcceptStore& accept() = 0;
  virtual store::TaskStore& tasks() = 0;
  virtual store::PlanStore& plans() = 0;
  virtual store::ReadStore& read() = 0;
  virtual store::ControlStore& control() = 0;
  virtual store::WorkStore& work() = 0;
  virtual store::KeeperStore& keeper() = 0;
  virtual store::KeyStore& keys() = 0;
  virtual store::BreakerStore& breakers() = 0;
  /// Moves the store's clock for everything stored so far: rows look `by` older.
  virtual void age(Millis by) = 0;
};

std::unique_ptr<StoreWorld> make_fake_world(Loop& loop, const StoreWorld* like);
/// An empty store. `like`: another process on the data of that world.
std::unique_ptr<StoreWorld> make_world(StoreKind kind, Loop& loop, const StoreWorld* like = nullptr);

std::vector<StoreKind> store_kinds();
std::string kind_name(const ::testing::TestParamInfo<StoreKind>& info);

class StoreContract : public ::testing::TestWithParam<StoreKind> {
 protected:
  StoreContract();
  ~StoreContract() override;

  /// Waits for one answer of a port: `wait<T>([&](auto done) { port.call(…, done); })`.
  template <typename T, typename Start>
  Result<T> wait(Start start) {
    std::optional<Result<T>> answer;
    start(Done<T>([&answer](Result<T> result) {
      EXPECT_FALSE(answer.has_value()) << "answered twice";
      answer.emplace(std::move(result));
    }));
    EXPECT_FALSE(answer.has_value()) << "answered inside the call";
    turn_until([&answer] { return answer.has_value(); });
    if (!answer) return fail(ErrorKind::kTimeout, "test", "no answer");
    return std::move(*answer);
  }
  void turn_until(const std::function<bool()>& condition);
  [[nodiscard]] MonoTime soon() const { return loop_.now() + Millis(5000); }

  store::NewExecution execution(std::string lane = "default");
  store::Accepted accept(store::NewExecution execution);
  /// Accepts, and claims with `worker` (which is made to have a lease).
  store::Claimed claimed(std::string worker = "w1");
  void lease(const std::string& worker, Millis ttl = Millis(15'000));
  std::vector<store::Claimed> claim(std::vector<store::ClaimRequest> tickets,
                                    const std::string& worker = "w1");
  store::Saved save(store::Checkpoint entry);
  static store::Checkpoint entry_of(const store::Claimed& claimed);
  static store::Checkpoint finish_of(const store::Claimed& claimed,
                                     ExecutionStatus status = ExecutionStatus::kCompleted);
  static StepRecord step(std::string path, json::Value output = {});
  store::ExecutionRow row(const Uuid& exec_id);
  std::vector<Event> ledger(const Uuid& exec_id);
  Result<store::ControlOutcome> control(const Uuid& exec_id, store::ControlKind kind);
  store::KeeperFinds tick(store::KeeperTick what = {});

  Loop loop_;
  SeededRng rng_{7};
  Uuid tenant_;
  Sha256 plan_hash_{};
  std::unique_ptr<StoreWorld> world_;
};

std::vector<std::string> types_of(const std::vector<Event>& events);

}  // namespace pawl::testing
