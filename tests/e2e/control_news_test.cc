// Signals, approvals, why, retry and the bulk requests against the real programs.
#include <gtest/gtest.h>

#include <string>
#include <thread>

#include "common/json/write.h"
#include "tests/e2e/support/stack.h"

namespace pawl::testing {
namespace {

using namespace std::chrono_literals;

class ControlNews : public ::testing::Test {
 protected:
  Stack& stack = Stack::shared();
  Client client = stack.client();

  static std::string url(const std::string& id, const std::string& what) {
    return "/api/v0/executions/tasks/" + id + "/" + what;
  }
  HttpAnswer act(const std::string& id, const std::string& what, std::string_view body = "") {
    return client.post(url(id, what), body);
  }
  std::string waiting(std::string_view plan) {
    const std::string id = client.submit(plan);
    client.wait_for(id, "waiting");
    return id;
  }
  std::string end_of(const std::string& id) { return json::write(*client.wait_end(id).find("status")); }
  std::string output_of(const std::string& id) { return json::write(*client.wait_end(id).find("output")); }
};

constexpr auto kSignal =
    R"({"steps":[{"id":"w","wait":{"signal":"paid","timeout":"1h"}}],"output":"${{ steps.w.output }}"})";
constexpr auto kAsk =
    R"({"steps":[{"id":"ask","approval":{"message":"sure?","risk":"high"}}],"output":"${{ steps.ask.output.decision }}"})";

TEST_F(ControlNews, ASignalWakesWhoWaitsForIt) {
  const std::string id = waiting(kSignal);
  const HttpAnswer answer = act(id, "signals/paid", R"({"payload":{"n":7}})");
  EXPECT_EQ(answer.status, 202) << answer.body;
  EXPECT_EQ(output_of(id), R"({"n":7})");
  EXPECT_EQ(act(id, "signals/paid").code(), "invalid_state");
}

TEST_F(ControlNews, EarlySignalsAreKeptInOrderUpToAHundred) {
  const std::string id =
      client.submit(R"({"steps":[{"id":"w","wait":{"for":"1h"}},{"id":"x","wait":{"signal":"go"}}]})");
  client.wait_for(id, "waiting");
  for (int i = 0; i < 100; ++i)
    ASSERT_EQ(act(id, "signals/go", "{\"payload\":" + std::to_string(i) + "}").status, 202) << i;
  const HttpAnswer full = act(id, "signals/go");
  EXPECT_EQ(full.status, 429) << full.body;
  EXPECT_EQ(full.code(), "too_many_in_flight");
  EXPECT_TRUE(full.has_header("retry-after"));
  EXPECT_EQ(act(id, "signals/other").status, 202) << "each name has its own hundred";
  EXPECT_EQ(act(id, "cancel").status, 202);
}

TEST_F(ControlNews, SignalsWhilePendingAndWhilePausedAreNotLost) {
  const std::string pending = client.submit(kSignal, "{}", R"(,"run_at":"2099-01-01T00:00:00Z")");
  EXPECT_EQ(act(pending, "signals/paid", R"({"payload":1})").status, 202);
  EXPECT_EQ(act(pending, "cancel").status, 202);
  const std::string id = waiting(kSignal);
  EXPECT_EQ(act(id, "pause").status, 202);
  EXPECT_EQ(act(id, "signals/paid", R"({"payload":"late"})").status, 202);
  std::this_thread::sleep_for(300ms);
  EXPECT_EQ(client.get("/api/v0/executions/" + id).text("status"), "paused");
  EXPECT_EQ(act(id, "resume").status, 202);
  EXPECT_EQ(output_of(id), "\"late\"");
}

TEST_F(ControlNews, BadSignalsAreRefused) {
  const std::string id = waiting(kSignal);
  EXPECT_EQ(act(id, "signals/sp%20ace").status, 422);
  EXPECT_EQ(act(id, "signals/paid", R"({"paylod":1})").code(), "unknown_field");
  EXPECT_EQ(act(id, "signals/paid", "{\"payload\":\"" + std::string(1 << 20, 'x') + "\"}").status, 413);
  EXPECT_EQ(act("0192f0c1-0000-7000-8000-000000000000", "signals/paid").status, 404);
  EXPECT_EQ(stack.client_with(R"(["exec:read"])").post(url(id, "signals/paid"), "").status, 403);
  EXPECT_EQ(act(id, "cancel").status, 202);
}

TEST_F(ControlNews, AnApprovalIsDecidedOnce) {
  const std::string id = waiting(kAsk);
  const HttpAnswer list = client.get(url(id, "approvals"));
  EXPECT_EQ(list.text("items.0.status"), "pending") << list.body;
  EXPECT_EQ(list.text("items.0.message"), "sure?");
  EXPECT_EQ(act(id, "approvals/ask", R"({"decision":"maybe"})").status, 422);
  EXPECT_EQ(act(id, "approvals/other", R"({"decision":"approve"})").status, 404);
  EXPECT_EQ(stack.client_with(R"(["exec:read","exec:control"])")
                .post(url(id, "approvals/ask"), R"({"decision":"approve"})")
                .status,
            403);
  const HttpAnswer done = act(id, "approvals/ask", R"({"decision":"approve","comment":"fine"})");
  EXPECT_EQ(done.status, 202) << done.body;
  EXPECT_EQ(done.text("status"), "approved");
  EXPECT_EQ(output_of(id), "\"approve\"");
  EXPECT_EQ(act(id, "approvals/ask", R"({"decision":"reject"})").code(), "already_decided");
}

TEST_F(ControlNews, ARejectedApprovalFailsTheStep) {
  const std::string id = waiting(kAsk);
  EXPECT_EQ(act(id, "approvals/ask", R"({"decision":"reject"})").status, 202);
  EXPECT_EQ(member(client.wait_end(id), "error.code").as_string(), "approval_rejected");
}

TEST_F(ControlNews, AnExpiredApprovalIsGone) {
  const std::string id =
      client.submit(R"({"steps":[{"id":"ask","approval":{"message":"?","expires_in":"3s"}}]})");
  EXPECT_EQ(member(client.wait_end(id), "error.code").as_string(), "approval_expired");
  const HttpAnswer late = act(id, "approvals/ask", R"({"decision":"approve"})");
  EXPECT_EQ(late.status, 410) << late.body;
  EXPECT_EQ(late.code(), "approval_expired");
}

TEST_F(ControlNews, AQuorumWantsDifferentKeys) {
  const std::string id = waiting(R"({"steps":[{"id":"ask","approval":{"message":"?","quorum":2}}]})");
  EXPECT_EQ(act(id, "approvals/ask", R"({"decision":"approve"})").text("status"), "pending");
  EXPECT_EQ(act(id, "approvals/ask", R"({"decision":"approve"})").code(), "four_eyes_required");
  EXPECT_EQ(stack.client_with(R"(["approve"])")
                .post(url(id, "approvals/ask"), R"({"decision":"approve"})")
                .text("status"),
            "approved");
  EXPECT_EQ(end_of(id), "\"completed\"");
}

TEST_F(ControlNews, AFormIsCheckedByItsSchema) {
  const std::string id =
      waiting(R"({"steps":[{"id":"ask","approval":{"message":"?","form":{"type":"object","required":["n"],
    "properties":{"n":{"type":"integer"}}}}}],"output":"${{ steps.ask.output.form.n }}"})");
  EXPECT_EQ(act(id, "approvals/ask", R"({"decision":"approve"})").status, 422);
  EXPECT_EQ(act(id, "approvals/ask", R"({"decision":"approve","form":{"n":"x"}})").status, 422);
  EXPECT_EQ(act(id, "approvals/ask", R"({"decision":"approve","form":{"n":3}})").status, 202);
  EXPECT_EQ(output_of(id), "3");
}

