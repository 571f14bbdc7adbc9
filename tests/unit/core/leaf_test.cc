// Tool steps in a list: bindings, conditions, failure, retry, timeout, fallback.
#include "tests/unit/core/support.h"

namespace pawl::core_test {
namespace {

TEST(ToolSteps, RunOneAfterTheOtherAndFeedEachOther) {
  Scripted world(R"({"steps": [
    {"id": "a", "tool": "echo", "with": {"n": "${{ input.n + 1 }}"}},
    {"id": "b", "tool": "echo", "with": {"text": "got ${{ steps.a.output.n }}"}}],
    "output": {"said": "${{ steps.b.output.text }}"}})",
                 R"({"n": 4})");
  world.run();
  EXPECT_EQ(world.row().status, ExecutionStatus::kCompleted) << world.trace();
  EXPECT_EQ(world.output(), R"({"said":"got 5"})");
  EXPECT_EQ(world.call_order(), "a b");
  EXPECT_EQ(world.row().progress.find("percent")->as_int(), 100);
}

TEST(ToolSteps, TakeOneFlushPerStepBoundary) {
  std::string steps;
  for (int i = 0; i < 20; ++i)
    steps += (i ? "," : "") + std::string(R"({"id":"s)") + std::to_string(i) + R"(","tool":"echo"})";
  Scripted world(R"({"steps":[)" + steps + "]}");
  world.run();
  EXPECT_EQ(world.row().status, ExecutionStatus::kCompleted);
  EXPECT_EQ(world.checkpoints(), 21);
}

TEST(ToolSteps, AreSkippedWhenTheirConditionIsFalse) {
  Scripted world(R"({"steps": [
    {"id": "a", "tool": "echo", "when": "${{ input.go }}"},
    {"id": "b", "tool": "echo", "with": {"x": "${{ steps.a.output ?? 'none' }}", "s": "${{ steps.a.status }}"}},
    {"id": "c", "tool": "echo", "with": {"x": "${{ steps.a.output.n }}"}, "optional": true}]})",
                 R"({"go": false})");
  world.run();
  EXPECT_EQ(world.row().status, ExecutionStatus::kCompleted) << world.trace();
  EXPECT_EQ(world.status_of("a"), "skipped");
  EXPECT_EQ(json::write(world.store().step("b")->output), R"({"x":"none","s":"skipped"})");
  EXPECT_EQ(world.status_of("c"), "skipped");
}

TEST(ToolSteps, FailForAMissingBindingUnlessOptional) {
  Scripted world(R"({"steps": [{"id": "a", "tool": "echo", "with": {"x": "${{ input.nope }}"}}]})");
  world.run();
  EXPECT_EQ(world.row().status, ExecutionStatus::kFailed);
  EXPECT_EQ(world.failed_with(), "missing_binding");
  EXPECT_EQ(world.calls().size(), 0u);
  EXPECT_EQ(world.store().step("a")->attempt, 0);
}

TEST(ToolSteps, NeedABooleanCondition) {
  Scripted world(R"({"steps": [{"id": "a", "tool": "echo", "when": "${{ input.n }}"}]})", R"({"n": 3})");
  world.run();
  EXPECT_EQ(world.failed_with(), "not_boolean");
}

TEST(Retry, WaitsAndTriesAgainWithTheNextNumber) {
  Scripted world(R"({"steps": [{"id": "a", "tool": "t",
    "retry": {"max_attempts": 4, "initial_delay": "100ms", "multiplier": 2, "jitter": "none"}}]})");
  world.script["a"] = {fails("http_503"), fails("http_503"), completes(R"({"ok":true})")};
  world.run();
  EXPECT_EQ(world.row().status, ExecutionStatus::kCompleted);
  ASSERT_EQ(world.calls().size(), 3u);
  EXPECT_EQ(world.calls()[1].at - world.calls()[0].at, Millis(100));
  EXPECT_EQ(world.calls()[2].at - world.calls()[1].at, Millis(200));
  EXPECT_EQ(world.calls()[2].stamp.attempt, 3);
  EXPECT_EQ(world.count(EventType::kStepAttemptFailed), 2);
  EXPECT_EQ(world.store().step("a")->attempt, 3);
}

TEST(Retry, EndsWithTheLastFailure) {
  Scripted world(
      R"({"steps": [{"id": "a", "tool": "t", "retry": {"max_attempts": 2, "initial_delay": "1ms", "jitter": "none"}}]})");
  world.script["a"] = {fails("http_503")};
  world.run();
  EXPECT_EQ(world.row().status, ExecutionStatus::kFailed);
  EXPECT_EQ(world.failed_with(), "http_503");
  EXPECT_EQ(world.count(EventType::kStepAttemptFailed), 2);
  EXPECT_EQ(world.count(EventType::kStepFailed), 1);
}

