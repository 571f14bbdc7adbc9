// The columns of the control table (http-api.md §4) that need a parked or frozen execution, and a drain in
// the middle.
#include <gtest/gtest.h>

#include <string>
#include <thread>

#include "common/json/write.h"
#include "tests/e2e/support/stack.h"

namespace pawl::testing {
namespace {

using namespace std::chrono_literals;

class ControlStates : public ::testing::Test {
 protected:
  Stack& stack = Stack::shared();
  Client client = stack.client();

  HttpAnswer act(const std::string& id, const std::string& what, std::string_view body = "") {
    return client.post("/api/v0/executions/tasks/" + id + "/" + what, body);
  }
  std::string status(const std::string& id) { return client.get("/api/v0/executions/" + id).text("status"); }
  std::string waiting(std::string_view plan = R"({"steps":[{"id":"w","wait":{"for":"1h"}}]})") {
    const std::string id = client.submit(plan);
    client.wait_for(id, "waiting");
    return id;
  }
  std::string events(const std::string& id) {
    std::string text;
    const json::Value items = client.get("/api/v0/executions/" + id + "/events").data("items");
    for (const json::Value& e : items.as_array()) text += member(e, "type").as_string() + " ";
    return text;
  }
};

TEST_F(ControlStates, WaitingIsCancelledHere) {
  const std::string id = waiting();
  const HttpAnswer answer = act(id, "cancel");
  EXPECT_EQ(answer.status, 202);
  EXPECT_EQ(answer.text("status"), "cancelled");
  EXPECT_EQ(act(id, "cancel").status, 200);
}

TEST_F(ControlStates, WaitingIsPausedAndGoesBackToWaiting) {
  const std::string id = waiting(R"({"steps":[{"id":"w","wait":{"for":"5s"}}]})");
  const auto begun = std::chrono::steady_clock::now();
  EXPECT_EQ(act(id, "resume").status, 200);
  EXPECT_EQ(act(id, "pause").text("status"), "paused");
  EXPECT_EQ(act(id, "pause").status, 200);
  std::this_thread::sleep_for(3s);
  const HttpAnswer back = act(id, "resume");
  EXPECT_EQ(back.status, 202);
  EXPECT_EQ(back.text("status"), "waiting");
  EXPECT_EQ(act(id, "resume").status, 200);
  EXPECT_EQ(member(client.wait_end(id), "status").as_string(), "completed");
  EXPECT_GE(std::chrono::steady_clock::now() - begun, 7800ms) << "the timer stood still";
}

TEST_F(ControlStates, PausedIsCancelledHere) {
  const std::string id = waiting();
  act(id, "pause");
  EXPECT_EQ(act(id, "cancel").text("status"), "cancelled");
  for (const std::string what : {"pause", "resume"}) EXPECT_EQ(act(id, what).status, 409) << what;
}

TEST_F(ControlStates, PendingIsPausedAndGoesBackToPending) {
  const std::string id = client.submit(kEchoPlan, "{}", R"(,"run_at":"2099-01-01T00:00:00Z")");
  EXPECT_EQ(act(id, "resume").status, 200);
  EXPECT_EQ(act(id, "pause").text("status"), "paused");
  EXPECT_EQ(act(id, "pause").status, 200);
  EXPECT_EQ(act(id, "resume").text("status"), "pending");
  EXPECT_EQ(act(id, "cancel").text("status"), "cancelled");
}

TEST_F(ControlStates, APauseOfTheLastRunningStepIsPausedFirst) {
  const std::string id = client.submit(
      R"({"steps":[{"id":"s","tool":"sleep","with":{"duration":"1s"}},{"id":"e","tool":"echo","with":{"n":1}}]})");
  client.wait_for(id, "running");
  EXPECT_EQ(act(id, "pause").status, 202);
  client.wait_for(id, "paused");
  std::this_thread::sleep_for(1500ms);
  EXPECT_EQ(status(id), "paused");
  EXPECT_EQ(act(id, "resume").status, 202);
  EXPECT_EQ(member(client.wait_end(id), "status").as_string(), "completed") << events(id);
}

TEST_F(ControlStates, APauseRunsOut) {
  const std::string resumed = waiting(R"({"steps":[{"id":"w","wait":{"for":"2500ms"}}]})");
  EXPECT_EQ(act(resumed, "pause", R"({"timeout":1})").status, 202);
  const std::string cancelled = waiting();
  EXPECT_EQ(act(cancelled, "pause", R"({"timeout":1,"on_timeout":"cancel"})").status, 202);
  EXPECT_EQ(member(client.wait_end(cancelled), "status").as_string(), "cancelled");
  EXPECT_EQ(member(client.wait_end(resumed), "status").as_string(), "completed");
}

TEST_F(ControlStates, ACancelWhileParkedUndoesWhatWasDone) {
  const std::string id = waiting(
      R"({"steps":[{"id":"a","tool":"echo","with":{"n":1},"compensate":{"tool":"echo","with":{"undo":1}}},
    {"id":"w","wait":{"for":"1h"}}]})");
  const HttpAnswer answer = act(id, "cancel");
  EXPECT_EQ(answer.status, 202);
  EXPECT_EQ(answer.text("status"), "running") << "a worker is woken for the compensation";
  EXPECT_EQ(member(client.wait_end(id), "status").as_string(), "cancelled");
  EXPECT_EQ(client.get("/api/v0/executions/" + id + "/steps/a.compensate").text("status"), "completed");
}

TEST_F(ControlStates, AnExpiryAndItsPauseShareTheClock) {
  const std::string id = waiting(R"({"steps":[{"id":"ask","approval":{"message":"?","expires_in":"4s"}}]})");
  act(id, "pause");
  std::this_thread::sleep_for(4500ms);
  EXPECT_EQ(status(id), "paused");
  EXPECT_EQ(act(id, "approvals/ask", R"({"decision":"approve"})").status, 202) << "the clock stood still";
  act(id, "resume");
  EXPECT_EQ(member(client.wait_end(id), "status").as_string(), "completed") << events(id);
}

}  // namespace
}  // namespace pawl::testing
