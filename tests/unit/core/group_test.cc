// Groups: order, strategies, merges, loops, choices, nested tasks.
#include "tests/unit/core/support.h"

namespace pawl::core_test {
namespace {

TEST(Parallel, CollectsInPlanOrderWhateverEndsFirst) {
  Scripted world(R"({"steps": [{"id": "fan", "parallel": {"steps": [
    {"id": "left", "tool": "t"}, {"id": "right", "tool": "t"}]}}]})");
  world.script["fan.left"] = {completes("1", Millis(50))};
  world.script["fan.right"] = {completes("2", Millis(10))};
  world.run();
  EXPECT_EQ(world.output(), R"({"left":1,"right":2})") << world.trace();
}

TEST(Parallel, RunsNoMoreThanTheLimitAtOnce) {
  std::string steps;
  for (int i = 0; i < 10; ++i)
    steps += (i ? "," : "") + std::string(R"({"id":"s)") + std::to_string(i) + R"(","tool":"t"})";
  Scripted world(R"({"limits": {"max_parallel": 3}, "steps": [{"id": "fan", "parallel": {"steps": [)" +
                 steps + "]}}]}");
  int running = 0, most = 0;
  world.on_call = [&](const core::StartTool&) {
    most = std::max(most, world.execution()->calls());
    ++running;
    return completes("{}", Millis(10));
  };
  world.run();
  EXPECT_EQ(world.row().status, ExecutionStatus::kCompleted);
  EXPECT_EQ(most, 3);
  EXPECT_EQ(running, 10);
}

TEST(Parallel, AFanOutOfAHundredTakesFewFlushes) {
  std::string steps;
  for (int i = 0; i < 100; ++i)
    steps += (i ? "," : "") + std::string(R"({"id":"s)") + std::to_string(i) + R"(","tool":"echo"})";
  Scripted world(R"({"limits": {"max_parallel": 100}, "steps": [{"id": "fan", "parallel": {"steps": [)" +
                 steps + "]}}]}");
  world.run();
  EXPECT_EQ(world.row().status, ExecutionStatus::kCompleted);
  EXPECT_LE(world.checkpoints(), 6);
}

struct StrategyCase {
  const char* strategy;
  const char* left;
  const char* right;
  const char* status;
};

class Strategies : public ::testing::TestWithParam<StrategyCase> {};

TEST_P(Strategies, DecideTheGroupsStatus) {
  const StrategyCase& c = GetParam();
  Scripted world(
      std::string(
          R"({"defaults": {"retry": {"max_attempts": 1}}, "steps": [{"id": "fan", "parallel": {"strategy": ")") +
      c.strategy + R"(", "steps": [{"id": "left", "tool": "t"}, {"id": "right", "tool": "t"}]}}]})");
  const auto answer = [](std::string_view how, Millis after) {
    return how == "ok" ? completes("1", after) : fails("http_503", after);
  };
  world.script["fan.left"] = {answer(c.left, Millis(10))};
  world.script["fan.right"] = {answer(c.right, Millis(1000))};
  world.run();
  EXPECT_EQ(world.status_of("fan"), c.status) << world.trace();
}

INSTANTIATE_TEST_SUITE_P(All, Strategies,
                         ::testing::Values(StrategyCase{"wait_all", "ok", "ok", "completed"},
                                           StrategyCase{"wait_all", "ok", "bad", "failed"},
                                           StrategyCase{"fail_fast", "bad", "ok", "failed"},
                                           StrategyCase{"best_effort", "bad", "ok", "completed"},
                                           StrategyCase{"best_effort", "bad", "bad", "failed"},
                                           StrategyCase{"race", "bad", "ok", "completed"},
                                           StrategyCase{"race", "ok", "ok", "completed"},
                                           StrategyCase{"race", "bad", "bad", "failed"}));

TEST(Parallel, ARaceCancelsTheOthers) {
  Scripted world(
      R"({"steps": [{"id": "fan", "parallel": {"strategy": "race", "merge": "first_success", "steps": [
    {"id": "slow", "tool": "t"}, {"id": "quick", "tool": "t"}]}}]})");
  world.script["fan.slow"] = {completes("1", Millis(9000))};
  world.script["fan.quick"] = {completes("2", Millis(5))};
  world.run();
  EXPECT_EQ(world.output(), "2");
  EXPECT_EQ(world.status_of("fan.slow"), "cancelled");
  EXPECT_EQ(world.time(), Millis(5));
}

TEST(Parallel, DeepMergeLetsTheLaterWin) {
  Scripted world(R"({"steps": [{"id": "fan", "parallel": {"merge": "deep_merge", "steps": [
    {"id": "a", "tool": "echo", "with": {"x": {"p": 1, "q": 1}, "y": 1}},
    {"id": "b", "tool": "echo", "with": {"x": {"q": 2}}}]}}]})");
  world.run();
  EXPECT_EQ(world.output(), R"({"x":{"p":1,"q":2},"y":1})");
}

TEST(ForEach, RunsItsStepForEachItemAndKeepsTheirOrder) {
  Scripted world(
      R"({"steps": [{"id": "each", "for_each": {"items": "${{ input.list }}", "as": "x", "index": "k",
    "step": {"id": "f", "tool": "echo", "with": {"v": "${{ x * 2 }}", "k": "${{ k }}"}}}}]})",
      R"({"list": [1, 2, 3]})");
  world.run();
  EXPECT_EQ(world.output(), R"([{"v":2,"k":0},{"v":4,"k":1},{"v":6,"k":2}])") << world.trace();
  EXPECT_EQ(world.call_order(), "each[0].f each[1].f each[2].f");
  EXPECT_EQ(world.row().progress.find("total")->as_int(), 3);
}

