// Names, tickets, heartbeats and backoff: what is pure and small.
#include <gtest/gtest.h>

#include "broker/heartbeat.h"
#include "broker/link.h"
#include "broker/ticket.h"
#include "broker/topology.h"

namespace pawl::broker {
namespace {

using namespace std::chrono_literals;

constexpr const char* kId = "0190a5e4-7c1e-7d6b-8a3f-2f8d1c0e9b77";

TEST(Topology, NamesTheQueuesOfALane) {
  EXPECT_EQ(lane_queue("default", PriorityClass::kHigh), "lane.default.high");
  EXPECT_EQ(lane_queue("default", PriorityClass::kNormal), "lane.default.normal");
  EXPECT_EQ(lane_queue("default", PriorityClass::kLow), "lane.default.low");
  EXPECT_EQ(resume_queue("llm"), "lane.llm.resume");
  EXPECT_EQ(lane_of_queue("lane.llm.resume"), "llm");
  EXPECT_EQ(lane_of_queue("pawl.quarantine"), "");
  EXPECT_TRUE(is_resume_queue("lane.llm.resume"));
  EXPECT_FALSE(is_resume_queue("lane.resume.high"));
}

TEST(Topology, ServesResumeQueuesOfAllLanesFirst) {
  EXPECT_EQ(lane_queues({"a", "b"}),
            (std::vector<std::string>{"lane.a.resume", "lane.b.resume", "lane.a.high", "lane.b.high",
                                      "lane.a.normal", "lane.b.normal", "lane.a.low", "lane.b.low"}));
}

TEST(Topology, HasExactlyWhatTheDesignSays) {
  const Topology topology = make_topology({"default"});
  EXPECT_EQ(topology.exchanges,
            (std::vector<ExchangeSpec>{
                {"pawl.jobs", "direct"}, {"pawl.control", "topic"}, {"pawl.events", "topic"}}));
  ASSERT_EQ(topology.queues.size(), 5u);
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(topology.queues[i].delivery_limit, 20);
    EXPECT_TRUE(topology.queues[i].bound_to_jobs);
  }
  EXPECT_EQ(topology.queues[4].name, "pawl.quarantine");
  EXPECT_EQ(topology.queues[4].delivery_limit, 0);
  EXPECT_FALSE(topology.queues[4].bound_to_jobs);
}

TEST(Topology, RefusesLaneNamesThatWouldBeAmbiguous) {
  EXPECT_TRUE(is_valid_lane("gpu-2_x"));
  for (const auto& lane : {std::string(), std::string("a.b"), std::string("A"), std::string("a b"),
                           std::string("#"), std::string(64, 'a')}) {
    EXPECT_FALSE(is_valid_lane(lane)) << lane;
  }
}

TicketMessage ticket(std::string traceparent = "") {
  return {.exec_id = *Uuid::parse(kId),
          .epoch = 4'000'000'000,
          .lane = "llm",
          .traceparent = std::move(traceparent)};
}

TEST(Ticket, ComesBackAsItWent) {
  const std::string trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  for (const auto& traceparent : {std::string(), trace}) {
    const auto message = ticket(traceparent);
    const auto parsed = parse_ticket(ticket_message_id(message.exec_id, message.epoch), ticket_body(message));
    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed->exec_id, message.exec_id);
    EXPECT_EQ(parsed->epoch, message.epoch);
    EXPECT_EQ(parsed->traceparent, traceparent);
  }
}

TEST(Ticket, LeavesOutATraceparentThatIsNone) {
  EXPECT_EQ(ticket_body(ticket("\",\"x\":\"")), ticket_body(ticket()));
}

TEST(Ticket, GoesToTheQueueOfItsClass) {
  auto message = ticket();
  EXPECT_EQ(ticket_queue(message), "lane.llm.normal");
  message.priority = PriorityClass::kLow;
  EXPECT_EQ(ticket_queue(message), "lane.llm.low");
  message.resume = true;
  EXPECT_EQ(ticket_queue(message), "lane.llm.resume");
}

TEST(Ticket, TakesTheSameObjectWrittenOtherwise) {
  const std::string id(kId);
  EXPECT_TRUE(parse_ticket(id + ":7", "{\"epoch\": 7,\n \"exec_id\": \"" + id + "\"}"));
}

