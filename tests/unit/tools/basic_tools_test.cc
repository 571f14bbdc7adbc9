#include "worker/tools/basic_tools.h"

#include <gtest/gtest.h>

#include "tests/support/one_call.h"
#include "worker/tools/registry.h"

namespace pawl::tools {
namespace {

TEST(EchoTool, AnswersItsParametersOnALaterTurnAndOnce) {
  Loop run_loop;
  OneCall run(run_loop);
  const auto tool = make_echo_tool(run_loop);
  run.start(*tool, object({{"a", 1}}));
  EXPECT_FALSE(run.answered_inside_start);
  run_loop.run();
  ASSERT_EQ(run.answers, 1);
  EXPECT_EQ(run.result->output.value(), object({{"a", 1}}));
}

TEST(EchoTool, ADestroyedCallAnswersNothing) {
  Loop run_loop;
  OneCall run(run_loop);
  const auto tool = make_echo_tool(run_loop);
  run.start(*tool, object({}));
  run.call.reset();
  run_loop.run();
  EXPECT_EQ(run.answers, 0);
}

TEST(SleepTool, SaysHowLongItWillTakeAndChecksItsDuration) {
  Loop loop;
  const auto tool = make_sleep_tool(loop);
  EXPECT_EQ(tool->estimate(object({{"duration", "90s"}})), Millis{90'000});
  EXPECT_EQ(tool->estimate(object({{"duration", 2}})), Millis{2000});
  EXPECT_EQ(tool->estimate(object({{"duration", "${{ input.d }}"}})), std::nullopt);
  EXPECT_TRUE(tool->validate(object({{"duration", "${{ input.d }}"}})).empty());
  EXPECT_EQ(tool->validate(object({})).front().pointer, "/duration");
  EXPECT_EQ(tool->validate(object({{"duration", "soon"}})).front().code, "invalid_duration");
  EXPECT_EQ(tool->validate(object({{"duration", "1s"}, {"x/y", 1}})).front().pointer, "/x~1y");
}

TEST(SleepTool, SleepsIsCutByTheTimeoutAndCancelled) {
  Loop slept_loop;
  OneCall slept(slept_loop);
  const auto tool = make_sleep_tool(slept_loop);
  slept.start(*tool, object({{"duration", "0s"}}));
  slept_loop.run();
  EXPECT_EQ(slept.result->output.value(), object({{"slept_ms", 0}}));

  Loop cut_loop;
  OneCall cut(cut_loop);
  const auto second = make_sleep_tool(cut_loop);
  cut.start(*second, object({{"duration", "1h"}}), Millis{0});
  cut_loop.run();
  EXPECT_EQ(cut.result->output.error().code, "timeout");

  Loop stopped_loop;
  OneCall stopped(stopped_loop);
  const auto third = make_sleep_tool(stopped_loop);
  stopped.start(*third, object({{"duration", "1h"}}));
  stopped.call->cancel();
  stopped_loop.run();
  ASSERT_EQ(stopped.answers, 1);
  EXPECT_EQ(stopped.result->output.error().category, Category::kCancelled);
}

TEST(AssertTool, FailsAsLogicWithTheMessageOfThePlan) {
  Loop holds_loop;
  OneCall holds(holds_loop);
  const auto tool = make_assert_tool(holds_loop);
  holds.start(*tool, object({{"that", true}}));
  holds_loop.run();
  EXPECT_EQ(holds.result->output.value(), object({}));

  Loop fails_loop;
  OneCall fails(fails_loop);
  const auto second = make_assert_tool(fails_loop);
  fails.start(*second, object({{"that", false}, {"message", "no rows"}}));
  fails_loop.run();
  const Failure& failure = fails.result->output.error();
  EXPECT_EQ(failure.category, Category::kLogic);
  EXPECT_EQ(failure.code, "assertion_failed");
  EXPECT_EQ(failure.message, "no rows");
  EXPECT_FALSE(failure.suggestion.empty());
}

TEST(AssertTool, WhatIsNoBooleanIsAnInvalidParameter) {
  Loop run_loop;
  OneCall run(run_loop);
  const auto tool = make_assert_tool(run_loop);
  run.start(*tool, object({{"that", "yes"}}));
  run_loop.run();
  EXPECT_EQ(run.result->output.error().code, "invalid_parameter");
  EXPECT_EQ(run.result->output.error().category, Category::kConfiguration);
}

TEST(ToolRegistry, FindsToolsByNameAndDescribesThem) {
  Loop loop;
  ToolRegistry registry;
  registry.add(make_sleep_tool(loop));
  registry.add(make_echo_tool(loop));
  EXPECT_EQ(registry.names(), (std::vector<std::string>{"echo", "sleep"}));
  EXPECT_EQ(registry.find("none"), nullptr);
  const json::Value described = describe_tool(*registry.find("sleep"));
  EXPECT_EQ(described.find("name")->as_string(), "sleep");
  EXPECT_EQ(described.find("default_timeout")->as_string(), "1m");
  EXPECT_EQ(described.find("health")->find("state")->as_string(), "ok");
}

TEST(CallIdentity, TheKeyIsStableOverAttemptsAndEpochsAndOwnToAFallback) {
  CallIdentity identity{"e1", "pay", 1, 1};
  const std::string key = identity.idempotency_key();
  identity.attempt = 3;
  identity.epoch = 9;
  EXPECT_EQ(identity.idempotency_key(), key);
  identity.fallback = 1;
  EXPECT_EQ(identity.idempotency_key(), "e1:pay:1");
}

}  // namespace
}  // namespace pawl::tools
