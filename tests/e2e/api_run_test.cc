// Running tasks through every door: sync, async, inline and batch; what the body may say; what the answers
// hold.
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "common/json/write.h"
#include "tests/e2e/support/stack.h"

namespace pawl::testing {
namespace {

using namespace std::chrono_literals;

class ApiRun : public ::testing::Test {
 protected:
  Stack& stack = Stack::shared();
  Client client = stack.client();

  void put(const std::string& id, std::string_view task) {
    const HttpAnswer answer = client.put("/api/v0/tasks/" + id, task);
    ASSERT_TRUE(answer.status == 200 || answer.status == 201) << answer.body;
  }
  static std::string door(const std::string& id, const std::string& kind = "") {
    return "/api/v0/tasks/" + id + "/executions" + (kind.empty() ? "" : "/" + kind);
  }
};

TEST_F(ApiRun, SyncAnswersWithTheOutput) {
  put("echo", kEchoPlan);
  for (const std::string kind : {"", "sync"}) {
    const HttpAnswer answer = client.post(door("echo", kind), R"({"with":{"n":7}})");
    EXPECT_EQ(answer.status, 200) << answer.body;
    EXPECT_EQ(answer.text("status"), "completed");
    EXPECT_EQ(answer.data("output.n").as_int(), 7);
    EXPECT_EQ(answer.header("location"), "/api/v0/executions/tasks/" + answer.text("exec_id"));
    EXPECT_EQ(member(answer.json(), "status").as_int(), 200);
    EXPECT_TRUE(member(answer.json(), "message").is_string());
  }
  EXPECT_EQ(client.post(door("echo")).status, 200);  // no body at all is {}
}

TEST_F(ApiRun, AsyncAnswersOnceItIsStored) {
  put("echo", kEchoPlan);
  const HttpAnswer answer =
      client.post(door("echo", "async"), R"({"with":{"n":7},"labels":{"who":"me"},"priority":9})");
  ASSERT_EQ(answer.status, 202) << answer.body;
  const std::string id = answer.text("exec_id");
  EXPECT_EQ(answer.text("exec_url"), "/api/v0/executions/tasks/" + id);
  EXPECT_EQ(answer.text("stream_url"), "/api/v0/executions/tasks/" + id + "/stream");
  EXPECT_EQ(answer.header("location"), answer.text("exec_url"));
  EXPECT_EQ(client.get(answer.text("exec_url")).status, 200);  // at once, whoever runs it
  const json::Value ended = client.wait_end(id);
  EXPECT_EQ(member(ended, "status").as_string(), "completed");
  EXPECT_EQ(member(ended, "task_id").as_string(), "echo");
  EXPECT_EQ(member(ended, "priority").as_int(), 9);
  EXPECT_EQ(member(ended, "labels.who").as_string(), "me");
  EXPECT_EQ(member(ended, "progress.percent").as_int(), 100);
  EXPECT_EQ(member(ended, "links.steps").as_string(), "/api/v0/executions/tasks/" + id + "/steps");
  EXPECT_EQ(json::write(client.get("/api/v0/executions/" + id).data()),
            json::write(ended));  // the alias shows the same
}

TEST_F(ApiRun, AFailedExecutionIsASuccessfulAnswerAboutAFailure) {
  put("fails",
      R"({"steps":[{"id":"no","tool":"assert","with":{"that":false,"message":"two is not three"}}]})");
  const HttpAnswer answer = client.post(door("fails"));
  EXPECT_EQ(answer.status, 424) << answer.body;
  EXPECT_EQ(answer.code(), "execution_failed");
  EXPECT_EQ(answer.text("status"), "failed");
  const json::Value details = member(answer.json(), "error.details");
  EXPECT_EQ(member(details, "step").as_string(), "no");
  EXPECT_EQ(member(details, "category").as_string(), "logic");
  EXPECT_EQ(member(details, "code").as_string(), "assertion_failed");
  EXPECT_NE(member(details, "message").as_string().find("two is not three"), std::string::npos);
  const HttpAnswer problem = client.post(door("fails"), "", {{"Accept", "application/problem+json"}});
  EXPECT_EQ(problem.header("content-type"), "application/problem+json");
  EXPECT_EQ(member(problem.json(), "code").as_string(), "execution_failed");
  EXPECT_EQ(client.get("/api/v0/executions/" + answer.text("exec_id")).status, 200);
}

TEST_F(ApiRun, WhenTheSyncWaitRunsOutTheExecutionGoesOn) {
  put("slow", busy_plan(1900));
  const auto begun = std::chrono::steady_clock::now();
  const HttpAnswer answer = client.post(door("slow"), R"({"timeout":1})");
  const auto took = std::chrono::steady_clock::now() - begun;
  EXPECT_EQ(answer.status, 408) << answer.body;
  EXPECT_EQ(answer.code(), "request_timeout");
  EXPECT_GE(took, 900ms);
  EXPECT_LT(took, 1800ms);
  EXPECT_FALSE(answer.text("exec_id").empty());
  EXPECT_EQ(answer.text("status"), "running");
  EXPECT_EQ(member(client.wait_end(answer.text("exec_id")), "status").as_string(), "completed");
}

TEST_F(ApiRun, OnTimeoutCancelCancels) {
  put("slow", busy_plan(1900));
  const HttpAnswer answer = client.post(door("slow") + "?on_timeout=cancel", R"({"timeout":1})");
  EXPECT_EQ(answer.status, 408);
  EXPECT_EQ(member(client.wait_end(answer.text("exec_id")), "status").as_string(), "cancelled");
  EXPECT_EQ(client.post(door("slow") + "?on_timeout=explode").status, 422);
}

TEST_F(ApiRun, TimeoutsAreWholeSecondsUpToFiveMinutes) {
  put("echo", kEchoPlan);
  const HttpAnswer over = client.post(door("echo"), R"({"timeout":301})");
  EXPECT_EQ(over.status, 422);
  EXPECT_EQ(over.code(), "validation_failed");
  EXPECT_NE(member(over.json(), "error.message").as_string().find("timeout cannot exceed 300 seconds"),
            std::string::npos)
      << over.body;
  EXPECT_EQ(client.post(door("echo"), R"({"timeout":99999999999999999999999})").status, 422);
  EXPECT_NE(client.post(door("echo"), R"({"timeout":9000000000000000000})")
                .body.find("timeout cannot exceed 300 seconds"),
            std::string::npos);
  for (const std::string value : {"300", "0", "1", "null"})
    EXPECT_EQ(client.post(door("echo"), R"({"timeout":)" + value + "}").status, 200) << value;
  for (const std::string value : {"-1", "1.5", "\"10\"", "true", "[]", "1.0", "-9000000000000000000"}) {
    EXPECT_EQ(client.post(door("echo"), R"({"timeout":)" + value + "}").status, 422) << value;
    EXPECT_EQ(client.post(door("echo", "async"), R"({"timeout":)" + value + "}").status, 422) << value;
  }
  for (const std::string value : {"301", "9000000000000000000", "0"}) {
    EXPECT_EQ(client.post(door("echo", "async"), R"({"timeout":)" + value + "}").status, 202) << value;
  }
}

TEST_F(ApiRun, FieldsOfTheBodyAreChecked) {
  put("echo", kEchoPlan);
  for (const std::string body :
       {R"({"priority":10})", R"({"priority":-1})", R"({"priority":"5"})", R"({"lane":"nowhere"})",
        R"({"lane":5})", R"({"with":[]})", R"({"with":"x"})", R"({"labels":[]})", R"({"labels":{"a":1}})",
        R"({"run_at":"tomorrow"})", R"({"run_at":5})", R"({"limits":{"max_steps":501}})",
        R"({"limits":{"nope":1}})", R"({"limits":{"max_depth":0}})"}) {
    for (const std::string kind : {"", "async"}) {
      const HttpAnswer answer = client.post(door("echo", kind), body);
      EXPECT_EQ(answer.status, 422) << body << answer.body;
      EXPECT_FALSE(member(answer.json(), "error.errors.0.pointer").is_null()) << body;
    }
  }
  for (const std::string body :
       {R"({"priority":0})", R"({"lane":"default"})", R"({"limits":{"max_steps":10}})", R"({"labels":{}})"}) {
    EXPECT_EQ(client.post(door("echo", "async"), body).status, 202) << body;
  }
}

TEST_F(ApiRun, TheInputIsCheckedAgainstItsSchema) {
  put("strict",
      R"({"input_schema":{"type":"object","required":["n"],"properties":{"n":{"type":"integer","minimum":1}}},"steps":[{"id":"a","tool":"echo"}]})");
  EXPECT_EQ(client.post(door("strict"), R"({"with":{"n":1}})").status, 200);
  for (const std::string body : {"{}", R"({"with":{}})", R"({"with":{"n":0}})", R"({"with":{"n":"1"}})"}) {
    const HttpAnswer answer = client.post(door("strict"), body);
    EXPECT_EQ(answer.status, 422) << body;
    const json::Value pointer = member(answer.json(), "error.errors.0.pointer");
    EXPECT_TRUE(pointer.is_string() && pointer.as_string().starts_with("/with")) << answer.body;
  }
}

TEST_F(ApiRun, RunAtHoldsItBack) {
  put("echo", kEchoPlan);
  const HttpAnswer far = client.post(door("echo", "async"), R"({"run_at":"2099-01-01T00:00:00Z"})");
  ASSERT_EQ(far.status, 202) << far.body;
  const std::string soon_text = stack.sql(
      "SELECT to_char(now() AT TIME ZONE 'UTC' + interval '2 seconds', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')");
  const HttpAnswer soon = client.post(door("echo", "async"),
                                      R"({"run_at":")" + soon_text.substr(0, soon_text.size() - 1) + "\"}");
  ASSERT_EQ(soon.status, 202) << soon.body;
  EXPECT_EQ(client.get(soon.text("exec_url")).text("status"), "pending");
  const json::Value ended = client.wait_end(soon.text("exec_id"));
  EXPECT_EQ(member(ended, "status").as_string(), "completed");
  EXPECT_GE(member(ended, "started_at").as_string(), soon_text.substr(0, soon_text.size() - 2));
  const json::Value waiting = client.get(far.text("exec_url")).data();
  EXPECT_EQ(member(waiting, "status").as_string(), "pending");
  EXPECT_TRUE(member(waiting, "run_at").as_string().starts_with("2099-01-01T00:00:00"));
  EXPECT_EQ(client.post("/api/v0/executions/" + far.text("exec_id") + "/cancel").status, 202);
  EXPECT_EQ(client.post(door("echo", "async"), R"({"run_at":"2001-01-01T00:00:00Z"})").status,
            202);  // long ago is now
}

TEST_F(ApiRun, InlinePlansNeedNoId) {
  const json::Value ended = client.wait_end(client.submit(kEchoPlan, R"({"n":5})"));
  EXPECT_EQ(member(ended, "output.n").as_int(), 5);
  EXPECT_TRUE(member(ended, "task_id").is_null());
  EXPECT_EQ(client.post("/api/v0/executions", R"({"with":{}})").status, 422);
}

TEST_F(ApiRun, BatchesAnswerItemByItem) {
  put("strict",
      R"({"input_schema":{"type":"object","required":["n"]},"steps":[{"id":"a","tool":"echo","with":"${{ input }}"}]})");
  const HttpAnswer answer = client.post(
      door("strict", "batch"),
      R"({"items":[{"with":{"n":1}},{"with":{}},{"with":{"n":3},"idempotency_key":"batch-3"},{"with":{"n":3},"idempotency_key":"batch-3"},{"with":{"n":1},"nope":1}]})");
  ASSERT_EQ(answer.status, 200) << answer.body;
  ASSERT_EQ(answer.data("items").as_array().size(), 5u);
  EXPECT_EQ(answer.data("items.0.status").as_int(), 202);
  EXPECT_EQ(answer.data("items.1.status").as_int(), 422);
  EXPECT_TRUE(answer.text("items.1.error.errors.0.pointer").starts_with("/items/1/with")) << answer.body;
  EXPECT_EQ(answer.data("items.2.status").as_int(), 202);
  EXPECT_EQ(answer.data("items.3.status").as_int(), 202);
  EXPECT_EQ(answer.text("items.3.data.exec_id"), answer.text("items.2.data.exec_id"));
  EXPECT_EQ(answer.text("items.4.error.code"), "unknown_field");
  EXPECT_EQ(member(client.wait_end(answer.text("items.0.data.exec_id")), "status").as_string(), "completed");
  EXPECT_EQ(client.post(door("strict", "batch"), R"({"items":[]})").status, 422);
  EXPECT_EQ(client.post(door("strict", "batch"), R"({})").status, 422);
  EXPECT_EQ(client.post(door("unknown", "batch"), R"({"items":[{}]})").status, 404);
  EXPECT_EQ(client.post(door("unknown", "batch"), R"({"items":1})").status, 422);
}

TEST_F(ApiRun, AThousandItemsAreOneBatchAndOneMoreIsRefused) {
  put("echo", kEchoPlan);
  const auto batch = [](int count) {
    std::string body = R"({"items":[{})";
    for (int i = 1; i < count; ++i) body += ",{}";
    return body + "]}";
  };
  const HttpAnswer answer = client.post(door("echo", "batch"), batch(1000));
  ASSERT_EQ(answer.status, 200);
  EXPECT_EQ(answer.data("accepted").as_int(), 1000);
  EXPECT_EQ(client.post(door("echo", "batch"), batch(1001)).status, 422);
  EXPECT_EQ(member(client.wait_end(answer.text("items.999.data.exec_id"), 60s), "status").as_string(),
            "completed");
}

TEST_F(ApiRun, StepsAndEventsTellWhatHappened) {
  const std::string id = client.submit(
      R"({"steps":[{"id":"a","tool":"echo","with":{"n":1}},{"id":"b","tool":"echo","when":"${{ false }}"},{"id":"c","tool":"echo","with":{"n":"${{ steps.a.output.n }}"}}],"output":"${{ steps.c.output.n }}"})");
  const json::Value ended = client.wait_end(id);
  EXPECT_EQ(member(ended, "output").as_int(), 1);
  const HttpAnswer steps = client.get("/api/v0/executions/" + id + "/steps");
  ASSERT_EQ(steps.data("items").as_array().size(), 3u) << steps.body;
  const std::string expected[] = {"completed", "skipped", "completed"};
  for (std::size_t i = 0; i < 3; ++i) {
    const std::string at = "items." + std::to_string(i);
    EXPECT_EQ(steps.text(at + ".path"), std::string(1, static_cast<char>('a' + i)));
    EXPECT_EQ(steps.text(at + ".status"), expected[i]);
    EXPECT_EQ(steps.text(at + ".kind"), "tool");
  }
  EXPECT_EQ(steps.data("items.2.output.n").as_int(), 1);
  EXPECT_FALSE(steps.text("items.0.worker").empty());
  const HttpAnswer one = client.get("/api/v0/executions/tasks/" + id + "/steps/c");
  EXPECT_EQ(one.text("path"), "c");
  EXPECT_EQ(one.data("attempt").as_int(), 1);
  EXPECT_EQ(client.get("/api/v0/executions/" + id + "/steps/zzz").status, 404);
  const HttpAnswer events = client.get("/api/v0/executions/" + id + "/events");
  const json::Value items = events.data("items");
  ASSERT_GE(items.as_array().size(), 5u) << events.body;
  for (std::size_t i = 0; i < items.as_array().size(); ++i) {
    EXPECT_EQ(member(items.as_array()[i], "seq").as_int(), static_cast<std::int64_t>(i + 1));
    EXPECT_EQ(member(items.as_array()[i], "exec_id").as_string(), id);
  }
  EXPECT_EQ(events.text("items.0.type"), "execution.accepted");
  EXPECT_EQ(member(items.as_array().back(), "type").as_string(), "execution.completed");
  const HttpAnswer rest = client.get("/api/v0/executions/" + id + "/events?after_seq=2&limit=1");
  EXPECT_EQ(rest.data("items").as_array().size(), 1u);
  EXPECT_EQ(rest.data("items.0.seq").as_int(), 3);
  for (const std::string query : {"after_seq=-1", "after_seq=x", "limit=0", "limit=1001", "limit=x"}) {
    EXPECT_EQ(client.get("/api/v0/executions/" + id + "/events?" + query).status, 422) << query;
  }
}

TEST_F(ApiRun, ALongPollEndsWithTheExecution) {
  const std::string id = client.submit(busy_plan(600));
  client.wait_for(id, "running");
  json::Value seen;
  const auto begun = std::chrono::steady_clock::now();
  for (int i = 0; i < 10; ++i) {
    const HttpAnswer answer = client.get("/api/v0/executions/" + id + "?wait=10s");
    ASSERT_EQ(answer.status, 200);
    EXPECT_FALSE(answer.header("etag").empty());
    if (answer.text("status") == "completed") break;
    ASSERT_LT(i, 9);
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 5s);
  for (const std::string wait : {"x", "-1", "1x", ""})
    EXPECT_EQ(client.get("/api/v0/executions/" + id + "?wait=" + wait).status, 422) << wait;
}

TEST_F(ApiRun, TheTraceOfTheRequestIsCarriedOn) {
  const std::string parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  const HttpAnswer answer = client.post("/api/v0/executions", R"({"plan":)" + std::string(kEchoPlan) + "}",
                                        {{"traceparent", parent}});
  ASSERT_EQ(answer.status, 202);
  EXPECT_NE(stack.sql("SELECT traceparent FROM executions WHERE exec_id = '" + answer.text("exec_id") + "'")
                .find("0af7651916cd43dd8448eb211c80319c"),
            std::string::npos);
}

TEST_F(ApiRun, StatisticsCountWhatRan) {
  Client other = stack.client_with(kAllScopes, "statistics");
  for (int i = 0; i < 3; ++i) other.wait_end(other.submit(kEchoPlan));
  const HttpAnswer stats = other.get("/api/v0/executions/stats");
  EXPECT_EQ(stats.status, 200);
  EXPECT_EQ(stats.data("by_status.completed").as_int(), 3) << stats.body;
  EXPECT_TRUE(stats.data("lanes.default.queued").is_int()) << stats.body;
  EXPECT_EQ(stats.data("workers").as_int(), 1);
}

}  // namespace
}  // namespace pawl::testing
