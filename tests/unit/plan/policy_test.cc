// Effective policies, what is retried, and the static estimate.
#include <gtest/gtest.h>

#include "common/plan/policy.h"
#include "common/plan/retry.h"
#include "tests/unit/plan/plan_support.h"

namespace pawl::plan {
namespace {

using namespace std::chrono_literals;

TEST(Policy, TheStepsOwnFieldsWinOverTheTasksDefaults) {
  const PlanPtr plan = parse_ok(
      R"({"id": "t", "defaults": {"timeout": "30s", "retry": {"max_attempts": 2, "jitter": "none"}}, "steps": [
      {"id": "a", "tool": "x"}, {"id": "b", "tool": "x", "timeout": "5s", "retry": {"max_attempts": 7}},
      {"id": "w", "wait": {"for": "1h"}},
      {"id": "s", "sequence": {"steps": [{"id": "c", "tool": "x"}]}, "timeout": 9}]})");
  ASSERT_NE(plan, nullptr);
  EXPECT_EQ(effective_timeout(*plan, plan->steps[0]), 30s);
  EXPECT_EQ(effective_retry(*plan, plan->steps[0]).max_attempts, 2);
  EXPECT_EQ(effective_timeout(*plan, plan->steps[1]), 5s);
  EXPECT_EQ(effective_retry(*plan, plan->steps[1]).max_attempts, 7);
  EXPECT_EQ(effective_retry(*plan, plan->steps[1]).jitter, Jitter::kNone)
      << "what the step leaves out is the task's";
  EXPECT_EQ(effective_timeout(*plan, plan->steps[2]), kNoTimeout);
  EXPECT_EQ(effective_timeout(*plan, plan->steps[3]), 9s);
}

TEST(Policy, TheDefaultsAreThoseOfTheLanguage) {
  const PlanPtr plan = parse_ok(R"({"id": "t", "steps": [{"id": "a", "tool": "x"}]})");
  ASSERT_NE(plan, nullptr);
  EXPECT_EQ(effective_timeout(*plan, plan->steps[0]), 60s);
  const RetryPolicy retry = effective_retry(*plan, plan->steps[0]);
  EXPECT_EQ(retry.max_attempts, 4);
  EXPECT_EQ(retry.initial_delay, 200ms);
  EXPECT_EQ(retry.multiplier, 2);
  EXPECT_EQ(retry.max_delay, 30s);
  EXPECT_EQ(retry.jitter, Jitter::kFull);
}

TEST(Policy, WhatIsRetriedByDefault) {
  const RetryPolicy policy;
  const std::pair<Category, bool> table[] = {
      {Category::kTransient, true},       {Category::kPermission, true}, {Category::kResource, true},
      {Category::kConfiguration, false},  {Category::kLogic, false},     {Category::kCancelled, false},
      {Category::kOutcomeUnknown, false}, {Category::kInternal, false}};
  for (const auto& [category, expected] : table)
    EXPECT_EQ(is_retryable(policy, category, "x"), expected) << to_string(category);
}

TEST(Policy, OnAndNotOnCodesDecide) {
  const RetryPolicy policy{.on = {"logic", "transient"}, .not_on_codes = {"http_501"}};
  EXPECT_TRUE(is_retryable(policy, Category::kLogic, "exit_1"));
  EXPECT_TRUE(is_retryable(policy, Category::kTransient, "http_503"));
  EXPECT_FALSE(is_retryable(policy, Category::kTransient, "http_501"));
  EXPECT_FALSE(is_retryable(policy, Category::kResource, "oom_killed"));
  EXPECT_FALSE(is_retryable({.on = {"outcome_unknown"}}, Category::kOutcomeUnknown, "x"));
}

TEST(RetryObject, ReadsEveryFieldAndWritesItBack) {
  const std::string text =
      R"({"max_attempts":5,"initial_delay":"50ms","multiplier":1.5,"max_delay":"1s","jitter":"proportional:0.2","max_elapsed":"5m","on":["transient"],"not_on_codes":["http_501"]})";
  FaultList faults;
  const RetryPolicy policy = read_retry(from_text(text), {}, "", faults);
  EXPECT_TRUE(faults.empty());
  EXPECT_EQ(policy.jitter, Jitter::kProportional);
  EXPECT_EQ(policy.proportion, 0.2);
  EXPECT_EQ(policy.max_elapsed, 5min);
  EXPECT_EQ(json::write(to_json(policy)), text);
}

