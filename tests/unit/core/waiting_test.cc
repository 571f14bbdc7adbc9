// What takes time without work: waits, signals, approvals, pauses; and what undoes and ends: compensation,
// on_failure, cancel.
#include "tests/unit/core/support.h"

namespace pawl::core_test {
namespace {

TEST(Wait, ForATimeParksAndIsNotEarly) {
  Scripted world(R"({"steps": [{"id": "w", "wait": {"for": "5m"}}, {"id": "a", "tool": "echo"}]})");
  world.run_until(WallTime(Millis(299'999)));
  EXPECT_EQ(world.row().status, ExecutionStatus::kWaiting);
  EXPECT_EQ(world.execution(), nullptr);
  world.run();
  EXPECT_EQ(world.row().status, ExecutionStatus::kCompleted) << world.trace();
  EXPECT_EQ(world.time(), Millis(300'000));
  EXPECT_EQ(world.count(EventType::kExecutionRecovered), 0);
}

TEST(Wait, ForAMomentStaysInMemory) {
  Scripted world(R"({"steps": [{"id": "w", "wait": {"for": "1s"}}]})");
  world.run();
  EXPECT_EQ(world.row().status, ExecutionStatus::kCompleted);
  EXPECT_EQ(world.count(EventType::kExecutionWaiting), 0);
}

TEST(Wait, TakesASignalThatComesEarlyOrLate) {
  constexpr auto kPlan =
      R"({"steps": [{"id": "a", "tool": "t"}, {"id": "w", "wait": {"signal": "paid", "timeout": "1h"}}]})";
  Scripted early(kPlan);
  early.script["a"] = {completes("{}", Millis(1000))};
  early.at(WallTime(Millis(10)), [&] { early.signal("paid", 7); });
  early.run();
  EXPECT_EQ(early.output(), "7") << early.trace();
  Scripted late(kPlan);
  late.at(WallTime(Millis(60'000)), [&] { late.signal("paid", 8); });
  late.run();
  EXPECT_EQ(late.output(), "8");
  Scripted never(kPlan);
  never.run();
  EXPECT_EQ(never.failed_with(), "signal_timeout");
  EXPECT_EQ(never.time(), Millis(3'600'000));
}

TEST(Approval, GatesAToolStep) {
  constexpr auto kPlan =
      R"({"steps": [{"id": "a", "tool": "t", "approval": {"message": "sure?", "expires_in": "1h"}}]})";
  Scripted yes(kPlan);
  yes.at(WallTime(Millis(5000)), [&] { EXPECT_TRUE(yes.decide("a", true)); });
  yes.run();
  EXPECT_EQ(yes.row().status, ExecutionStatus::kCompleted) << yes.trace();
  EXPECT_EQ(yes.calls().at(0).at, WallTime(Millis(5000)));
  Scripted no(kPlan);
  no.at(WallTime(Millis(5000)), [&] { no.decide("a", false); });
  no.run();
  EXPECT_EQ(no.failed_with(), "approval_rejected");
  EXPECT_EQ(no.calls().size(), 0u);
  Scripted nobody(kPlan);
  nobody.run();
  EXPECT_EQ(nobody.failed_with(), "approval_expired");
  EXPECT_EQ(nobody.count(EventType::kApprovalExpired), 1);
}

TEST(Approval, AsAStepGivesItsForm) {
  Scripted world(R"({"steps": [{"id": "ask", "approval": {"message": "which?"}}]})");
  world.at(WallTime(Millis(5000)), [&] { world.decide("ask", true, json_of(R"({"n": 2})")); });
  world.run();
  EXPECT_EQ(world.output(), R"({"decision":"approve","form":{"n":2}})") << world.trace();
}

constexpr auto kSaga = R"({"defaults": {"retry": {"max_attempts": 1}}, "steps": [
  {"id": "a", "tool": "echo", "with": {"n": 1}, "compensate": {"tool": "undo", "with": {"n": "${{ steps.a.output.n }}"}}},
  {"id": "b", "tool": "echo", "with": {"n": 2}, "compensate": {"tool": "undo", "with": {"n": "${{ steps.b.output.n }}"}}},
  {"id": "c", "tool": "t"}],
  "on_failure": [{"id": "tell", "tool": "echo", "with": {"s": "${{ steps.c.status }}"}}]})";

TEST(Compensation, RunsInReverseThenOnFailure) {
  Scripted world(kSaga);
  world.script["c"] = {fails("http_503")};
  world.run();
  EXPECT_EQ(world.row().status, ExecutionStatus::kFailed);
  EXPECT_EQ(world.call_order(), "a b c b.compensate a.compensate tell") << world.trace();
  EXPECT_EQ(json::write(world.calls()[3].with), R"({"n":2})");
  EXPECT_EQ(json::write(world.calls()[5].with), R"({"s":"failed"})");
}

TEST(Compensation, RunsForACancelWithoutOnFailure) {
  Scripted world(kSaga);
  world.script["c"] = {completes("{}", Millis(10'000))};
  world.at(WallTime(Millis(500)), [&] { EXPECT_TRUE(world.cancel("enough")); });
  world.run();
  EXPECT_EQ(world.row().status, ExecutionStatus::kCancelled);
  EXPECT_EQ(world.call_order(), "a b c b.compensate a.compensate") << world.trace();
  EXPECT_EQ(world.status_of("c"), "cancelled");
}

TEST(Compensation, SurvivesACrashInItsMiddle) {
  Scripted world(kSaga);
  world.script["c"] = {fails("http_503")};
  world.script["b.compensate"] = {completes("{}", Millis(1000))};
  world.at(WallTime(Millis(500)), [&] { world.crash(); });
  world.run();
  EXPECT_EQ(world.row().status, ExecutionStatus::kFailed);
  EXPECT_EQ(world.call_order(), "a b c b.compensate b.compensate a.compensate tell") << world.trace();
  EXPECT_EQ(world.failed_with(), "http_503");
}

TEST(Cancel, OfAFrozenStepEndsIt) {
  Scripted world(R"({"steps": [{"id": "a", "tool": "t"}]})");
  world.script["a"] = {completes("{}", Millis(10'000))};
  world.at(WallTime(Millis(100)), [&] { world.pause(); });
  world.at(WallTime(Millis(200)), [&] {
    EXPECT_EQ(world.row().status, ExecutionStatus::kPaused);
    world.cancel();
  });
  world.run();
  EXPECT_EQ(world.row().status, ExecutionStatus::kCancelled) << world.trace();
  EXPECT_EQ(world.time(), Millis(200));
}

TEST(Pause, FreezesTheStepAndStandsTheClock) {
  Scripted world(R"({"timeout": "10s", "steps": [{"id": "a", "tool": "t", "timeout": "6s"}]})");
  world.script["a"] = {completes("{}", Millis(5000))};
  world.at(WallTime(Millis(1000)), [&] { world.pause(); });
  world.at(WallTime(Millis(101'000)), [&] { world.resume(); });
  world.run();
  EXPECT_EQ(world.row().status, ExecutionStatus::kCompleted) << world.trace();
  EXPECT_EQ(world.time(), Millis(105'000));
  EXPECT_EQ(world.calls().size(), 1u);
  EXPECT_EQ(world.count(EventType::kExecutionPaused), 1);
  EXPECT_EQ(world.count(EventType::kExecutionResumed), 1);
}

TEST(Pause, LetsAStepFinishThatCannotBeFrozenAndStartsNoOther) {
  Scripted world(R"({"steps": [{"id": "a", "tool": "t"}, {"id": "b", "tool": "t"}]})");
  sim::ToolAnswer slow = completes("{}", Millis(5000));
  slow.can_freeze = false;
  world.script["a"] = {slow};
  world.at(WallTime(Millis(1000)), [&] { world.pause(); });
  world.at(WallTime(Millis(9000)), [&] {
    EXPECT_EQ(world.row().status, ExecutionStatus::kPaused);
    EXPECT_EQ(world.execution(), nullptr);
    EXPECT_EQ(world.status_of("a"), "completed");
    world.resume();
  });
  world.run();
  EXPECT_EQ(world.row().status, ExecutionStatus::kCompleted) << world.trace();
  EXPECT_EQ(world.calls().at(1).at, WallTime(Millis(9000)));
}

TEST(Pause, ShiftsTheTimersOfWhatWaits) {
  Scripted world(R"({"steps": [{"id": "w", "wait": {"for": "10s"}}]})");
  world.at(WallTime(Millis(4000)), [&] { world.pause(); });
  world.at(WallTime(Millis(60'000)), [&] { world.resume(); });
  world.run();
  EXPECT_EQ(world.time(), Millis(66'000)) << world.trace();
}

TEST(Pause, EndsByItsOwnTimeout) {
  Scripted world(R"({"steps": [{"id": "a", "tool": "t"}]})");
  world.script["a"] = {completes("{}", Millis(5000))};
  world.at(WallTime(Millis(1000)), [&] { world.pause(Millis(20'000), true); });
  world.run();
  EXPECT_EQ(world.row().status, ExecutionStatus::kCancelled) << world.trace();
  EXPECT_EQ(world.time(), Millis(21'000));
}

TEST(Recovery, RunsTheOpenStepAgainUnderTheSameAttempt) {
  Scripted world(
      R"({"steps": [{"id": "a", "tool": "t"}, {"id": "b", "tool": "t"}, {"id": "c", "tool": "t"}]})");
  world.script["b"] = {completes("{}", Millis(1000))};
  world.at(WallTime(Millis(500)), [&] { world.crash(); });
  world.run();
  EXPECT_EQ(world.row().status, ExecutionStatus::kCompleted);
  EXPECT_EQ(world.call_order(), "a b b c") << world.trace();
  EXPECT_EQ(world.calls()[2].stamp.attempt, 1);
  EXPECT_GT(world.calls()[2].stamp.epoch, world.calls()[1].stamp.epoch);
  EXPECT_EQ(world.count(EventType::kExecutionRecovered), 1);
}

TEST(Recovery, NeverRepeatsAtMostOnce) {
  Scripted world(R"({"steps": [{"id": "a", "tool": "t", "delivery": "at_most_once"}]})");
  world.script["a"] = {completes("{}", Millis(1000))};
  world.at(WallTime(Millis(500)), [&] { world.crash(); });
  world.run();
  EXPECT_EQ(world.code_of("a"), "outcome_unknown") << world.trace();
  EXPECT_EQ(world.calls().size(), 1u);
}

}  // namespace
}  // namespace pawl::core_test
