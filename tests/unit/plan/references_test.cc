// References: what a step may read, what is told when it may not, and the graph that comes of it.
#include <gtest/gtest.h>

#include "common/plan/cycles.h"
#include "tests/unit/plan/plan_support.h"

namespace pawl::plan {
namespace {

using Faults = std::vector<std::string>;

Faults faults_of(const std::string& fields) {
  auto plan = parse(from_text(R"({"id": "t", )" + fields + "}"));
  return plan ? Faults{} : fault_list(plan.error().faults);
}
/// An echo step that renders `expression`.
std::string echo(const std::string& id, const std::string& expression) {
  return R"({"id": ")" + id + R"(", "tool": "echo", "with": {"v": "${{ )" + expression + R"( }}"}})";
}
std::string reads(const std::string& id, const std::string& step) {
  return echo(id, "steps." + step + ".output");
}
std::string plain(const std::string& id) { return R"({"id": ")" + id + R"(", "tool": "echo"})"; }

TEST(References, MayGoBackInAList) {
  EXPECT_EQ(faults_of(R"("steps": [)" + plain("a") + "," + reads("b", "a") + "]"), Faults{});
}

TEST(References, ToAnUnknownStepAreFaultsEvenWhenGuarded) {
  EXPECT_EQ(faults_of(R"("steps": [)" + reads("a", "gone") + "]"),
            Faults{"/steps/0/with/v unknown_reference"});
  EXPECT_EQ(faults_of(R"("steps": [)" + echo("a", "steps.gone.output ?? 1") + "]"),
            Faults{"/steps/0/with/v unknown_reference"});
}

TEST(References, ForwardAreUnreachable) {
  EXPECT_EQ(faults_of(R"("steps": [)" + reads("a", "b") + "," + plain("b") + "]"),
            Faults{"/steps/0/with/v unreachable_reference"});
}

TEST(References, InACircleAreACycle) {
  EXPECT_EQ(faults_of(R"("steps": [)" + reads("a", "b") + "," + reads("b", "a") + "]"),
            Faults{"/steps/0/with/v cycle"});
  EXPECT_EQ(faults_of(R"("steps": [)" + reads("a", "a") + "]"), Faults{"/steps/0/with/v cycle"});
  EXPECT_EQ(
      faults_of(R"("steps": [)" + reads("a", "c") + "," + reads("b", "a") + "," + reads("c", "b") + "]"),
      Faults{"/steps/0/with/v cycle"});
}

TEST(References, OfAChildToItsOwnGroupAreACycle) {
  EXPECT_EQ(faults_of(R"("steps": [{"id": "p", "parallel": {"steps": [)" + reads("a", "p") + "]}}]"),
            Faults{"/steps/0/parallel/steps/0/with/v cycle"});
}

TEST(References, BetweenSiblingsOfOneParallelAreUnreachable) {
  EXPECT_EQ(faults_of(R"("steps": [{"id": "p", "parallel": {"steps": [)" + plain("a") + "," +
                      reads("b", "a") + "]}}]"),
            Faults{"/steps/0/parallel/steps/1/with/v unreachable_reference"});
}

TEST(References, InsideASequenceGoBackAndOut) {
  EXPECT_EQ(faults_of(R"("steps": [)" + plain("x") + R"(, {"id": "s", "sequence": {"steps": [)" + plain("a") +
                      "," + reads("b", "a") + "," + reads("c", "x") + "]}}]"),
            Faults{});
}

TEST(References, OutsideAGroupSeeOnlyTheGroup) {
  const std::string group = R"({"id": "s", "sequence": {"steps": [)" + plain("a") + "]}}";
  EXPECT_EQ(faults_of(R"("steps": [)" + group + "," + reads("b", "s") + "]"), Faults{});
  EXPECT_EQ(faults_of(R"("steps": [)" + group + "," + reads("b", "a") + "]"),
            Faults{"/steps/1/with/v unreachable_reference"});
  EXPECT_EQ(faults_of(R"("output": "${{ steps.a.output }}", "steps": [)" + group + "]"),
            Faults{"/output unreachable_reference"});
}

TEST(References, BetweenBranchesOfAChoiceAreUnreachable) {
  EXPECT_EQ(faults_of(R"("steps": [{"id": "c", "choose": [{"when": "true", "steps": [)" + plain("a") +
                      R"(]}, {"else": [)" + reads("b", "a") + "]}]}]"),
            Faults{"/steps/0/choose/1/else/0/with/v unreachable_reference"});
}

TEST(References, InConditionsOfBranchesHaveTheirPlace) {
  EXPECT_EQ(
      faults_of(R"("steps": [{"id": "c", "choose": [{"when": "nope", "steps": [)" + plain("a") + "]}]}]"),
      Faults{"/steps/0/choose/0/when unknown_reference"});
}

TEST(References, ToTheItemAreForItsLoopOnly) {
  const std::string loop = R"({"id": "e", "for_each": {"items": [1], "step": )" + echo("a", "row + i") + "}}";
  EXPECT_EQ(faults_of(R"("steps": [)" + loop + "]"), Faults{});
  EXPECT_EQ(faults_of(R"("steps": [)" + loop + "," + echo("b", "row") + "]"),
            Faults{"/steps/1/with/v unknown_reference"});
  EXPECT_EQ(
      faults_of(R"("steps": [{"id": "e", "for_each": {"items": "${{ row }}", "step": )" + plain("a") + "}}]"),
      Faults{"/steps/0/for_each/items unknown_reference"});
}

TEST(References, ToNamedItemsOfNestedLoops) {
  const std::string inner =
      R"({"id": "f", "for_each": {"items": "${{ order.lines }}", "as": "line", "index": "n", "step": )" +
      echo("a", "order.id + line + n + i") + "}}";
  EXPECT_EQ(faults_of(R"("steps": [{"id": "e", "for_each": {"items": [1], "as": "order", "step": )" + inner +
                      "}}]"),
            Faults{});
  EXPECT_EQ(faults_of(R"("steps": [{"id": "e", "for_each": {"items": [1], "as": "order", "step": )" +
                      echo("a", "row") + "}}]"),
            Faults{"/steps/0/for_each/step/with/v unknown_reference"});
}

TEST(References, OfACompensationSeeTheStepItself) {
  auto plan = [](const std::string& step) {
    return R"("steps": [{"id": "a", "tool": "x", "compensate": {"tool": "undo", "with": "${{ steps.)" + step +
           R"(.output }}"}}, {"id": "b", "tool": "x"}])";
  };
  EXPECT_EQ(faults_of(plan("a")), Faults{});
  EXPECT_EQ(faults_of(plan("b")), Faults{"/steps/0/compensate/with unreachable_reference"});
}

