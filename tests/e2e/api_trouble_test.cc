// What the promise is worth when things break: the broker away or emptied, Postgres away or frozen, workers
// killed or stopped in the middle of a plan. Servers of this file's own, because it breaks them.
#include <gtest/gtest.h>

#include <chrono>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

#include "common/json/write.h"
#include "tests/e2e/support/stack.h"

namespace pawl::testing {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

/// Two workers that give their steps little time to end when they are stopped.
Stack& fragile_stack() {
  static const std::unique_ptr<Stack> stack = [] {
    auto postgres = std::make_shared<PrivatePostgres>();
    auto rabbit = std::make_shared<PrivateRabbit>();
    postgres->start();
    rabbit->start();
    return std::make_unique<Stack>(
        Stack::Options{.apis = 1,
                       .workers = 2,
                       .settings = {{"PAWL_ACCEPT_DEADLINE", "2s"}, {"PAWL_DRAIN", "300ms"}},
                       .postgres = postgres,
                       .rabbit = rabbit});
  }();
  return *stack;
}

class ApiTrouble : public ::testing::Test {
 protected:
  Stack& stack = fragile_stack();
  Client client = stack.client();

  void TearDown() override {
    for (std::size_t i = 0; i < 2 && HasFailure(); ++i) std::cerr << stack.worker(i).log();
    for (std::size_t i = 0; i < 2; ++i) {
      if (!stack.worker(i).process().alive()) stack.worker(i).start();
    }
  }
  HttpAnswer submit(const std::string& plan, const HeaderList& headers = {}) {
    return client.post("/api/v0/executions", R"({"plan":)" + plan + "}", headers);
  }
  /// The worker that runs step `path` now.
  Program& owner_of(const std::string& id, const std::string& path) {
    std::string worker;
    wait_until("start of " + path, 15s, [&] {
      const HttpAnswer step = client.get("/api/v0/executions/" + id + "/steps/" + path);
      worker = step.text("worker");
      return step.text("status") == "running";
    });
    Client ops(stack.api().ops_port(), stack.admin_key());
    const json::Value workers = ops.get("/admin/workers").data("items");
    for (const json::Value& item : workers.as_array()) {
      for (std::size_t i = 0; i < 2; ++i) {
        if (member(item, "id").as_string() == worker &&
            member(item, "pid").as_int() == stack.worker(i).process().pid())
          return stack.worker(i);
      }
    }
    throw std::runtime_error("not the owner: " + worker + " in " + json::write(workers));
  }
  /// How often the ledger has an event of this type (and step).
  int count(const std::string& id, const std::string& type, const std::string& step = "") {
    const json::Value items = client.get("/api/v0/executions/" + id + "/events?limit=1000").data("items");
    int found = 0;
    for (const json::Value& event : items.as_array()) {
      const json::Value at = member(event, "step");
      if (member(event, "type").as_string() == type &&
          (step.empty() || (at.is_string() && at.as_string() == step)))
        ++found;
    }
    return found;
  }
};

TEST_F(ApiTrouble, WithoutABrokerSubmissionsAreAcceptedAndRunWhenItIsBack) {
  stack.rabbit().stop();
  const auto begun = steady_clock::now();
  std::vector<std::string> ids;
  for (int i = 0; i < 5; ++i) {
    const HttpAnswer answer = submit(std::string(kEchoPlan));
    ASSERT_EQ(answer.status, 202) << answer.body;
    ids.push_back(answer.text("exec_id"));
  }
  EXPECT_LT(steady_clock::now() - begun, 2s);
  const HttpAnswer ready = stack.api().ops("/readyz");
  EXPECT_EQ(ready.status, 200);
  EXPECT_NE(ready.body.find("degraded"), std::string::npos) << ready.body;
  EXPECT_EQ(client.get("/api/v0/executions/" + ids[0]).text("status"), "pending");
  stack.rabbit().start();
  for (const std::string& id : ids)
    EXPECT_EQ(member(client.wait_end(id, 40s), "status").as_string(), "completed");
  stack.api().wait_ready();
}

TEST_F(ApiTrouble, WhenAllBrokerDataIsLostEveryPendingExecutionStillRuns) {
  for (std::size_t i = 0; i < 2; ++i) stack.worker(i).stop();
  std::vector<std::string> ids;
  for (int i = 0; i < 40; ++i) ids.push_back(submit(std::string(kEchoPlan)).text("exec_id"));
  std::this_thread::sleep_for(300ms);  // their tickets are in the broker now
  stack.rabbit().wipe();
  stack.rabbit().start();
  for (std::size_t i = 0; i < 2; ++i) stack.worker(i).start();
  for (const std::string& id : ids) {
    EXPECT_EQ(member(client.wait_end(id, 60s), "status").as_string(), "completed");
    EXPECT_EQ(count(id, "step.started"), 1);
  }
}

TEST_F(ApiTrouble, AKilledWorkersPlanGoesOnAtTheFirstUncommittedStep) {
  const std::string id = submit(busy_plan(1900)).text("exec_id");
  Program& owner = owner_of(id, "busy");
  owner.kill9();
  const auto killed = steady_clock::now();
  wait_until("recovery", 20s, [&] { return count(id, "execution.recovered") > 0; });
  EXPECT_LT(steady_clock::now() - killed, 3s) << "lease 2 s + 1 s";
  const json::Value ended = client.wait_end(id);
  EXPECT_EQ(member(ended, "status").as_string(), "completed");
  EXPECT_EQ(count(id, "step.started", "before"), 1);  // committed: never again
  EXPECT_EQ(count(id, "step.committed", "before"), 1);
  EXPECT_EQ(count(id, "step.started", "busy"), 2);
  EXPECT_EQ(count(id, "step.committed", "busy"), 1);
  EXPECT_EQ(client.get("/api/v0/executions/" + id + "/steps/busy").data("attempt").as_int(),
            1);  // a crash is no attempt
  EXPECT_GE(member(ended, "epoch").as_int(), 2);
}

TEST_F(ApiTrouble, AStoppedWorkerHandsOverAndNoAttemptIsUsed) {
  const std::string id = submit(busy_plan(1900)).text("exec_id");
  Program& owner = owner_of(id, "busy");
  const auto begun = steady_clock::now();
  EXPECT_EQ(owner.stop(10s), 0);
  EXPECT_LT(steady_clock::now() - begun, 3s);
  EXPECT_EQ(member(client.wait_end(id), "status").as_string(), "completed");
  EXPECT_EQ(client.get("/api/v0/executions/" + id + "/steps/busy").data("attempt").as_int(), 1);
  EXPECT_EQ(count(id, "step.attempt_failed"), 0);
  EXPECT_EQ(count(id, "step.committed", "before"), 1);
  EXPECT_EQ(count(id, "execution.completed"), 1);
}

TEST_F(ApiTrouble, AStoppedApiEndsItsRequestsFirst) {
  client.put("/api/v0/tasks/slow", busy_plan(1500));
  HttpAnswer answer;
  std::thread waiting([&] { answer = stack.client().post("/api/v0/tasks/slow/executions", "{}"); });
  std::this_thread::sleep_for(400ms);
  const std::uint16_t port = stack.api().port();
  EXPECT_EQ(stack.api().stop(10s), 0);
  waiting.join();
  EXPECT_TRUE(answer.status == 200 || answer.status == 0)
      << answer.body;  // drain is 300 ms here: cut, or ended in time
  EXPECT_FALSE(accepts(port));
  stack.api().start();
  const HttpAnswer list = stack.client().get("/api/v0/executions?task_id=slow");
  EXPECT_EQ(member(client.wait_end(list.text("items.0.exec_id")), "status").as_string(),
            "completed");  // it went on all the same
}

TEST_F(ApiTrouble, WithoutPostgresTheAnswerIs503AndItComesBackByItself) {
  const std::string before = submit(std::string(kEchoPlan)).text("exec_id");
  client.wait_end(before);
  stack.postgres().stop();
  for (int i = 0; i < 3; ++i) {
    const auto begun = steady_clock::now();
    const HttpAnswer answer = submit(std::string(kEchoPlan), {{"Idempotency-Key", "while-away"}});
    EXPECT_EQ(answer.status, 503) << answer.body;
    EXPECT_EQ(answer.code(), "unavailable");
    EXPECT_TRUE(answer.has_header("retry-after"));
    EXPECT_LT(steady_clock::now() - begun, 3s) << "accept_deadline is 2 s";
    EXPECT_EQ(answer.body.find("libpq"), std::string::npos);
  }
  EXPECT_EQ(client.get("/api/v0/executions/" + before).status, 503);
  wait_until("readyz to tell", 10s, [&] { return stack.api().ops("/readyz").status == 503; });
  EXPECT_TRUE(stack.api().ops("/readyz").has_header("retry-after"));
  EXPECT_EQ(stack.api().ops("/livez").status, 200);
  stack.postgres().start();
  HttpAnswer answer;
  wait_until("the API to accept again", 20s, [&] {
    answer = submit(std::string(kEchoPlan), {{"Idempotency-Key", "while-away"}});
    return answer.status == 202;
  });
  EXPECT_EQ(member(client.wait_end(answer.text("exec_id"), 30s), "status").as_string(), "completed");
  EXPECT_EQ(submit(std::string(kEchoPlan), {{"Idempotency-Key", "while-away"}}).text("exec_id"),
            answer.text("exec_id"));
  EXPECT_EQ(client.get("/api/v0/executions/" + before).text("status"), "completed");
  wait_until("readyz to be well", 20s, [&] { return stack.api().ops("/readyz").status == 200; });
}

TEST_F(ApiTrouble, AFrozenPostgresIsA503WithinTheDeadline) {
  ASSERT_EQ(client.get("/api/v0/tasks").status, 200);  // the key is known
  stack.postgres().sigstop();
  const auto begun = steady_clock::now();
  const HttpAnswer answer = submit(std::string(kEchoPlan));
  const auto took = steady_clock::now() - begun;
  stack.postgres().sigcont();
  EXPECT_EQ(answer.status, 503) << answer.body;
  EXPECT_TRUE(answer.has_header("retry-after"));
  EXPECT_LT(took, 3500ms);
  HttpAnswer later;
  wait_until("the API to accept again", 20s, [&] {
    later = submit(std::string(kEchoPlan));
    return later.status == 202;
  });
  // The workers lost their leases meanwhile; they come back by themselves.
  EXPECT_EQ(member(client.wait_end(later.text("exec_id"), 30s), "status").as_string(), "completed");
}

}  // namespace
}  // namespace pawl::testing
