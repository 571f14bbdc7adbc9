// One connection against a real server: pipelines, settings, errors by kind, and what is known when it
// breaks.
#include "common/db/connection.h"

#include <gtest/gtest.h>

#include "common/db/params.h"
#include "tests/contract/db/db_fixture.h"

namespace pawl::db {
namespace {

using testing::OneConnection;
using testing::options_for;
using testing::PrivatePostgres;
using testing::turn_until;

constexpr Statement kOne{"t_one", "SELECT 1"};
constexpr Statement kSleep{"t_sleep", "SELECT pg_sleep($1::float8)"};
constexpr Statement kInsert{"t_insert", "INSERT INTO numbers (n) SELECT unnest($1::bigint[])"};
constexpr Statement kCount{"t_count", "SELECT count(*) FROM numbers"};
constexpr Statement kTenants{"t_tenants", "SELECT current_setting('pawl.tenants', true)"};
constexpr Statement kPid{"t_pid", "SELECT pg_backend_pid()"};

/// A fresh database with a table `numbers`.
std::string numbers_url() {
  PrivatePostgres& server = PrivatePostgres::shared();
  const std::string database = server.create_database();
  server.sql("CREATE TABLE numbers (n bigint PRIMARY KEY, small smallint)", database);
  return server.url(database);
}

Call insert(std::vector<std::int64_t> numbers) {
  Call call;
  call.statement = &kInsert;
  call.params.push_back(int_array(numbers));
  return call;
}

TEST(PgConnection, RunsCallsAsOneTransaction) {
  Loop loop;
  OneConnection db(loop, options_for(numbers_url()));
  std::vector<Call> calls;
  calls.push_back(insert({1, 2, 3}));
  calls.push_back({&kCount, {}});
  calls.push_back({&kCount, {}});
  const auto rows = db.run(std::move(calls));
  ASSERT_TRUE(rows) << rows.error().message;
  ASSERT_EQ(rows->size(), 3u);
  EXPECT_EQ((*rows)[0]->affected(), 3);
  EXPECT_EQ((*rows)[1]->integer(0, 0), 3);
  EXPECT_EQ((*rows)[2]->integer(0, 0), 3);

  std::vector<Call> failing;
  failing.push_back(insert({4}));
  failing.push_back(insert({1}));
  failing.push_back({&kCount, {}});
  const auto refused = db.run(std::move(failing));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "23505");
  EXPECT_EQ(refused.error().kind, ErrorKind::kConflict);
  EXPECT_EQ(db.one(kCount), "3");  // 4 was rolled back, and the connection still serves
}

TEST(PgConnection, PreparesAgainWhatAFailedPipelineSkipped) {
  Loop loop;
  OneConnection db(loop, options_for(numbers_url()));
  std::vector<Call> calls;
  calls.push_back(insert({7, 7}));
  calls.push_back({&kCount, {}});
  EXPECT_EQ(db.run(std::move(calls)).error().code, "23505");
  EXPECT_EQ(db.one(kCount), "0");
}

TEST(PgConnection, SetsItsSession) {
  Loop loop;
  auto options = options_for(PrivatePostgres::shared().url());
  PrivatePostgres::shared().sql(
      "DO $$ BEGIN CREATE ROLE pawl_role_test; EXCEPTION WHEN duplicate_object THEN NULL; END $$");
  options.role = "pawl_role_test";
  OneConnection db(loop, options);
  static constexpr Statement kShow{"t_show", "SELECT current_setting($1)"};
  EXPECT_EQ(db.one(kShow, {text_param("statement_timeout")}), "5s");
  EXPECT_EQ(db.one(kShow, {text_param("lock_timeout")}), "2s");
  EXPECT_EQ(db.one(kShow, {text_param("idle_in_transaction_session_timeout")}), "5s");
  EXPECT_EQ(db.one(kShow, {text_param("TimeZone")}), "UTC");
  EXPECT_EQ(db.one(kShow, {text_param("DateStyle")}), "ISO, MDY");
  EXPECT_EQ(db.one(kShow, {text_param("tcp_user_timeout")}),
            "0");  // the client's end has it; the server's is its own
  EXPECT_EQ(db.one(kShow, {text_param("application_name")}), "pawl-test");
  static constexpr Statement kUser{"t_user", "SELECT current_user"};
  EXPECT_EQ(db.one(kUser), "pawl_role_test");
}

TEST(PgConnection, ShowsTenantsOnlyToTheirTransaction) {
  Loop loop;
  OneConnection db(loop, options_for(PrivatePostgres::shared().url()));
  const Uuid first = *Uuid::parse("01890000-0000-7000-8000-000000000001");
  const Uuid second = *Uuid::parse("01890000-0000-7000-8000-000000000002");
  std::vector<Call> calls;
  calls.push_back({&kTenants, {}});
  const auto rows = db.run(std::move(calls), {first, second});
  ASSERT_TRUE(rows);
  EXPECT_EQ(rows->front()->text(0, 0), "{" + first.to_string() + "," + second.to_string() + "}");
  EXPECT_EQ(db.one(kTenants), "");
}

TEST(PgConnection, NamesErrorsByWhatToDo) {
  Loop loop;
  auto options = options_for(numbers_url());
  options.statement_timeout = Millis(100);
  OneConnection db(loop, options);
  const auto fails = [&](const Statement& statement, Params params) {
    std::vector<Call> calls;
    calls.push_back({&statement, std::move(params)});
    const auto result = db.run(std::move(calls));
    EXPECT_FALSE(result);
    return result ? Error{} : result.error();
  };
  static constexpr Statement kUuid{"t_uuid", "SELECT $1::uuid"};
  static constexpr Statement kText{"t_text", "SELECT $1::text"};
  static constexpr Statement kNothing{"t_nothing", "SELECT * FROM nothing_there"};
  static constexpr Statement kSmall{"t_small",
                                    "INSERT INTO numbers (n, small) VALUES (1, $1::text::smallint)"};
  EXPECT_EQ(fails(kUuid, {text_param("no uuid")}).code, "22P02");
  EXPECT_EQ(fails(kUuid, {text_param("no uuid")}).kind, ErrorKind::kInvalid);
  EXPECT_EQ(fails(kText, {text_param(std::string("a\0b", 3))}).code, "22021");
  EXPECT_EQ(fails(kSmall, {text_param("70000")}).kind, ErrorKind::kInvalid);
  EXPECT_EQ(fails(kNothing, {}).kind, ErrorKind::kInternal);
  EXPECT_EQ(fails(kSleep, {real_param(3)}).code, "57014");
  EXPECT_EQ(fails(kSleep, {real_param(3)}).kind, ErrorKind::kTimeout);
  EXPECT_EQ(db.one(kOne), "1");
  EXPECT_EQ(db.lost, "");
}

TEST(Sqlstate, SaysWhatTheCallerShouldDo) {
  const std::vector<std::pair<const char*, ErrorKind>> expected = {
      {"40001", ErrorKind::kConflict},    {"40P01", ErrorKind::kConflict},
      {"55P03", ErrorKind::kConflict},    {"23505", ErrorKind::kConflict},
      {"23503", ErrorKind::kInvalid},     {"22P02", ErrorKind::kInvalid},
      {"21000", ErrorKind::kInvalid},     {"54000", ErrorKind::kInvalid},
      {"57014", ErrorKind::kTimeout},     {"57P01", ErrorKind::kUnavailable},
      {"53300", ErrorKind::kUnavailable}, {"08006", ErrorKind::kUnavailable},
      {"25006", ErrorKind::kUnavailable}, {"42P01", ErrorKind::kInternal},
      {"XX000", ErrorKind::kInternal},    {"", ErrorKind::kInternal},
  };
  for (const auto& [state, kind] : expected) EXPECT_EQ(sqlstate_kind(state), kind) << state;
}

TEST(PgConnection, CarriesLargeAnswersAndParameters) {
  Loop loop;
  OneConnection db(loop, options_for(PrivatePostgres::shared().url()));
  static constexpr Statement kRepeat{"t_repeat", "SELECT repeat('x', $1::int) FROM generate_series(1, 20)"};
  std::vector<Call> calls;
  calls.push_back({&kRepeat, {int_param(1'000'000)}});
  const auto rows = db.run(std::move(calls));
  ASSERT_TRUE(rows);
  ASSERT_EQ(rows->front()->size(), 20u);
  EXPECT_EQ(rows->front()->text(19, 0).size(), 1'000'000u);
  static constexpr Statement kLength{"t_length", "SELECT length($1::text)"};
  EXPECT_EQ(db.one(kLength, {text_param(std::string(8'000'000, 'y'))}), "8000000");
}

TEST(PgConnection, KnowsThatATerminatedStatementDidNotCommit) {
  Loop loop;
  PrivatePostgres& server = PrivatePostgres::shared();
  OneConnection db(loop, options_for(numbers_url()));
  const std::string pid = db.one(kPid);
  std::optional<testing::RowsResult> answer;
  std::vector<Call> calls;
  calls.push_back({&kSleep, {real_param(4)}});
  db.connection->run(std::move(calls), {}, MonoTime::max(),
                     [&](testing::RowsResult result) { answer.emplace(std::move(result)); });
  server.sql("SELECT pg_terminate_backend(" + pid + ")");
  EXPECT_TRUE(turn_until(loop, [&] { return answer.has_value() && !db.lost.empty(); }));
  EXPECT_EQ(answer->error().code, "57P01");
  EXPECT_EQ(answer->error().kind, ErrorKind::kUnavailable);
  EXPECT_FALSE(db.connection->connected());
  const auto after = db.run({{&kOne, {}}});
  EXPECT_EQ(after.error().code, "not_connected");
}

TEST(PgConnection, NoticesTheEndOfAnIdleConnection) {
  Loop loop;
  OneConnection db(loop, options_for(PrivatePostgres::shared().url()));
  PrivatePostgres::shared().sql("SELECT pg_terminate_backend(" + db.one(kPid) + ")");
  EXPECT_TRUE(turn_until(loop, [&] { return db.lost == "connection_lost"; }));
}

TEST(PgConnection, IsInDoubtWhenTheServerDiesInACall) {
  Loop loop;
  PrivatePostgres server;
  server.start();
  OneConnection db(loop, options_for(server.url()));
  std::optional<testing::RowsResult> answer;
  db.connection->run({{&kSleep, {real_param(4)}}}, {}, MonoTime::max(),
                     [&](testing::RowsResult result) { answer.emplace(std::move(result)); });
  loop.run_for(Millis(20));
  server.kill9();
  EXPECT_TRUE(turn_until(loop, [&] { return answer.has_value(); }));
  EXPECT_TRUE(is_in_doubt(answer->error())) << answer->error().code;
}

TEST(PgConnection, CutsAHungServerAtTheDeadline) {
  Loop loop;
  PrivatePostgres server;
  server.start();
  OneConnection db(loop, options_for(server.url()));
  EXPECT_EQ(db.one(kOne), "1");
  server.sigstop();
  const auto start = std::chrono::steady_clock::now();
  const auto result = db.run({{&kOne, {}}}, {}, loop.now() + Millis(200));
  const auto took = std::chrono::steady_clock::now() - start;
  server.sigcont();
  EXPECT_TRUE(is_in_doubt(result.error())) << result.error().code;
  EXPECT_GE(took, Millis(150));
  EXPECT_LT(took, Millis(2000));
  EXPECT_FALSE(db.connection->connected());
}

TEST(PgConnection, IsNotInDoubtWhileTheServerCantHaveReadItAll) {
  Loop loop;
  PrivatePostgres server;
  server.start();
  OneConnection db(loop, options_for(server.url()));
  static constexpr Statement kLength{"t_length", "SELECT length($1::text)"};
  EXPECT_EQ(db.one(kLength, {text_param("abc")}), "3");
  server.sigstop();
  const auto result =
      db.run({{&kLength, {text_param(std::string(30'000'000, 'z'))}}}, {}, loop.now() + Millis(300));
  server.sigcont();
  EXPECT_EQ(result.error().code, "timeout");
}

TEST(PgConnect, TriesEveryAddress) {
  Loop loop;
  const std::string port = std::to_string(PrivatePostgres::shared().port());
  std::string url = PrivatePostgres::shared().url();
  const auto at = url.find("127.0.0.1:" + port);
  ASSERT_NE(at, std::string::npos) << url;
  url.replace(at, 10 + port.size(), "127.0.0.1:1,localhost:" + port);
  OneConnection db(loop, options_for(url));
  EXPECT_EQ(db.connect_error, "");
  ASSERT_TRUE(db.connection);
  EXPECT_EQ(db.one(kOne), "1");
}

TEST(PgConnect, SaysWhyItFailed) {
  Loop loop;
  EXPECT_EQ(OneConnection(loop, options_for("postgresql://127.0.0.1:1/x")).connect_error,
            "postgres_unavailable");
  EXPECT_EQ(OneConnection(loop, options_for("postgresql://u:secret@[bad")).connect_error, "bad_postgres_url");
  EXPECT_EQ(OneConnection(loop, options_for("postgresql://no-such-host.invalid/x")).connect_error,
            "postgres_unavailable");
  auto options = options_for(PrivatePostgres::shared().url());
  options.role = "no_such_role";
  EXPECT_EQ(OneConnection(loop, options).connect_error, "postgres_unavailable");
}

TEST(PgConnect, GivesUpOnASilentServer) {
  Loop loop;
  PrivatePostgres server;
  server.start();
  server.sigstop();
  auto options = options_for(server.url());
  options.connect_timeout = Millis(150);
  EXPECT_EQ(OneConnection(loop, options).connect_error, "connect_timeout");
  server.sigcont();
}

}  // namespace
}  // namespace pawl::db