TEST(ForEach, TakesNoItemsAndBatches) {
  Scripted none(
      R"({"steps": [{"id": "each", "for_each": {"items": [], "step": {"id": "f", "tool": "echo"}}}]})");
  none.run();
  EXPECT_EQ(none.output(), "[]") << none.trace();
  EXPECT_EQ(none.row().progress.find("percent")->as_int(), 100);
  Scripted batches(R"({"steps": [{"id": "each", "for_each": {"items": [1,2,3], "batch": 2,
    "step": {"id": "f", "tool": "echo", "with": {"rows": "${{ row }}"}}}}]})");
  batches.run();
  EXPECT_EQ(batches.output(), R"([{"rows":[1,2]},{"rows":[3]}])");
}

TEST(ForEach, RefusesWhatIsNoListAndWhatIsTooLong) {
  Scripted scalar(
      R"({"steps": [{"id": "each", "for_each": {"items": "${{ input.n }}", "step": {"id": "f", "tool": "echo"}}}]})",
      R"({"n": 3})");
  scalar.run();
  EXPECT_EQ(scalar.failed_with(), "not_a_list");
  Scripted longer(
      R"({"limits": {"max_steps": 3}, "steps": [{"id": "each", "for_each": {"items": "${{ input.l }}", "step": {"id": "f", "tool": "echo"}}}]})",
      R"({"l": [1,2,3]})");
  longer.run();
  EXPECT_EQ(longer.failed_with(), "max_steps_exceeded");
  EXPECT_EQ(longer.calls().size(), 0u);
}

TEST(ForEach, KeepsMemoryFlatOverManyItems) {
  json::Array items;
  for (int i = 0; i < 5000; ++i) items.emplace_back(i);
  Scripted world(
      R"({"limits": {"max_steps": 10000, "max_parallel": 8}, "steps": [{"id": "each", "for_each": {"items": "${{ input.l }}",
    "step": {"id": "f", "tool": "echo"}}}]})",
      R"({"l": []})");
  Scripted big(
      R"({"limits": {"max_steps": 10000, "max_parallel": 8}, "steps": [{"id": "each", "for_each": {"items": "${{ input.l }}",
    "step": {"id": "f", "tool": "echo"}}}]})",
      json::write(json::Object{{"l", items}}));
  std::size_t most = 0;
  big.on_call = [&](const core::StartTool&) {
    most = std::max(most, big.execution()->node_count());
    return completes("{}");
  };
  big.run();
  EXPECT_EQ(big.row().status, ExecutionStatus::kCompleted);
  EXPECT_LE(most, 32u);
}

TEST(Choose, RunsTheFirstBranchThatHolds) {
  constexpr auto kPlan = R"({"steps": [{"id": "pick", "choose": [
    {"when": "${{ input.n > 10 }}", "steps": [{"id": "big", "tool": "echo", "with": {"is": "big"}}]},
    {"when": "${{ input.n > 1 }}", "steps": [{"id": "mid", "tool": "echo", "with": {"is": "mid"}}]}]}]})";
  Scripted mid(kPlan, R"({"n": 5})");
  mid.run();
  EXPECT_EQ(mid.output(), R"({"is":"mid"})");
  EXPECT_EQ(mid.call_order(), "pick.mid");
  Scripted none(kPlan, R"({"n": 0})");
  none.run();
  EXPECT_EQ(none.row().status, ExecutionStatus::kCompleted);
  EXPECT_EQ(none.output(), "null");
}

TEST(Sequence, FailsAtItsTimeout) {
  Scripted world(R"({"steps": [{"id": "seq", "timeout": "2s", "critical": false, "sequence": {"steps": [
    {"id": "a", "tool": "t"}, {"id": "b", "tool": "t"}]}}]})");
  world.script["seq.a"] = {completes("{}", Millis(1500))};
  world.script["seq.b"] = {completes("{}", Millis(1500))};
  world.run();
  EXPECT_EQ(world.row().status, ExecutionStatus::kCompleted);
  EXPECT_EQ(world.code_of("seq"), "timeout") << world.trace();
  EXPECT_EQ(world.status_of("seq.b"), "cancelled");
}

TEST(NestedTask, RunsInlineWithItsOwnInputAndOutput) {
  sim::WorldOptions options;
  options.tasks["child"] =
      plan_of(R"({"steps": [{"id": "x", "tool": "echo", "with": {"v": "${{ input.n + 1 }}"}}],
    "output": {"r": "${{ steps.x.output.v }}"}})");
  Scripted world(R"({"steps": [{"id": "sub", "task": "child", "with": {"n": 4}},
    {"id": "y", "tool": "echo", "with": {"got": "${{ steps.sub.output.r }}"}}]})",
                 "{}", options);
  world.run();
  EXPECT_EQ(world.output(), R"({"got":5})") << world.trace();
  EXPECT_EQ(world.call_order(), "sub.x y");
}

TEST(NestedTask, IsRefusedWhenItIsTooDeepOrUnknown) {
  sim::WorldOptions options;
  options.tasks["self"] = plan_of(R"({"steps": [{"id": "again", "task": "self"}]})");
  Scripted deep(R"({"limits": {"max_depth": 2}, "steps": [{"id": "sub", "task": "self"}]})", "{}", options);
  deep.run();
  EXPECT_EQ(deep.failed_with(), "max_depth_exceeded");
  Scripted unknown(R"({"steps": [{"id": "sub", "task": "nobody"}]})");
  unknown.run();
  EXPECT_EQ(unknown.failed_with(), "task_not_found");
}

}  // namespace
}  // namespace pawl::core_test
