// The pool against real servers that stop, freeze and come back.
#include "common/db/pool.h"

#include <gtest/gtest.h>

#include "common/db/params.h"
#include "tests/contract/db/db_fixture.h"

namespace pawl::db {
namespace {

using testing::options_for;
using testing::PrivatePostgres;
using testing::turn_until;

constexpr Statement kOne{"pool_one", "SELECT 1"};
constexpr Statement kSleep{"pool_sleep", "SELECT pg_sleep($1::float8)"};

struct PoolRig {
  Loop loop;
  SeededRng rng{7};
  std::unique_ptr<Pool> pool;
  std::vector<bool> health;

  explicit PoolRig(const std::string& url, int size = 2, std::size_t max_waiting = 4096) {
    PoolOptions options;
    options.connection = options_for(url);
    options.connection.connect_timeout = Millis(1000);
    options.size = size;
    options.max_waiting = max_waiting;
    options.reconnect_max = Millis(300);
    pool = make_pool(loop, rng, Log(), std::move(options));
    pool->on_health([this](bool healthy) { health.push_back(healthy); });
  }

  /// The code of the outcome, "ok" when it worked, "" as long as there is none.
  std::shared_ptr<std::string> start(const Statement& statement, Params params, Millis within) {
    auto outcome = std::make_shared<std::string>();
    std::vector<Call> calls;
    calls.push_back({&statement, std::move(params)});
    pool->run(std::move(calls), {}, loop.now() + within,
              [outcome](testing::RowsResult result) { *outcome = result ? "ok" : result.error().code; });
    EXPECT_EQ(*outcome, "") << "answered inside the call";
    return outcome;
  }
  std::string run(const Statement& statement, Params params = {}, Millis within = Millis(8000)) {
    const auto outcome = start(statement, std::move(params), within);
    EXPECT_TRUE(turn_until(loop, [&] { return !outcome->empty(); }));
    return *outcome;
  }
};

TEST(PgPool, AnswersMoreCallsThanItHasConnections) {
  PoolRig rig(PrivatePostgres::shared().url());
  std::vector<std::shared_ptr<std::string>> outcomes;
  for (int i = 0; i < 200; ++i) outcomes.push_back(rig.start(kOne, {}, Millis(8000)));
  EXPECT_TRUE(turn_until(rig.loop, [&] {
    return std::all_of(outcomes.begin(), outcomes.end(), [](const auto& one) { return *one == "ok"; });
  }));
  EXPECT_TRUE(rig.pool->healthy());
  EXPECT_EQ(rig.health, std::vector<bool>{true});
}

TEST(PgPool, RefusesWhatDoesNotFitItsQueue) {
  PoolRig rig(PrivatePostgres::shared().url(), 1, 2);
  EXPECT_EQ(rig.run(kOne), "ok");
  const auto running = rig.start(kSleep, {real_param(0.2)}, Millis(5000));
  const auto first = rig.start(kOne, {}, Millis(5000));
  const auto second = rig.start(kOne, {}, Millis(5000));
  const auto third = rig.start(kOne, {}, Millis(5000));
  EXPECT_TRUE(turn_until(rig.loop, [&] { return !second->empty(); }));
  EXPECT_EQ(*running, "ok");
  EXPECT_EQ(*first, "ok");
  EXPECT_EQ(*third, "database_queue_full");
}

TEST(PgPool, GivesUpAWaitingCallAtItsDeadline) {
  PoolRig rig(PrivatePostgres::shared().url(), 1);
  EXPECT_EQ(rig.run(kOne), "ok");
  const auto running = rig.start(kSleep, {real_param(0.4)}, Millis(5000));
  const auto later = rig.start(kOne, {}, Millis(5000));
  const auto sooner = rig.start(kOne, {}, Millis(50));
  EXPECT_TRUE(turn_until(rig.loop, [&] { return !sooner->empty(); }));
  EXPECT_EQ(*sooner, "timeout");
  EXPECT_EQ(*running, "");
  EXPECT_TRUE(turn_until(rig.loop, [&] { return !later->empty(); }));
  EXPECT_EQ(*later, "ok");
}

TEST(PgPool, DoesNotStartWhatIsTooLate) {
  PoolRig rig(PrivatePostgres::shared().url(), 1);
  EXPECT_EQ(rig.run(kOne), "ok");
  EXPECT_EQ(rig.run(kOne, {}, Millis(0)), "timeout");
  const auto late = rig.start(kOne, {}, Millis(0));
  const auto fine = rig.start(kOne, {}, Millis(5000));
  EXPECT_TRUE(turn_until(rig.loop, [&] { return !fine->empty() && !late->empty(); }));
  EXPECT_EQ(*late, "timeout");
  EXPECT_EQ(*fine, "ok");
  EXPECT_EQ(rig.health, std::vector<bool>{true});  // the connection was not cut
}

TEST(PgPool, SaysSoWhileThereIsNoServer) {
  PoolRig rig("postgresql://127.0.0.1:1/x");
  EXPECT_EQ(rig.run(kOne, {}, Millis(100)), "postgres_unavailable");
  EXPECT_FALSE(rig.pool->healthy());
  EXPECT_TRUE(rig.health.empty());
}

TEST(PgPool, ComesBackWithTheServer) {
  PrivatePostgres server;
  server.start();
  PoolRig rig(server.url());
  EXPECT_EQ(rig.run(kOne), "ok");
  const auto running = rig.start(kSleep, {real_param(4)}, Millis(8000));
  rig.loop.run_for(Millis(20));
  server.kill9();
  EXPECT_TRUE(turn_until(rig.loop, [&] { return !running->empty() && !rig.pool->healthy(); }));
  EXPECT_EQ(*running, "in_doubt");
  const auto waiting = rig.start(kOne, {}, Millis(20'000));
  rig.loop.run_for(Millis(50));
  server.start();
  EXPECT_TRUE(turn_until(
      rig.loop, [&] { return *waiting == "ok"; }, Millis(20'000)));
  EXPECT_EQ(rig.health, (std::vector<bool>{true, false, true}));
}

TEST(PgPool, ReplacesAConnectionThatHangs) {
  PrivatePostgres server;
  server.start();
  PoolRig rig(server.url(), 1);
  EXPECT_EQ(rig.run(kOne), "ok");
  server.sigstop();
  const std::string hung = rig.run(kOne, {}, Millis(150));
  server.sigcont();
  EXPECT_EQ(hung, "in_doubt");
  EXPECT_EQ(rig.run(kOne), "ok");
}

TEST(PgPool, MayBeDestroyedByACallback) {
  PoolRig rig(PrivatePostgres::shared().url(), 1);
  bool called = false;
  rig.pool->run({{&kOne, {}}}, {}, rig.loop.now() + Millis(5000), [&](testing::RowsResult) {
    called = true;
    rig.pool.reset();
  });
  rig.pool->run({{&kOne, {}}}, {}, rig.loop.now() + Millis(5000),
                [](testing::RowsResult) { FAIL() << "after the end"; });
  EXPECT_TRUE(turn_until(rig.loop, [&] { return called; }));
  rig.loop.run_for(Millis(20));
}

}  // namespace
}  // namespace pawl::db