TEST(Retry, ALongBackoffParksAndIsNeverEarly) {
  Scripted world(
      R"({"steps": [{"id": "a", "tool": "t", "retry": {"initial_delay": "10s", "jitter": "none"}}]})");
  world.script["a"] = {fails("http_503"), completes("{}")};
  world.run_until(WallTime(Millis(9999)));
  EXPECT_EQ(world.row().status, ExecutionStatus::kWaiting);
  EXPECT_EQ(world.execution(), nullptr);
  EXPECT_EQ(world.calls().size(), 1u);
  world.run();
  EXPECT_EQ(world.row().status, ExecutionStatus::kCompleted) << world.trace();
  EXPECT_GE(world.calls()[1].at - world.calls()[0].at, Millis(10'000));
  EXPECT_EQ(world.calls()[1].stamp.attempt, 2);
}

TEST(Retry, IsNotForConfigurationFailures) {
  Scripted world(R"({"steps": [{"id": "a", "tool": "t"}]})");
  world.script["a"] = {fails("http_404", Millis{0}, Category::kConfiguration)};
  world.run();
  EXPECT_EQ(world.calls().size(), 1u);
}

TEST(Retry, AnUnknownOutcomeOfAtMostOnceIsFinal) {
  Scripted world(R"({"steps": [{"id": "a", "tool": "t", "delivery": "at_most_once", "timeout": "1s"}]})");
  world.script["a"] = {completes("{}", Millis(5000))};
  world.run();
  EXPECT_EQ(world.calls().size(), 1u);
  EXPECT_EQ(world.code_of("a"), "outcome_unknown");
  EXPECT_EQ(world.store().step("a")->failure->category, Category::kOutcomeUnknown);
}

TEST(Fallback, TakesOverWhenTheStepHasFailed) {
  Scripted world(R"({"steps": [{"id": "a", "tool": "t", "retry": {"max_attempts": 2, "initial_delay": "1ms"},
    "fallback": [{"tool": "u", "with": {"x": 1}}]}]})");
  world.script["a"] = {fails("http_503"), fails("http_503"), completes(R"({"by":"u"})")};
  world.run();
  EXPECT_EQ(world.row().status, ExecutionStatus::kCompleted) << world.trace();
  ASSERT_EQ(world.calls().size(), 3u);
  EXPECT_EQ(world.calls()[2].tool, "u");
  EXPECT_EQ(world.calls()[2].stamp.attempt, 1);
  EXPECT_EQ(world.calls()[2].stamp.fallback, 1);
}

TEST(Failure, OfAStepThatIsNotCriticalIsToldWithItsImpact) {
  Scripted world(R"({"steps": [{"id": "a", "tool": "t", "critical": false},
    {"id": "b", "tool": "echo", "with": {"x": "${{ steps.a.output ?? 0 }}"}}]})");
  world.script["a"] = {fails("exit_1", Millis{0}, Category::kLogic)};
  world.run();
  EXPECT_EQ(world.row().status, ExecutionStatus::kCompleted);
  for (const Event& event : world.store().events()) {
    if (event.type != EventType::kStepFailed) continue;
    EXPECT_EQ(json::write(*event.data.find("impact")), R"(["b"])");
  }
}

TEST(Timeout, OfTheExecutionEndsIt) {
  Scripted world(R"({"timeout": "3s", "steps": [{"id": "a", "tool": "t"}, {"id": "b", "tool": "t"}]})");
  world.script["a"] = {completes("{}", Millis(20'000))};
  world.run();
  EXPECT_EQ(world.row().status, ExecutionStatus::kTimedOut) << world.trace();
  EXPECT_EQ(world.time(), Millis(3000));
  EXPECT_EQ(world.status_of("a"), "cancelled");
  EXPECT_TRUE(world.calls()[0].cancelled);
}

TEST(Breaker, ADeferredCallUsesNoAttempt) {
  Scripted world(R"({"steps": [{"id": "a", "tool": "t"}]})");
  sim::ToolAnswer deferred;
  deferred.deferred = core::DeferReason::kBreakerOpen;
  deferred.after = Millis(5000);
  world.script["a"] = {deferred, completes("{}")};
  world.run();
  EXPECT_EQ(world.row().status, ExecutionStatus::kCompleted) << world.trace();
  ASSERT_EQ(world.calls().size(), 2u);
  EXPECT_EQ(world.calls()[1].stamp.attempt, 1);
  EXPECT_GE(world.calls()[1].at - world.calls()[0].at, Millis(5000));
  EXPECT_EQ(world.count(EventType::kExecutionWaiting), 1);
}

}  // namespace
}  // namespace pawl::core_test
