// Idempotency keys as http-api.md §3 has them: the same request gives the same answer byte for byte, another
// one is refused, whatever process it comes through and however many come at once.
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <thread>
#include <vector>

#include "tests/e2e/support/stack.h"

namespace pawl::testing {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kRun = "/api/v0/executions";

class ApiIdempotency : public ::testing::Test {
 protected:
  Stack& stack = Stack::shared();
  Client client = stack.client();
  std::string plan = std::string(kEchoPlan);

  static std::string fresh() {
    static int count = 0;
    return "key-" + std::to_string(++count) + "-" +
           ::testing::UnitTest::GetInstance()->current_test_info()->name();
  }
  std::string body(int n) { return R"({"plan":)" + plan + R"(,"with":{"n":)" + std::to_string(n) + "}}"; }
  HttpAnswer run(const std::string& key, int n = 1) {
    return client.post(kRun, body(n), {{"Idempotency-Key", key}});
  }
};

TEST_F(ApiIdempotency, TheSameRequestGivesTheSameAnswer) {
  const std::string key = fresh();
  const HttpAnswer first = run(key);
  ASSERT_EQ(first.status, 202) << first.body;
  EXPECT_FALSE(first.has_header("idempotent-replayed"));
  // The order of members and white space do not make another request, and the alias of the header is the
  // header.
  const std::string shuffled = R"({ "with": {"n": 1},  "plan": )" + plan + "}";
  for (const HttpAnswer& again :
       {run(key), client.post(kRun, shuffled, {{"X-Idempotency-Key", key}}), run("\"" + key + "\""),
        stack.client(1).post(kRun, body(1), {{"Idempotency-Key", key}})}) {
    EXPECT_EQ(again.status, 202);
    EXPECT_EQ(again.body, first.body);
    EXPECT_EQ(again.header("location"), first.header("location"));
    EXPECT_EQ(again.header("idempotent-replayed"), "true");
  }
  client.wait_end(first.text("exec_id"));
  EXPECT_EQ(run(key).body, first.body);  // also when it has ended
}

TEST_F(ApiIdempotency, AKeyIsForOneRequestOnly) {
  client.put("/api/v0/tasks/idem", plan);
  const std::string key = fresh();
  ASSERT_EQ(run(key).status, 202);
  const auto reused = [](const HttpAnswer& answer) {
    EXPECT_EQ(answer.status, 422) << answer.body;
    EXPECT_EQ(answer.code(), "idempotency_key_reused");
  };
  reused(run(key, 2));
  reused(client.post("/api/v0/tasks/idem/executions/async", body(1).substr(0, 0) + R"({"with":{"n":1}})",
                     {{"Idempotency-Key", key}}));
  const std::string sync_key = fresh();
  const std::string door = "/api/v0/tasks/idem/executions/sync";
  ASSERT_EQ(client.post(door, "{}", {{"Idempotency-Key", sync_key}}).status, 200);
  reused(client.post(door + "?on_timeout=continue", "{}", {{"Idempotency-Key", sync_key}}));
  reused(client.post("/api/v0/tasks/idem/executions/async", "{}", {{"Idempotency-Key", sync_key}}));
  EXPECT_EQ(client.post(door, "", {{"Idempotency-Key", sync_key}}).status, 200);  // no body is {}
}

TEST_F(ApiIdempotency, SyncAnswersAreRepeatedToo) {
  client.put("/api/v0/tasks/idem", plan);
  client.put("/api/v0/tasks/idem-fails",
             R"({"steps":[{"id":"no","tool":"assert","with":{"that":false,"message":"no"}}]})");
  for (const auto& [task, status] : {std::pair<std::string, int>{"idem", 200}, {"idem-fails", 424}}) {
    const std::string key = fresh(), door = "/api/v0/tasks/" + task + "/executions";
    const HttpAnswer first =
        client.post(door, R"({"with":{"a":[1,{"b":2.5}],"z":null}})", {{"Idempotency-Key", key}});
    EXPECT_EQ(first.status, status) << first.body;
    const HttpAnswer again =
        client.post(door, R"({"with":{"z":null,"a":[1,{"b":2.5}]}})", {{"Idempotency-Key", key}});
    EXPECT_EQ(again.status, status);
    EXPECT_EQ(again.body, first.body);
    EXPECT_EQ(again.header("location"), first.header("location"));
    EXPECT_EQ(again.header("idempotent-replayed"), "true");
  }
}

TEST_F(ApiIdempotency, AfterATimeoutTheSameKeyWaitsAgain) {
  client.put("/api/v0/tasks/idem-slow", busy_plan(1800));
  const std::string key = fresh(), door = "/api/v0/tasks/idem-slow/executions";
  const HttpAnswer first = client.post(door, R"({"timeout":1})", {{"Idempotency-Key", key}});
  EXPECT_EQ(first.status, 408) << first.body;
  HttpAnswer again = client.post(door, R"({"timeout":1})", {{"Idempotency-Key", key}});
  if (again.status == 408) again = client.post(door, R"({"timeout":1})", {{"Idempotency-Key", key}});
  EXPECT_EQ(again.status, 200) << again.body;
  EXPECT_EQ(again.text("exec_id"), first.text("exec_id"));
}

TEST_F(ApiIdempotency, MalformedKeysAreRefused) {
  for (const std::string& key : {std::string(256, 'k'), std::string("a b"), std::string("\"\""),
                                 std::string("k\xc3\xa9"), std::string("a\tb")}) {
    const HttpAnswer answer = run(key);
    EXPECT_EQ(answer.status, 400) << key;
    EXPECT_EQ(answer.code(), "idempotency_key_invalid") << key;
    EXPECT_EQ(client.post("/api/v0/tasks/nowhere/executions/async", "{}", {{"Idempotency-Key", key}}).status,
              400)
        << key;
  }
  EXPECT_EQ(run("k\x7f").status, 400);  // no header may hold that
  EXPECT_EQ(run(std::string(255, 'k')).status, 202);
  EXPECT_EQ(client.post(kRun, body(1), {{"Idempotency-Key", "a"}, {"X-Idempotency-Key", "b"}}).status, 400);
  EXPECT_EQ(
      client.post(kRun, body(1), {{"Idempotency-Key", "same-one"}, {"X-Idempotency-Key", "\"same-one\""}})
          .status,
      202);
}

TEST_F(ApiIdempotency, ARefusedRequestLeavesTheKeyFree) {
  const std::string key = fresh();
  EXPECT_EQ(client.post(kRun, R"({"plan":{}})", {{"Idempotency-Key", key}}).status, 422);
  EXPECT_EQ(client.post("/api/v0/tasks/nowhere/executions/async", "{}", {{"Idempotency-Key", key}}).status,
            404);
  const HttpAnswer answer = run(key);
  EXPECT_EQ(answer.status, 202);
  EXPECT_FALSE(answer.has_header("idempotent-replayed"));
}

TEST_F(ApiIdempotency, TenantsHaveKeySpacesOfTheirOwn) {
  const std::string key = fresh();
  Client other = stack.client_with(kAllScopes, "idem-tenant");
  const HttpAnswer mine = run(key);
  const HttpAnswer theirs = other.post(kRun, body(1), {{"Idempotency-Key", key}});
  EXPECT_EQ(mine.status, 202);
  EXPECT_EQ(theirs.status, 202);
  EXPECT_NE(mine.text("exec_id"), theirs.text("exec_id"));
  EXPECT_FALSE(theirs.has_header("idempotent-replayed"));
}

TEST_F(ApiIdempotency, AnExpiredKeyIsFreeAgain) {
  const std::string key = fresh();
  const std::string first = run(key).text("exec_id");
  EXPECT_EQ(run(key).text("exec_id"), first);
  stack.sql("UPDATE idempotency_keys SET expires_at = now() - interval '1 second'");
  const HttpAnswer later = run(key, 2);
  EXPECT_EQ(later.status, 202) << later.body;
  EXPECT_NE(later.text("exec_id"), first);
}

TEST_F(ApiIdempotency, AHundredAtOnceOverTwoProcessesMakeOneExecution) {
  const std::string key = fresh();
  const std::string text = R"({"plan":)" + plan + R"(,"labels":{"hundred":")" + key + "\"}}";
  std::vector<HttpAnswer> answers(100);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    threads.emplace_back([&, i] {
      answers[i] = stack.client(i % 2).post(kRun, text, {{"Idempotency-Key", key}});
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::set<std::string> ids, bodies;
  int fresh_ones = 0;
  for (const HttpAnswer& answer : answers) {
    ASSERT_TRUE(answer.status == 202 || (answer.status == 409 && answer.code() == "idempotency_in_progress"))
        << answer.status << answer.body;
    if (answer.status == 409) continue;
    ids.insert(answer.text("exec_id"));
    bodies.insert(answer.body);
    if (!answer.has_header("idempotent-replayed")) ++fresh_ones;
  }
  EXPECT_EQ(ids.size(), 1u);
  EXPECT_EQ(bodies.size(), 1u);
  EXPECT_EQ(fresh_ones, 1);
  EXPECT_EQ(client.get("/api/v0/executions?label.hundred=" + key).data("items").as_array().size(), 1u);
}

TEST_F(ApiIdempotency, ABatchIsRepeatedWhole) {
  client.put("/api/v0/tasks/idem", plan);
  const std::string key = fresh(), door = "/api/v0/tasks/idem/executions/batch";
  const std::string items = R"({"items":[{"with":{"n":1}},{"with":{"n":2}}]})";
  const HttpAnswer first = client.post(door, items, {{"Idempotency-Key", key}});
  const HttpAnswer again = client.post(door, items, {{"Idempotency-Key", key}});
  ASSERT_EQ(first.status, 200) << first.body;
  for (const std::string at : {"items.0.data.exec_id", "items.1.data.exec_id"})
    EXPECT_EQ(again.text(at), first.text(at));
  EXPECT_EQ(again.body, first.body);
  EXPECT_EQ(again.header("idempotent-replayed"), "true");
}

}  // namespace
}  // namespace pawl::testing