TEST(RetryObject, KnowsEveryJitter) {
  const std::pair<const char*, Jitter> table[] = {{"full", Jitter::kFull},
                                                  {"equal", Jitter::kEqual},
                                                  {"decorrelated", Jitter::kDecorrelated},
                                                  {"none", Jitter::kNone},
                                                  {"proportional:1", Jitter::kProportional}};
  for (const auto& [text, jitter] : table) {
    FaultList faults;
    EXPECT_EQ(read_retry(from_text(R"({"jitter": ")" + std::string(text) + R"("})"), {}, "", faults).jitter,
              jitter);
    EXPECT_TRUE(faults.empty()) << text;
  }
}

TEST(DescribePolicy, NamesEveryStepByItsPath) {
  const PlanPtr plan = parse_ok(R"({"id": "t", "steps": [
      {"id": "p", "parallel": {"steps": [{"id": "l", "tool": "x", "delivery": "at_most_once",
                                        "critical": false}]}},
      {"id": "e", "for_each": {"items": [1], "step": {"id": "f", "tool": "x"}}},
      {"id": "c", "choose": [{"else": [{"id": "d", "tool": "x"}]}]}],
      "on_failure": [{"id": "z", "tool": "x"}]})");
  ASSERT_NE(plan, nullptr);
  const json::Value policy = describe_policy(*plan);
  std::vector<std::string> paths;
  for (const json::Value& entry : policy.as_array()) paths.push_back(entry.find("path")->as_string());
  EXPECT_EQ(paths, (std::vector<std::string>{"p", "p.l", "e", "e[*].f", "c", "c.d", "z"}));
  EXPECT_EQ(json::write(*policy.as_array()[1].find("delivery")), R"("at_most_once")");
  EXPECT_EQ(json::write(*policy.as_array()[1].find("timeout")), R"("1m")");
  EXPECT_EQ(json::write(*policy.as_array()[0].find("timeout")), "null");
}

std::string estimate(const std::string& steps) {
  return json::write(
      static_estimate(*parse_ok(R"({"id": "t", "limits": {"max_parallel": 2}, "steps": [)" + steps + "]}")));
}

TEST(StaticEstimate, AddsUpStepsInARow) {
  EXPECT_EQ(estimate(R"({"id": "a", "tool": "x", "estimate": "4s"}, {"id": "b", "tool": "x"})"),
            R"({"p10_ms":2500,"p50_ms":5000,"p90_ms":10000})");
}

TEST(StaticEstimate, ChildrenOfAGroupShareTheirPlaces) {
  EXPECT_EQ(
      estimate(R"({"id": "p", "parallel": {"steps": [{"id": "a", "tool": "x"}, {"id": "b", "tool": "x"}]}})"),
      R"({"p10_ms":500,"p50_ms":1000,"p90_ms":2000})");
  EXPECT_EQ(
      estimate(
          R"({"id": "p", "parallel": {"max_parallel": 1, "steps": [{"id": "a", "tool": "x"}, {"id": "b", "tool": "x"}]}})"),
      R"({"p10_ms":1000,"p50_ms":2000,"p90_ms":4000})");
  EXPECT_EQ(estimate(R"({"id": "e", "for_each": {"items": [1, 2, 3], "step": {"id": "a", "tool": "x"}}})"),
            R"({"p10_ms":1000,"p50_ms":2000,"p90_ms":4000})");
}

TEST(StaticEstimate, KnowsConditionsAndWaits) {
  EXPECT_EQ(estimate(R"({"id": "a", "tool": "x", "when": "true"}, {"id": "w", "wait": {"for": "10s"}})"),
            R"({"p10_ms":10000,"p50_ms":11000,"p90_ms":12000})");
  EXPECT_EQ(
      estimate(
          R"({"id": "c", "choose": [{"when": "true", "steps": [{"id": "a", "tool": "x", "estimate": "10s"}]},
                                              {"else": [{"id": "b", "tool": "x", "estimate": "2s"}]}]})"),
      R"({"p10_ms":1000,"p50_ms":6000,"p90_ms":20000})");
}

}  // namespace
}  // namespace pawl::plan
