// Cancel, pause and resume against executions in every state the list of tool steps can reach.
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>

#include "common/json/write.h"
#include "tests/e2e/support/stack.h"

namespace pawl::testing {
namespace {

using namespace std::chrono_literals;

class ApiControl : public ::testing::Test {
 protected:
  Stack& stack = Stack::shared();
  Client client = stack.client();

  HttpAnswer act(const std::string& id, const std::string& what, std::string_view body = "",
                 const HeaderList& headers = {}) {
    return client.post("/api/v0/executions/tasks/" + id + "/" + what, body, headers);
  }
  std::string pending() { return client.submit(kEchoPlan, "{}", R"(,"run_at":"2099-01-01T00:00:00Z")"); }
  std::string running(int ms = 1500) {
    const std::string id = client.submit(busy_plan(ms));
    client.wait_for(id, "running");
    return id;
  }
  std::string last_event(const std::string& id) {
    const json::Value items = client.get("/api/v0/executions/" + id + "/events").data("items");
    return member(items.as_array().back(), "type").as_string();
  }
  std::string status(const std::string& id) { return client.get("/api/v0/executions/" + id).text("status"); }
};

TEST_F(ApiControl, CancelOfAPendingExecution) {
  const std::string id = pending();
  const HttpAnswer answer = act(id, "cancel", R"({"reason":"changed my mind"})");
  EXPECT_EQ(answer.status, 202) << answer.body;
  EXPECT_EQ(answer.text("status"), "cancelled");
  EXPECT_EQ(answer.text("exec_id"), id);
  EXPECT_EQ(last_event(id), "execution.cancelled");
  EXPECT_EQ(act(id, "cancel").status, 200);  // it is so already
  for (const std::string what : {"pause", "resume"}) {
    const HttpAnswer late = act(id, what);
    EXPECT_EQ(late.status, 409) << what;
    EXPECT_EQ(late.code(), "invalid_state");
  }
}

TEST_F(ApiControl, CancelOfARunningExecutionIsAPromise) {
  const std::string id = running();
  EXPECT_EQ(act(id, "cancel").status, 202);
  for (const std::string what : {"pause", "resume"}) EXPECT_EQ(act(id, what).status, 409) << what;
  const auto begun = std::chrono::steady_clock::now();
  EXPECT_EQ(member(client.wait_end(id), "status").as_string(), "cancelled");
  EXPECT_LT(std::chrono::steady_clock::now() - begun,
            1200ms);  // not when the step would have ended by itself
  EXPECT_EQ(client.get("/api/v0/executions/" + id + "/steps/after").text("status"), "pending");
  EXPECT_EQ(act(id, "cancel").status, 200);
}

TEST_F(ApiControl, CancelAgainstTheFinishKeepsItsWord) {
  for (int i = 0; i < 15; ++i) {
    const std::string id = client.submit(kEchoPlan);
    if (i % 3 > 0) std::this_thread::sleep_for(std::chrono::milliseconds(i % 3 * 3));
    const HttpAnswer answer = act(id, "cancel");
    ASSERT_TRUE(answer.status == 202 || answer.status == 409) << answer.body;
    EXPECT_EQ(member(client.wait_end(id), "status").as_string(),
              answer.status == 202 ? "cancelled" : "completed");
  }
}

TEST_F(ApiControl, AnEndedExecutionIsLeftAlone) {
  const std::string id = client.submit(kEchoPlan);
  const std::string before = json::write(client.wait_end(id));
  for (const std::string what : {"cancel", "pause", "resume"}) {
    const HttpAnswer answer = act(id, what);
    EXPECT_EQ(answer.status, 409) << what;
    EXPECT_EQ(answer.code(), "invalid_state");
  }
  EXPECT_EQ(json::write(client.get("/api/v0/executions/" + id).data()), before);
}

TEST_F(ApiControl, PauseAndResumeOfAPendingExecution) {
  const std::string id = pending();
  EXPECT_EQ(act(id, "resume").status, 200);
  const HttpAnswer paused = act(id, "pause", R"({"reason":"wait"})");
  EXPECT_EQ(paused.status, 202) << paused.body;
  EXPECT_EQ(paused.text("status"), "paused");
  EXPECT_EQ(act(id, "pause").status, 200);
  EXPECT_EQ(act(id, "resume").status, 202);
  EXPECT_EQ(status(id), "pending");
  EXPECT_EQ(act(id, "pause").status, 202);
  EXPECT_EQ(act(id, "cancel").status, 202);
  EXPECT_EQ(status(id), "cancelled");
}

TEST_F(ApiControl, PauseOfARunningExecutionStartsNoFurtherStep) {
  const std::string id = running(600);
  EXPECT_EQ(act(id, "resume").status, 200);
  EXPECT_EQ(act(id, "pause").status, 202);
  client.wait_for(id, "paused");
  std::this_thread::sleep_for(700ms);
  EXPECT_EQ(status(id), "paused");
  EXPECT_EQ(client.get("/api/v0/executions/" + id + "/steps/after").text("status"), "pending");
  EXPECT_EQ(act(id, "resume").status, 202);
  EXPECT_EQ(member(client.wait_end(id), "status").as_string(), "completed");
}

TEST_F(ApiControl, AWaitingExecutionIsPausedResumedAndCancelled) {
  const std::string id =
      client.submit(R"({"steps":[{"id":"long","tool":"sleep","with":{"duration":"1h"}}]})");
  client.wait_for(id, "waiting");
  EXPECT_EQ(act(id, "resume").status, 200);
  EXPECT_EQ(act(id, "pause").status, 202);
  EXPECT_EQ(status(id), "paused");
  EXPECT_EQ(act(id, "resume").status, 202);
  EXPECT_EQ(status(id), "waiting");
  EXPECT_EQ(act(id, "cancel").status, 202);
  EXPECT_EQ(member(client.wait_end(id), "status").as_string(), "cancelled");
}

TEST_F(ApiControl, ALongSleepParksAndGoesOn) {
  const std::string id = client.submit(
      R"({"steps":[{"id":"nap","tool":"sleep","with":{"duration":"2500ms"}},{"id":"b","tool":"echo"}]})");
  const json::Value waiting = client.wait_for(id, "waiting");
  EXPECT_FALSE(member(waiting, "wake_at").is_null());
  EXPECT_EQ(member(client.wait_end(id), "status").as_string(), "completed");
}

TEST_F(ApiControl, PauseTakesATimeout) {
  const std::string back = pending();
  EXPECT_EQ(act(back, "pause", R"({"timeout":"1s","on_timeout":"resume"})").status, 202);
  client.wait_for(back, "pending", 5s);
  act(back, "cancel");
  const std::string gone = pending();
  EXPECT_EQ(act(gone, "pause", R"({"timeout":1,"on_timeout":"cancel"})").status, 202);
  EXPECT_EQ(member(client.wait_end(gone, 5s), "status").as_string(), "cancelled");
}

TEST_F(ApiControl, BodiesOfControlRequestsAreChecked) {
  const std::string id = pending();
  const std::pair<std::string, std::string> bad[] = {
      {"cancel", R"({"reason":5})"},
      {"cancel", R"({"nope":1})"},
      {"cancel", R"({"timeout":5})"},
      {"pause", R"({"on_timeout":"explode"})"},
      {"pause", R"({"timeout":-1})"},
      {"pause", R"({"timeout":"x"})"},
      {"resume", R"({"reason":"x"})"},
      {"cancel", R"([])"},
      {"cancel", "{\"reason\":\"" + std::string(1025, 'a') + "\"}"}};
  for (const auto& [what, body] : bad)
    EXPECT_EQ(act(id, what, body).status, 422) << what << body.substr(0, 60);
  EXPECT_EQ(act(id, "cancel?force=1").status, 422);
  EXPECT_EQ(status(id), "pending");
  act(id, "cancel");
}

TEST_F(ApiControl, IfMatchIsHonoured) {
  const std::string id = pending();
  const std::string etag = client.get("/api/v0/executions/" + id).header("etag");
  ASSERT_FALSE(etag.empty());
  const HttpAnswer paused = act(id, "pause", "", {{"If-Match", etag}});
  EXPECT_EQ(paused.status, 202) << paused.body;
  EXPECT_NE(paused.header("etag"), etag);
  const HttpAnswer stale = act(id, "resume", "", {{"If-Match", etag}});
  EXPECT_EQ(stale.status, 412);
  EXPECT_EQ(stale.code(), "precondition_failed");
  EXPECT_EQ(act(id, "resume", "", {{"If-Match", "\"nonsense\""}}).status, 412);
  EXPECT_EQ(act(id, "resume", "", {{"If-Match", paused.header("etag")}}).status, 202);
  EXPECT_EQ(act(id, "cancel", "", {{"If-Match", "*"}}).status, 202);
}

TEST_F(ApiControl, TheOtherProcessTellsTheOwnerToo) {
  const std::string id = running();
  Client second = stack.client(1);
  EXPECT_EQ(second.post("/api/v0/executions/" + id + "/cancel").status, 202);
  const auto begun = std::chrono::steady_clock::now();
  EXPECT_EQ(member(second.wait_end(id), "status").as_string(), "cancelled");
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 1100ms);
}

}  // namespace
}  // namespace pawl::testing
