// A retry begins with the steps that the execution before it committed; and what a checkpoint tells the store
// about its kind.
#include "tests/unit/core/support.h"

namespace pawl::core_test {
namespace {

StepRecord kept(std::string path, std::string_view output, std::string kind = "tool") {
  StepRecord record;
  record.path = std::move(path);
  record.kind = std::move(kind);
  record.status = StepStatus::kCompleted;
  record.attempt = record.max_attempts = 1;
  record.output = json_of(output);
  return record;
}

core::Effects begin(core::Execution& execution, std::string_view plan, std::vector<StepRecord> steps) {
  core::Begin begin;
  begin.facts.plan = plan_of(plan);
  begin.facts.limits = begin.facts.plan->limits;
  begin.facts.epoch = 1;
  begin.kept = std::move(steps);
  return core::apply(execution, std::move(begin), {});
}

std::string told(const core::Checkpoint& checkpoint) {
  std::string text;
  for (const auto* events : {&checkpoint.settled, &checkpoint.onward})
    for (const NewEvent& event : *events)
      text += std::string(to_string(event.type)) + (event.step.empty() ? " " : ":" + event.step + " ");
  return text;
}

TEST(Repeat, BeginsBehindTheStepsItKeeps) {
  core::Execution execution;
  const auto effects = begin(
      execution,
      R"({"steps": [{"id": "a", "tool": "t"}, {"id": "b", "tool": "echo", "with": {"n": "${{ steps.a.output.n }}"}}]})",
      {kept("a", R"({"n": 7})")});
  ASSERT_TRUE(effects.checkpoint);
  EXPECT_EQ(told(*effects.checkpoint), "execution.started step.committed:a step.started:b ");
  EXPECT_TRUE(effects.checkpoint->steps.empty()) << "the record is stored already";
  EXPECT_EQ(effects.checkpoint->progress.find("completed")->as_int(), 1);
  const auto started = core::apply(execution, core::Saved{}, {});
  ASSERT_EQ(started.acts.size(), 2u);
  EXPECT_EQ(json::write(std::get<core::StartTool>(started.acts[0]).with), R"({"n":7})");
}

TEST(Repeat, KeepsABranchOfAGroupThatFailed) {
  core::Execution execution;
  const auto effects = begin(execution, R"({"steps": [{"id": "fan", "parallel": {"steps": [
    {"id": "left", "tool": "t"}, {"id": "right", "tool": "t"}]}}]})",
                             {kept("fan.left", "1")});
  ASSERT_TRUE(effects.checkpoint);
  EXPECT_EQ(told(*effects.checkpoint),
            "execution.started step.started:fan step.committed:fan.left step.started:fan.right ");
}

/// Keeps the last checkpoint.
class Recorded : public Scripted {
 public:
  using Scripted::Scripted;
  std::vector<core::Checkpoint> saved;

 protected:
  void after_commit(const core::Checkpoint& checkpoint, const sim::Commit&) override {
    saved.push_back(checkpoint);
  }
};

TEST(Checkpoint, TellsThatThereIsSomethingToUndo) {
  Recorded world(
      R"({"steps": [{"id": "a", "tool": "echo", "compensate": {"tool": "undo"}}, {"id": "w", "wait": {"for": "1h"}}]})");
  world.run_until(WallTime(Millis(1000)));
  ASSERT_FALSE(world.saved.empty());
  EXPECT_FALSE(world.saved.front().compensates);
  ASSERT_TRUE(world.saved.back().park);
  EXPECT_TRUE(world.saved.back().compensates);
}

TEST(Checkpoint, TellsWaitsForADateFromOthers) {
  Recorded date(R"({"steps": [{"id": "w", "wait": {"until": "2030-01-01T00:00:00Z"}}]})");
  date.run_until(WallTime(Millis(1000)));
  ASSERT_TRUE(date.saved.back().park);
  EXPECT_TRUE(date.saved.back().park->calendar);
  Recorded length(R"({"steps": [{"id": "w", "wait": {"for": "1h"}}]})");
  length.run_until(WallTime(Millis(1000)));
  ASSERT_TRUE(length.saved.back().park);
  EXPECT_FALSE(length.saved.back().park->calendar);
}

}  // namespace
}  // namespace pawl::core_test
