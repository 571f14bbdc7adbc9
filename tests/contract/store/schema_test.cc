// What the schema itself refuses, whatever the code above it does: foreign tenants, second ends, second
// commits, old days.
#include "common/store/presence.h"
#include "tests/contract/store/postgres_world.h"

namespace pawl::testing {
namespace {

class Schema : public ::testing::Test {
 protected:
  static std::string sql(const std::string& statements) {
    static Loop loop;
    static const auto world = make_postgres_world(loop);
    std::string answer = PrivatePostgres::shared().sql(statements, database_of(*world));
    while (!answer.empty() && answer.back() == '\n') answer.pop_back();
    return answer;
  }
  static constexpr const char* kInsert =
      "INSERT INTO executions (exec_id, tenant_id, created_at, task_version, priority, plan_hash, lane) ";
};

TEST_F(Schema, WithoutATenantNothingIsSeenOrWritten) {
  sql(std::string(kInsert) +
      "VALUES (pawl_id_floor(now()), '00000000-0000-0000-0000-0000000000aa', now(), 1, 5, '\\x00', "
      "'default')");
  EXPECT_EQ(sql("SET ROLE pawl_api; SELECT count(*) FROM executions"), "0");
  EXPECT_EQ(sql("BEGIN; SET LOCAL pawl.tenants = '{00000000-0000-0000-0000-0000000000aa}'; COMMIT; SET ROLE "
                "pawl_api; "
                "SELECT count(*) FROM executions"),
            "0")
      << "nor does an earlier transaction's setting stay";
  EXPECT_EQ(sql("SET ROLE pawl_api; SET pawl.tenants = '{00000000-0000-0000-0000-0000000000aa}'; SELECT "
                "count(*) FROM executions"),
            "1");
  EXPECT_EQ(sql("SET ROLE pawl_worker; SELECT count(*) FROM executions"), "1");
  EXPECT_THROW(sql("SET ROLE pawl_api; SET pawl.tenants = '{00000000-0000-0000-0000-0000000000bb}'; " +
                   std::string(kInsert) +
                   "VALUES (pawl_id_floor(now()), '00000000-0000-0000-0000-0000000000aa', now(), 1, 5, "
                   "'\\x00', 'default')"),
               std::exception);
  EXPECT_THROW(sql("SET ROLE pawl_api; SELECT count(*) FROM executions_" +
                   sql("SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYYMMDD')")),
               std::exception)
      << "a partition is not a way round";
}

TEST_F(Schema, ASecondEndAndASecondCommitAreImpossible) {
  const std::string event =
      "INSERT INTO events (exec_id, tenant_id, first_seq, last_seq, at, epoch, terminal, body) "
      "VALUES (pawl_id_floor(now()::date + interval '1 hour'), gen_random_uuid(), ";
  sql(event + "2, 2, now(), 1, true, '[]')");
  EXPECT_THROW(sql(event + "3, 3, now(), 1, true, '[]')"), std::exception);
  EXPECT_NO_THROW(sql(event + "3, 3, now(), 1, false, '[]')"));
  EXPECT_THROW(sql(event + "3, 3, now(), 1, false, '[]')"), std::exception) << "nor two events of one number";
  const std::string step =
      "INSERT INTO steps (exec_id, tenant_id, position, status, attempt, max_attempts, path, kind) "
      "VALUES (pawl_id_floor(now()::date), gen_random_uuid(), 1, 'completed', 1, 1, 'a', 'tool')";
  sql(step);
  EXPECT_THROW(sql(step), std::exception);
}

TEST_F(Schema, EveryMomentAroundMidnightHasAPartition) {
  const std::string day = "date_trunc('day', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC'";
  for (const char* offset :
       {"-1 day", "-1 millisecond", "0", "1 millisecond", "1 day -1 millisecond", "1 day", "3 days"}) {
    EXPECT_NO_THROW(sql(std::string(kInsert) + "VALUES (pawl_id_floor(" + day + " + interval '" + offset +
                        "'), gen_random_uuid(), now(), 1, 5, '\\x00', 'default')"))
        << offset;
  }
  EXPECT_EQ(sql("SELECT tableoid::regclass::text LIKE '%' || to_char(now() AT TIME ZONE 'UTC', 'YYYYMMDD') "
                "FROM executions "
                "WHERE exec_id = pawl_id_floor(" +
                day + ")"),
            "t")
      << "midnight belongs to the day that begins";
  EXPECT_THROW(
      sql(std::string(kInsert) +
          "VALUES (pawl_id_floor(now() + interval '9 days'), gen_random_uuid(), now(), 1, 5, '\\x00', 'x')"),
      std::exception)
      << "no default partition";
  EXPECT_EQ(sql("SET ROLE pawl_worker; SELECT pawl_make_partitions(9)"), "30");
  EXPECT_EQ(sql("SET ROLE pawl_worker; SELECT pawl_make_partitions(9)"), "0");
}

TEST_F(Schema, ADayIsDroppedOnlyWhenItIsOver) {
  EXPECT_THROW(sql("SET ROLE pawl_worker; SELECT pawl_drop_day((now() AT TIME ZONE 'UTC')::date)"),
               std::exception);
  sql("SELECT pawl_make_day((now() AT TIME ZONE 'UTC')::date - 40)");
  EXPECT_EQ(sql("SET ROLE pawl_worker; SELECT pawl_drop_day((now() AT TIME ZONE 'UTC')::date - 40)"), "5");
  EXPECT_THROW(sql("SET ROLE pawl_api; SELECT pawl_drop_day((now() AT TIME ZONE 'UTC')::date - 40)"),
               std::exception);
}

TEST_F(Schema, TimeInAnIdIsReadBack) {
  EXPECT_EQ(sql("SELECT pawl_id_time(pawl_id_floor('2026-11-20 10:00:00.123+00')) = '2026-11-20 "
                "10:00:00.123+00'::timestamptz"),
            "t");
}

TEST(AcceptDeadline, APastOneIsATimeoutAndStoresNothing) {
  Loop loop;
  const auto world = make_postgres_world(loop);
  store::NewExecution late;
  late.tenant = *Uuid::parse("00000000-0000-7000-8000-0000000000aa");
  std::optional<Result<store::Accepted>> answer;
  world->accept().accept(late, loop.now() - Millis(1), [&](auto a) { answer.emplace(std::move(a)); });
  for (int i = 0; i < 500 && !answer; ++i) loop.run_for(Millis(10));
  ASSERT_TRUE(answer);
  ASSERT_FALSE(*answer);
  EXPECT_EQ(answer->error().code, "unavailable");
  EXPECT_EQ(PrivatePostgres::shared().sql("SELECT count(*) FROM executions", database_of(*world)), "0\n");
}

// A worker whose connection goes is found dead long before its lease ends; one that comes back in time is
// not.
TEST(PresenceLock, GoesWithItsConnection) {
  Loop loop;
  SeededRng rng(3);
  const auto world = make_postgres_world(loop);
  const std::string database = database_of(*world);
  PrivatePostgres::shared().sql(
      "INSERT INTO workers (id, lease_until, pid, slots, running, name, host, version, lanes) "
      "VALUES ('w1', now() + interval '1 hour', 1, 1, 0, '', '', '', '{}')",
      database);
  const auto turn = [&](Millis time) {
    const auto end = std::chrono::steady_clock::now() + time;
    while (std::chrono::steady_clock::now() < end) loop.run_for(Millis(10));
  };
  const auto dead = [&] {
    std::optional<bool> answered;
    store::KeeperTick what;
    what.lease = Millis(0);  // this server has just been started
    world->keeper().tick(what, loop.now() + Millis(5000),
                         [&](const Result<store::KeeperFinds>& finds) { answered = finds.has_value(); });
    while (!answered) loop.run_for(Millis(10));
    return PrivatePostgres::shared().sql("SELECT dead_at IS NOT NULL FROM workers", database) == "t\n";
  };
  db::ConnectionOptions options;
  options.url = PrivatePostgres::shared().url(database);
  options.role = "pawl_worker";
  auto presence = std::make_unique<store::Presence>(loop, rng, Log(), options, "w1");
  while (!presence->held()) loop.run_for(Millis(10));
  EXPECT_FALSE(dead());
  PrivatePostgres::shared().sql(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'pawl-presence' "
      "AND datname = '" +
      database + "'");
  turn(Millis(400));
  EXPECT_TRUE(presence->held()) << "taken again at once";
  EXPECT_FALSE(dead());
  presence.reset();
  turn(Millis(50));
  EXPECT_FALSE(dead()) << "one look is not enough";
  turn(Millis(350));
  EXPECT_TRUE(dead());
}

// Pawl's retention over real days: one that is finished goes whole, one with an unfinished execution is
// thinned.
TEST(Retention, DropsFinishedDaysAndThinsTheOthers) {
  Loop loop;
  const auto world = make_postgres_world(loop);
  const std::string database = database_of(*world);
  const auto sql = [&](const std::string& statements) {
    return PrivatePostgres::shared().sql(statements, database);
  };
  for (const char* age : {"40", "41"}) {
    sql("SELECT pawl_make_day((now() AT TIME ZONE 'UTC')::date - " + std::string(age) + ")");
    sql("INSERT INTO executions (exec_id, tenant_id, created_at, task_version, priority, plan_hash, lane, "
        "final_status) "
        "VALUES (pawl_id_floor(now() - interval '" +
        std::string(age) + " days'), gen_random_uuid(), now(), 1, 5, '\\x00', 'x', 'completed')");
  }
  sql("INSERT INTO live (exec_id, tenant_id, priority, status, ready, lane) "
      "VALUES (pawl_id_floor(date_trunc('day', now() AT TIME ZONE 'UTC') - interval '41 days' + interval '12 "
      "hours'), gen_random_uuid(), 5, "
      "'waiting', false, 'x')");
  std::optional<Result<std::int64_t>> removed;
  world->keeper().housekeeping(Millis(30LL * 24 * 3600 * 1000), loop.now() + Millis(5000),
                               [&](auto r) { removed.emplace(std::move(r)); });
  for (int i = 0; i < 500 && !removed; ++i) loop.run_for(Millis(10));
  ASSERT_TRUE(removed && *removed) << (removed ? removed->error().message : "no answer");
  EXPECT_EQ(**removed, 2);
  EXPECT_EQ(sql("SELECT count(*) FROM executions"), "0\n");
  EXPECT_EQ(
      sql("SELECT count(*) FROM pg_class WHERE relname LIKE 'executions_2%' AND relkind = 'r' AND relname < "
          "to_char((now() AT TIME ZONE 'UTC')::date - 30, '\"executions_\"YYYYMMDD')"),
      "1\n");
}

}  // namespace
}  // namespace pawl::testing