TEST(References, OfACompensationDoNotShowTheStepToItsSiblings) {
  EXPECT_EQ(faults_of(R"("steps": [{"id": "p", "parallel": {"steps": [
      {"id": "a", "tool": "x", "compensate": {"tool": "undo"}}, )" +
                      reads("b", "a") + "]}}]"),
            Faults{"/steps/0/parallel/steps/1/with/v unreachable_reference"});
}

TEST(References, OfAFallbackAreThoseOfItsStep) {
  EXPECT_EQ(
      faults_of(
          R"("steps": [{"id": "a", "tool": "x", "fallback": [{"tool": "y"}, {"tool": "y", "with": "${{ steps.a.error }}"}]}])"),
      Faults{"/steps/0/fallback/1/with cycle"});
}

TEST(References, OfOnFailureSeeTheMainPlan) {
  EXPECT_EQ(faults_of(R"("steps": [)" + plain("a") + R"(], "on_failure": [)" + echo("b", "steps.a.status") +
                      "," + reads("c", "b") + "]"),
            Faults{});
  EXPECT_EQ(faults_of(R"("steps": [)" + reads("a", "b") + R"(], "on_failure": [)" + plain("b") + "]"),
            Faults{"/steps/0/with/v unreachable_reference"});
}

TEST(References, OfApprovalsAndWaitsHaveTheirPlace) {
  EXPECT_EQ(
      faults_of(R"("steps": [{"id": "a", "approval": {"message": "Send ${{ nope }}?"}},
                                   {"id": "b", "tool": "x", "approval": {"message": "${{ nope }}"}},
                                   {"id": "c", "wait": {"for": "${{ nope }}"}},
                                   {"id": "d", "wait": {"until": "${{ nope }}"}}])"),
      (Faults{"/steps/0/approval/message unknown_reference", "/steps/1/approval/message unknown_reference",
              "/steps/2/wait/for unknown_reference", "/steps/3/wait/until unknown_reference"}));
}