TEST_F(ControlNews, WhyTellsWhatItWaitsFor) {
  const std::string signal = waiting(kSignal);
  const HttpAnswer why = client.get(url(signal, "why"));
  EXPECT_EQ(why.text("reasons.0.kind"), "signal") << why.body;
  EXPECT_EQ(why.text("reasons.0.signal"), "paid");
  const std::string later = client.submit(kEchoPlan, "{}", R"(,"run_at":"2099-01-01T00:00:00Z")");
  EXPECT_EQ(client.get(url(later, "why")).text("predicted_start"), "2099-01-01T00:00:00.000Z");
  act(later, "pause");
  EXPECT_EQ(client.get(url(later, "why")).text("reasons.0.kind"), "paused");
  act(later, "cancel");
  act(signal, "cancel");
}

constexpr auto kFails = R"({"defaults":{"retry":{"max_attempts":1}},"steps":[
  {"id":"a","tool":"echo","with":{"n":1}},
  {"id":"b","tool":"assert","with":{"that":false}},
  {"id":"c","tool":"echo","with":{"n":"${{ steps.a.output.n }}"}}]})";

TEST_F(ControlNews, ARetryKeepsWhatWasCommitted) {
  const std::string old = client.submit(kFails);
  EXPECT_EQ(end_of(old), "\"failed\"");
  const HttpAnswer answer = act(old, "retry");
  ASSERT_EQ(answer.status, 202) << answer.body;
  EXPECT_EQ(answer.header("location"), answer.text("exec_url"));
  const std::string id = answer.text("exec_id");
  EXPECT_EQ(member(client.wait_end(id), "retry_of").as_string(), old);
  const auto starts_of = [&](const std::string& step) {
    int n = 0;
    const json::Value items = client.get("/api/v0/executions/" + id + "/events").data("items");
    for (const json::Value& e : items.as_array())
      n += member(e, "type").as_string() == "step.started" &&
                   json::write(member(e, "step")) == "\"" + step + "\""
               ? 1
               : 0;
    return n;
  };
  EXPECT_EQ(starts_of("a"), 0);
  EXPECT_EQ(starts_of("b"), 1);
  EXPECT_EQ(client.get("/api/v0/executions/" + id + "/steps/a").text("status"), "completed");
  EXPECT_EQ(act(id, "retry", R"({"from":"nowhere"})").status, 422);
  const std::string whole = act(id, "retry", R"({"from":"a"})").text("exec_id");
  client.wait_end(whole);
  EXPECT_NE(client.get("/api/v0/executions/" + whole + "/events").body.find(R"("step":"a","attempt":1)"),
            std::string::npos);
  const std::string done = client.submit(kEchoPlan);
  client.wait_end(done);
  EXPECT_EQ(act(done, "retry").code(), "invalid_state");
}