TEST(Ticket, RefusesEverythingElse) {
  const std::string id(kId);
  const std::string good = R"({"exec_id":")" + id + R"(","epoch":7})";
  ASSERT_TRUE(parse_ticket(id + ":7", good));
  for (const auto& message_id :
       {std::string(), id, id + ":", id + ":07", id + ":-1", id + ":8", id + ":7 ", id + ":4294967296",
        "x" + id + ":7", std::string("00000000-0000-0000-0000-000000000000:7")}) {
    EXPECT_FALSE(parse_ticket(message_id, good)) << message_id;
  }
  for (const auto& body :
       {std::string(), std::string("null"), std::string("[]"), std::string("{}"), good + " x", good.substr(1),
        R"({"exec_id":")" + id + R"(","epoch":7,"more":1})", R"({"exec_id":")" + id + R"("})",
        R"({"exec_id":")" + id + R"(","epoch":7.5})", R"({"exec_id":")" + id + R"(","epoch":"7"})",
        std::string(R"({"exec_id":7,"epoch":7})"),
        R"({"exec_id":")" + id + R"(","epoch":7,"traceparent":"x"})",
        R"({"exec_id":")" + id + R"(","epoch":7,"epoch":7})", std::string(100'000, '[')}) {
    EXPECT_FALSE(parse_ticket(id + ":7", body)) << body.substr(0, 100);
  }
}

TEST(Heartbeat, NegotiatesTheSmallerOfTwoWishes) {
  EXPECT_EQ(negotiate_heartbeat(10s, 60s), 10s);
  EXPECT_EQ(negotiate_heartbeat(60s, 10s), 10s);
  EXPECT_EQ(negotiate_heartbeat(10s, 0s), 10s);
  EXPECT_EQ(negotiate_heartbeat(0s, 60s), 60s);
}

using Verdict = HeartbeatJudge::Verdict;

TEST(Heartbeat, SendsAfterHalfAnIntervalWithoutTraffic) {
  const MonoTime start{1000s};
  HeartbeatJudge judge(10s, start);
  EXPECT_EQ(judge.tick(start + 5s), Verdict::kSend);
  judge.sent(start + 5s);
  judge.received(start + 6s);
  judge.sent(start + 9s);
  EXPECT_EQ(judge.tick(start + 10s), Verdict::kQuiet);
}

TEST(Heartbeat, GivesUpAfterTwoIntervalsOfSilence) {
  const MonoTime start{1000s};
  HeartbeatJudge judge(10s, start);
  judge.received(start + 1s);
  EXPECT_NE(judge.tick(start + 5s), Verdict::kDead);
  EXPECT_NE(judge.tick(start + 10s), Verdict::kDead);
  EXPECT_NE(judge.tick(start + 15s), Verdict::kDead);
  EXPECT_NE(judge.tick(start + 20s), Verdict::kDead);
  EXPECT_EQ(judge.tick(start + 25s), Verdict::kDead);
}

TEST(Heartbeat, DoesNotJudgeTheBrokerForItsOwnAbsence) {
  const MonoTime start{1000s};
  HeartbeatJudge judge(10s, start);
  EXPECT_EQ(judge.tick(start + 5s), Verdict::kSend);
  EXPECT_NE(judge.tick(start + 600s), Verdict::kDead) << "we were stopped; its heartbeats wait in the socket";
  EXPECT_NE(judge.tick(start + 605s), Verdict::kDead);
  EXPECT_NE(judge.tick(start + 615s), Verdict::kDead);
  EXPECT_EQ(judge.tick(start + 620s), Verdict::kDead) << "but silence since we are back counts";
}

TEST(Heartbeat, IsPatientWithABlockedBroker) {
  const MonoTime start{1000s};
  HeartbeatJudge judge(10s, start);
  judge.set_blocked(true);
  for (auto t = 5s; t < 60s; t += 5s) EXPECT_NE(judge.tick(start + t), Verdict::kDead) << t.count();
  EXPECT_EQ(judge.tick(start + 60s), Verdict::kDead);
}

TEST(Reconnect, HasFullJitterUnderACap) {
  EXPECT_EQ(reconnect_delay(0, 0.0), 0ms);
  EXPECT_EQ(reconnect_delay(0, 0.5), 50ms);
  EXPECT_EQ(reconnect_delay(3, 0.5), 400ms);
  EXPECT_EQ(reconnect_delay(1'000'000, 0.5), 2500ms);
  EXPECT_LT(reconnect_delay(1'000'000, 0.999999), 5000ms);
}

}  // namespace
}  // namespace pawl::broker