TEST(References, ToMeta) {
  EXPECT_EQ(faults_of(R"("steps": [)" + echo("a", "exec.id + exec.attempt + task.id") + "]"), Faults{});
  EXPECT_EQ(faults_of(R"("steps": [)" + echo("a", "exec.owner") + "]"),
            Faults{"/steps/0/with/v unknown_reference"});
}

TEST(Graph, TellsWhoReadsFromWhom) {
  const PlanPtr plan = parse_ok(R"({"id": "t", "steps": [)" + plain("a") + "," +
                                echo("b", "steps.a.output.x + (steps.a.output.y ?? 1)") + "," +
                                echo("c", "steps.a.error ?? steps.b.status") + "]}");
  ASSERT_NE(plan, nullptr);
  EXPECT_EQ(plan->graph.reads("b"), (std::vector<Read>{{"a", "output", false}}));
  EXPECT_EQ(plan->graph.reads("c"), (std::vector<Read>{{"a", "error", true}, {"b", "status", false}}));
  EXPECT_EQ(plan->graph.readers("a"), (std::vector<std::string>{"b", "c"}));
  EXPECT_TRUE(plan->graph.readers("c").empty());
  EXPECT_TRUE(plan->graph.reads("nobody").empty());
}

TEST(Graph, HoldsChildrenOfGroupsAndLeavesCompensationsOut) {
  const PlanPtr plan = parse_ok(R"({"id": "t", "steps": [)" + plain("a") + R"(,
      {"id": "p", "parallel": {"steps": [)" +
                                reads("b", "a") + R"(]}},
      {"id": "c", "tool": "x", "compensate": {"tool": "u", "with": "${{ steps.a.output }}"}}]})");
  ASSERT_NE(plan, nullptr);
  EXPECT_EQ(plan->graph.readers("a"), std::vector<std::string>{"b"});
}

TEST(Cycles, ComponentsAreThoseThatReachEachOther) {
  const auto of = strong_components(6, {{0, 1}, {1, 2}, {2, 0}, {2, 3}, {3, 4}, {5, 5}});
  EXPECT_EQ(of[0], of[1]);
  EXPECT_EQ(of[1], of[2]);
  EXPECT_NE(of[2], of[3]);
  EXPECT_NE(of[3], of[4]);
}

TEST(Cycles, LongChainsNeedNoStack) {
  std::vector<std::pair<std::uint32_t, std::uint32_t>> chain;
  constexpr std::uint32_t kLength = 50'000;
  for (std::uint32_t i = 0; i + 1 < kLength; ++i) chain.emplace_back(i, i + 1);
  EXPECT_NE(strong_components(kLength, chain)[0], strong_components(kLength, chain)[1]);
  chain.emplace_back(kLength - 1, 0);
  const auto of = strong_components(kLength, chain);
  EXPECT_EQ(of[0], of[kLength - 1]);
}

}  // namespace
}  // namespace pawl::plan
