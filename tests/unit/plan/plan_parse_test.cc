// Plans that are accepted, and what they become.
#include <gtest/gtest.h>

#include "common/json/parse.h"
#include "common/plan/parse.h"
#include "tests/unit/plan/plan_support.h"

namespace pawl::plan {
namespace {

TEST(PlanParse, ReadsTheTaskOfTheDocumentation) {
  const PlanPtr plan = parse_ok(R"({
    "id": "nightly-report", "description": "Fetch, enrich, publish",
    "input_schema": {"type": "object", "required": ["url"]},
    "timeout": "10m", "lane": "default", "priority": 5,
    "limits": {"max_depth": 3, "max_steps": 500, "max_parallel": 4},
    "defaults": {"timeout": "60s", "retry": {"max_attempts": 3}},
    "steps": [
      {"id": "fetch", "tool": "http", "with": {"url": "${{ input.url }}"}, "timeout": 30,
       "retry": {"initial_delay": "1s"}},
      {"id": "publish", "tool": "echo", "with": {"url": "${{ steps.fetch.output.body.url }}"},
       "when": "input.url != null"}
    ],
    "output": {"report": "${{ steps.publish.output.url }}"},
    "on_failure": [{"id": "tell", "tool": "notify", "with": {"text": "${{ steps.fetch.error ?? 'none' }}"}}],
    "notify": [{"webhook": "https://example.org/hook", "on": ["completed", "failed"]}]
  })");
  ASSERT_NE(plan, nullptr);
  EXPECT_EQ(plan->id, "nightly-report");
  EXPECT_EQ(plan->timeout, std::chrono::minutes(10));
  ASSERT_EQ(plan->steps.size(), 2u);
  EXPECT_EQ(plan->steps[0].timeout, std::chrono::seconds(30));
  ASSERT_TRUE(plan->steps[0].retry);
  EXPECT_EQ(plan->steps[0].retry->max_attempts, 3) << "from the task's defaults";
  EXPECT_EQ(plan->steps[0].retry->initial_delay, std::chrono::seconds(1));
  EXPECT_EQ(plan->steps[1].name, "publish");
  ASSERT_TRUE(plan->input_check);
  EXPECT_EQ(plan->input_check->validate(json::Value(json::Object{}), "/with").size(), 1u);
  EXPECT_EQ(plan->graph.readers("fetch"), (std::vector<std::string>{"publish", "tell"}));
}

}  // namespace
}  // namespace pawl::plan