TEST_F(ControlNews, BulkCancelsWhatTheFilterMatches) {
  for (int i = 0; i < 5; ++i) client.submit(kSignal, "{}", R"(,"labels":{"batch":"b1"})");
  const HttpAnswer dry =
      client.post("/api/v0/executions/cancel", R"({"filter":{"labels":{"batch":"b1"}},"dry_run":true})");
  EXPECT_EQ(dry.status, 200) << dry.body;
  EXPECT_EQ(json::write(dry.data("count")), "5");
  const HttpAnswer real = client.post("/api/v0/executions/cancel", R"({"filter":{"labels":{"batch":"b1"}}})");
  EXPECT_EQ(json::write(real.data("count")), "5") << real.body;
  const HttpAnswer none =
      client.post("/api/v0/executions/cancel", R"({"filter":{"labels":{"batch":"b1"}},"dry_run":true})");
  EXPECT_EQ(json::write(none.data("count")), "0") << none.body;
  EXPECT_EQ(client.post("/api/v0/executions/cancel", "{}").status, 422);
  for (int i = 0; i < 3; ++i) client.wait_end(client.submit(kFails, "{}", R"(,"labels":{"batch":"b2"})"));
  const HttpAnswer retried =
      client.post("/api/v0/executions/retry", R"({"filter":{"labels":{"batch":"b2"}}})");
  EXPECT_EQ(json::write(retried.data("count")), "3") << retried.body;
}

}  // namespace
}  // namespace pawl::testing
