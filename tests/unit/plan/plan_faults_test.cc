// Every fault of a plan, with its pointer and code.
#include <gtest/gtest.h>

#include "tests/unit/plan/plan_support.h"

namespace pawl::plan {
namespace {

using Faults = std::vector<std::string>;

struct Case {
  const char* name;
  const char* plan;  ///< the fields of a plan without its id
  Faults faults;
};

void expect_faults(const Case& c) {
  SCOPED_TRACE(c.name);
  const Error error = parse_error(R"({"id": "t", )" + std::string(c.plan) + "}");
  EXPECT_EQ(fault_list(error.faults), c.faults) << faults_text(error.faults);
  EXPECT_EQ(error.kind, ErrorKind::kInvalid);
}

/// A plan of one echo step with more fields.
std::string step_with(const std::string& fields) {
  return R"("steps": [{"id": "a", "tool": "echo", )" + fields + "}]";
}
void expect_step_faults(const char* fields, const Faults& faults) {
  expect_faults({fields, step_with(fields).c_str(), faults});
}

TEST(PlanFaults, OfTheHead) {
  const std::string steps = R"("steps": [{"id": "a", "tool": "echo"}])";
  const std::pair<const char*, Faults> cases[] = {
      {R"("description": 3)", {"/description wrong_type"}},
      {R"("timeout": "soon")", {"/timeout invalid_duration"}},
      {R"("timeout": -1)", {"/timeout out_of_range"}},
      {R"("timeout": "-5s")", {"/timeout out_of_range"}},
      {R"("timeout": 0)", {"/timeout out_of_range"}},
      {R"("timeout": 1.5)", {"/timeout wrong_type"}},
      {R"("timeout": "4000d")", {"/timeout out_of_range"}},
      {R"("timeout": 18446744073709551615)", {"/timeout out_of_range"}},
      {R"("lane": "nowhere")", {"/lane unknown_lane"}},
      {R"("lane": 1)", {"/lane wrong_type"}},
      {R"("priority": 10)", {"/priority out_of_range"}},
      {R"("priority": -1)", {"/priority out_of_range"}},
      {R"("priority": "5")", {"/priority wrong_type"}},
      {R"("priority": 5.0)", {"/priority wrong_type"}},
      {R"("limits": {"max_depth": 17})", {"/limits/max_depth limit_too_high"}},
      {R"("limits": {"max_depth": 0})", {"/limits/max_depth out_of_range"}},
      {R"("limits": {"max_steps": 1000001})", {"/limits/max_steps limit_too_high"}},
      {R"("limits": {"max_steps": 18446744073709551615})", {"/limits/max_steps limit_too_high"}},
      {R"("limits": {"max_parallel": 257})", {"/limits/max_parallel limit_too_high"}},
      {R"("limits": {"max_parallel": -1})", {"/limits/max_parallel out_of_range"}},
      {R"("limits": {"max_memory": 1})", {"/limits/max_memory unknown_field"}},
      {R"("limits": [])", {"/limits wrong_type"}},
      {R"("defaults": {"timeout": "x", "critical": true})",
       {"/defaults/timeout invalid_duration", "/defaults/critical unknown_field"}},
      {R"("defaults": {"retry": {"max_attempts": 1000000}})", {"/defaults/retry/max_attempts out_of_range"}},
      {R"("input_schema": {"type": "no such type"})", {"/input_schema schema_invalid"}},
      {R"("input_schema": {"patternProperties": {}})",
       {"/input_schema/patternProperties keyword_not_supported"}},
      {R"("notify": {"webhook": "https://x"})", {"/notify wrong_type"}},
      {R"("notify": [{"on": ["done"]}])", {"/notify/0/webhook required", "/notify/0/on/0 invalid_choice"}},
      {R"("notify": [{"webhook": "file:///etc/passwd"}])", {"/notify/0/webhook invalid_url"}},
      {R"("output": {"x": ["${{ 1 + }}"]})", {"/output/x/0 expression_invalid"}},
      {R"("on_failure": "tell")", {"/on_failure wrong_type"}},
      {R"("on_failure": [{"id": "b"}])", {"/on_failure/0 kind_missing"}},
      {R"("tenant_id": "x")", {"/tenant_id unknown_field"}},
      {R"("a/b~c": 1)", {"/a~1b~0c unknown_field"}},
  };
  for (const auto& [field, faults] : cases) expect_faults({field, (steps + ", " + field).c_str(), faults});
}

TEST(PlanFaults, OfTheId) {
  const std::string rest = R"("steps": [{"id": "a", "tool": "echo"}]})";
  for (const char* id : {"", "-a", ".a", "_a", "a b", "a/b", "ä"}) {
    const Error error = parse_error(R"({"id": ")" + std::string(id) + R"(", )" + rest);
    EXPECT_EQ(fault_list(error.faults), Faults{"/id invalid_id"}) << id;
  }
  EXPECT_EQ(fault_list(parse_error(R"({"id": ")" + std::string(129, 'a') + R"(", )" + rest).faults),
            Faults{"/id invalid_id"});
  EXPECT_NE(parse_ok(R"({"id": ")" + std::string(128, 'a') + R"(", )" + rest), nullptr);
  EXPECT_EQ(fault_list(parse_error("{" + rest).faults), Faults{"/id required"});
  EXPECT_NE(parse_ok("{" + rest, {.id_required = false}), nullptr);
}

TEST(PlanFaults, OfTheDocument) {
  EXPECT_EQ(fault_list(parse_error("[]").faults), Faults{" wrong_type"});
  EXPECT_EQ(fault_list(parse_error("null").faults), Faults{" wrong_type"});
  EXPECT_EQ(fault_list(parse_error("{}").faults), (Faults{"/id required", "/steps required"}));
  expect_faults({"no list", R"("steps": {})", {"/steps wrong_type"}});
  expect_faults({"no steps", R"("steps": [])", {"/steps empty_group"}});
  expect_faults({"no objects", R"("steps": [1, "x"])", {"/steps/0 wrong_type", "/steps/1 wrong_type"}});
}

TEST(PlanFaults, OfAStep) {
  expect_faults({"id missing", R"("steps": [{"tool": "echo"}])", {"/steps/0/id required"}});
  for (const char* id : {"", "a.b", "a b", "a[0]"}) {
    const std::string plan = R"("steps": [{"id": ")" + std::string(id) + R"(", "tool": "echo"}])";
    expect_faults({id, plan.c_str(), {"/steps/0/id invalid_id"}});
  }
  expect_faults({"no kind",
                 R"("steps": [{"id": "a", "toll": "echo"}])",
                 {"/steps/0 kind_missing", "/steps/0/toll unknown_field"}});
  expect_faults(
      {"two kinds", R"("steps": [{"id": "a", "tool": "echo", "task": "b"}])", {"/steps/0 kind_ambiguous"}});
  expect_faults({"approval beside a group",
                 R"("steps": [{"id": "a", "task": "b", "approval": {"message": "ok?"}}])",
                 {"/steps/0 kind_ambiguous"}});
  expect_faults({"with beside a wait",
                 R"("steps": [{"id": "a", "wait": {"for": 1}, "with": {}}])",
                 {"/steps/0/with unknown_field"}});
  expect_faults(
      {"a tool's name", R"("steps": [{"id": "a", "tool": "rm -rf"}])", {"/steps/0/tool invalid_id"}});
  expect_faults({"a tool's type", R"("steps": [{"id": "a", "tool": {}}])", {"/steps/0/tool wrong_type"}});
  expect_faults({"equal ids",
                 R"("steps": [{"id": "a", "tool": "x"}, {"id": "a", "tool": "x"}],
                                 "on_failure": [{"id": "a", "tool": "x"}])",
                 {"/steps/1/id duplicate_id", "/on_failure/0/id duplicate_id"}});
  expect_faults({"equal ids in groups",
                 R"("steps": [{"id": "p", "parallel": {"steps": [{"id": "x", "tool": "t"}]}},
                              {"id": "e", "for_each": {"items": [1], "step": {"id": "x", "tool": "t"}}}])",
                 {"/steps/1/for_each/step/id duplicate_id"}});
}

TEST(PlanFaults, OfCommonFields) {
  expect_step_faults(R"("name": 1)", {"/steps/0/name wrong_type"});
  expect_step_faults(R"("when": 1)", {"/steps/0/when wrong_type"});
  expect_step_faults(R"("when": "a ==")", {"/steps/0/when expression_invalid"});
  expect_step_faults(R"("timeout": -3)", {"/steps/0/timeout out_of_range"});
  expect_step_faults(R"("critical": "no")", {"/steps/0/critical wrong_type"});
  expect_step_faults(R"("optional": 0)", {"/steps/0/optional wrong_type"});
  expect_step_faults(R"("delivery": "exactly_once")", {"/steps/0/delivery invalid_choice"});
  expect_step_faults(R"("estimate": "x")", {"/steps/0/estimate invalid_duration"});
  expect_step_faults(R"("with": {"a": ["${{ x"]})", {"/steps/0/with/a/0 expression_invalid"});
  expect_step_faults(R"("fallback": {"tool": "x"})", {"/steps/0/fallback wrong_type"});
  expect_step_faults(R"("fallback": [{"tool": "x", "retry": {}}, {}])",
                     {"/steps/0/fallback/0/retry unknown_field", "/steps/0/fallback/1/tool required"});
  expect_step_faults(R"("compensate": {"with": {"a": "${{ ) }}"}})",
                     {"/steps/0/compensate/tool required", "/steps/0/compensate/with/a expression_invalid"});
  expect_step_faults(
      R"("resources": {"memory": "lots", "cpu": 0, "disk": -1, "pids": 1.5, "network": "2MiB/h", "gpu": 1})",
      {"/steps/0/resources/memory invalid_size", "/steps/0/resources/cpu out_of_range",
       "/steps/0/resources/disk out_of_range", "/steps/0/resources/pids wrong_type",
       "/steps/0/resources/network invalid_size", "/steps/0/resources/gpu unknown_field"});
  expect_step_faults(
      R"("approval": {"risk": 1, "quorum": 0, "on_expiry": "ask", "expires_in": 0, "approvers": "me"})",
      {"/steps/0/approval/message required", "/steps/0/approval/risk wrong_type",
       "/steps/0/approval/expires_in out_of_range", "/steps/0/approval/on_expiry invalid_choice",
       "/steps/0/approval/approvers wrong_type", "/steps/0/approval/quorum out_of_range"});
  expect_step_faults(R"("approval": {"message": "ok?", "form": {"type": 3}})",
                     {"/steps/0/approval/form schema_invalid"});
}

TEST(PlanFaults, OfTheRetryObject) {
  const std::pair<const char*, Faults> cases[] = {
      {R"([])", {" wrong_type"}},
      {R"({"max_attempts": 0})", {"/max_attempts out_of_range"}},
      {R"({"max_attempts": 1000000})", {"/max_attempts out_of_range"}},
      {R"({"max_attempts": "3"})", {"/max_attempts wrong_type"}},
      {R"({"initial_delay": -1})", {"/initial_delay out_of_range"}},
      {R"({"initial_delay": "2d"})", {"/initial_delay out_of_range"}},
      {R"({"max_delay": "x"})", {"/max_delay invalid_duration"}},
      {R"({"multiplier": 0.5})", {"/multiplier out_of_range"}},
      {R"({"multiplier": 1e300})", {"/multiplier out_of_range"}},
      {R"({"multiplier": "2"})", {"/multiplier wrong_type"}},
      {R"({"jitter": "some"})", {"/jitter invalid_choice"}},
      {R"({"jitter": "proportional:"})", {"/jitter out_of_range"}},
      {R"({"jitter": "proportional:1.5"})", {"/jitter out_of_range"}},
      {R"({"jitter": "proportional:nan"})", {"/jitter out_of_range"}},
      {R"({"max_elapsed": 0})", {"/max_elapsed out_of_range"}},
      {R"({"on": ["transient", "often", "cancelled"]})", {"/on/1 invalid_choice", "/on/2 invalid_choice"}},
      {R"({"on": []})", {"/on out_of_range"}},
      {R"({"not_on_codes": [1]})", {"/not_on_codes/0 wrong_type"}},
      {R"({"retries": 3})", {"/retries unknown_field"}},
  };
  for (const auto& [retry, faults] : cases) {
    Faults expected;
    for (const std::string& fault : faults) expected.push_back("/steps/0/retry" + fault);
    expect_step_faults((R"("retry": )" + std::string(retry)).c_str(), expected);
  }
}

TEST(PlanFaults, OfGroups) {
  auto one = [](const char* kind) { return R"("steps": [{"id": "g", )" + std::string(kind) + "}]"; };
  const std::pair<const char*, Faults> cases[] = {
      {R"("sequence": {})", {"/steps/0/sequence/steps required"}},
      {R"("sequence": [])", {"/steps/0/sequence wrong_type"}},
      {R"("sequence": {"steps": []})", {"/steps/0/sequence/steps empty_group"}},
      {R"("parallel": {"steps": []})", {"/steps/0/parallel/steps empty_group"}},
      {R"("parallel": {"steps": [{"id": "a", "tool": "x"}], "max_parallel": 300, "strategy": "fast", "merge": "all", "x": 1})",
       {"/steps/0/parallel/max_parallel limit_too_high", "/steps/0/parallel/strategy invalid_choice",
        "/steps/0/parallel/merge invalid_choice", "/steps/0/parallel/x unknown_field"}},
      {R"("for_each": {})", {"/steps/0/for_each/items required", "/steps/0/for_each/step required"}},
      {R"("for_each": {"items": 3, "step": {"id": "a", "tool": "x"}})",
       {"/steps/0/for_each/items wrong_type"}},
      {R"("for_each": {"items": "abc", "step": {"id": "a", "tool": "x"}})",
       {"/steps/0/for_each/items wrong_type"}},
      {R"("for_each": {"items": {}, "step": {"id": "a", "tool": "x"}})",
       {"/steps/0/for_each/items wrong_type"}},
      {R"("for_each": {"items": [], "as": "input", "index": "1x", "batch": 0, "step": {"id": "a", "tool": "x"}})",
       {"/steps/0/for_each/as invalid_id", "/steps/0/for_each/index invalid_id",
        "/steps/0/for_each/batch out_of_range"}},
      {R"("for_each": {"items": [], "as": "x", "index": "x", "step": {"id": "a", "tool": "x"}})",
       {"/steps/0/for_each/index invalid_id"}},
      {R"("for_each": {"items": [], "step": []})", {"/steps/0/for_each/step wrong_type"}},
      {R"("choose": {})", {"/steps/0/choose wrong_type"}},
      {R"("choose": [])", {"/steps/0/choose empty_group"}},
      {R"("choose": [1])", {"/steps/0/choose/0 wrong_type"}},
      {R"("choose": [{"steps": [{"id": "a", "tool": "x"}]}])", {"/steps/0/choose/0/when required"}},
      {R"("choose": [{"when": "true"}])", {"/steps/0/choose/0/steps required"}},
      {R"("choose": [{"when": "true", "steps": []}])", {"/steps/0/choose/0/steps empty_group"}},
      {R"("choose": [{"else": []}])", {"/steps/0/choose/0/else empty_group"}},
      {R"("choose": [{"else": [{"id": "a", "tool": "x"}]}, {"when": "true", "steps": [{"id": "b", "tool": "x"}]}])",
       {"/steps/0/choose/0 else_not_last"}},
      {R"("choose": [{"else": [{"id": "a", "tool": "x"}], "when": "true"}])",
       {"/steps/0/choose/0/when unknown_field"}},
      {R"("task": "no such/id")", {"/steps/0/task invalid_id"}},
      {R"("task": "other", "with": [1])", {"/steps/0/with wrong_type"}},
      {R"("wait": {})", {"/steps/0/wait kind_missing"}},
      {R"("wait": "5m")", {"/steps/0/wait wrong_type"}},
      {R"("wait": {"for": "5m", "signal": "paid"})", {"/steps/0/wait kind_ambiguous"}},
      {R"("wait": {"for": "5 minutes"})", {"/steps/0/wait/for invalid_duration"}},
      {R"("wait": {"for": -5})", {"/steps/0/wait/for out_of_range"}},
      {R"("wait": {"until": "tomorrow"})", {"/steps/0/wait/until invalid_time"}},
      {R"("wait": {"until": 5})", {"/steps/0/wait/until wrong_type"}},
      {R"("wait": {"signal": "a b"})", {"/steps/0/wait/signal invalid_id"}},
      {R"("wait": {"for": 1, "timeout": "1h", "on_timeout": "continue"})",
       {"/steps/0/wait/timeout not_applicable", "/steps/0/wait/on_timeout not_applicable"}},
      {R"("wait": {"signal": "paid", "on_timeout": "retry"})", {"/steps/0/wait/on_timeout invalid_choice"}},
      {R"("approval": {})", {"/steps/0/approval/message required"}},
      {R"("approval": {"message": 5})", {"/steps/0/approval/message wrong_type"}},
  };
  for (const auto& [kind, faults] : cases) expect_faults({kind, one(kind).c_str(), faults});
}

TEST(PlanFaults, AreAllToldAtOnce) {
  expect_faults(
      {"five",
       R"("priority": 77, "lane": "x", "steps": [{"id": "a b", "tool": "t"}, {"id": "b"}], "nope": 1)",
       {"/lane unknown_lane", "/priority out_of_range", "/steps/0/id invalid_id", "/steps/1 kind_missing",
        "/nope unknown_field"}});
}

TEST(PlanFaults, CodeTellsWhetherAllAreUnknownFields) {
  EXPECT_EQ(
      parse_error(R"({"id": "t", "epoch": 1, "steps": [{"id": "a", "tool": "x", "status": "y"}]})").code,
      "unknown_field");
  EXPECT_EQ(parse_error(R"({"id": "t", "epoch": 1, "steps": []})").code, "validation_failed");
}

TEST(PlanFaults, AreBounded) {
  std::string plan = R"({"id": "t", "steps": [{"id": "a", "tool": "x", "with": {}},)";
  for (int i = 0; i < 2000; ++i) plan += R"({"id": "a"},)";
  plan.back() = ']';
  const Error error = parse_error(plan + "}");
  EXPECT_EQ(error.faults.size(), 1000u);
}

TEST(PlanFaults, APlanThatRunsItselfIsTooDeep) {
  expect_faults({"itself", R"("steps": [{"id": "a", "task": "t"}])", {"/steps/0/task too_deep"}});
  expect_faults({"in a group",
                 R"("steps": [{"id": "p", "parallel": {"steps": [{"id": "a", "task": "t"}]}}])",
                 {"/steps/0/parallel/steps/0/task too_deep"}});
}

TEST(PlanLimits, GroupsNestSixteenLevels) {
  auto nested = [](int levels) {
    std::string plan = R"({"id": "leaf", "tool": "x"})";
    for (int i = levels; i > 0; --i) {
      plan = R"({"id": "g)" + std::to_string(i) + R"(", "sequence": {"steps": [)" + plan + "]}}";
    }
    return R"({"id": "t", "steps": [)" + plan + "]}";
  };
  EXPECT_NE(parse_ok(nested(16)), nullptr);
  const Error error = parse_error(nested(17));
  ASSERT_EQ(error.faults.size(), 1u);
  EXPECT_EQ(error.faults[0].code, "too_deep");
}

TEST(PlanLimits, TheStaticCountMayNotPassMaxSteps) {
  auto plan = [](int steps, const std::string& limits) {
    std::string text = R"({"id": "t", )" + limits + R"("steps": [)";
    for (int i = 0; i < steps; ++i) text += R"({"id": "s)" + std::to_string(i) + R"(", "tool": "x"},)";
    text.back() = ']';
    return text + "}";
  };
  EXPECT_NE(parse_ok(plan(500, "")), nullptr);
  EXPECT_EQ(fault_list(parse_error(plan(501, "")).faults), Faults{"/steps too_many_steps"});
  EXPECT_NE(parse_ok(plan(501, R"("limits": {"max_steps": 501}, )")), nullptr);
  EXPECT_EQ(fault_list(parse_error(plan(3, R"("limits": {"max_steps": 2}, )")).faults),
            Faults{"/steps too_many_steps"});
}

TEST(PlanLimits, CountsWhatSurelyUnfolds) {
  auto count = [](const char* steps) {
    return count_steps(
        *parse_ok(R"({"id": "t", "limits": {"max_steps": 1000000}, "steps": [)" + std::string(steps) + "]}"));
  };
  EXPECT_EQ(count(R"({"id": "a", "tool": "x"})"), 1);
  EXPECT_EQ(
      count(R"({"id": "p", "parallel": {"steps": [{"id": "a", "tool": "x"}, {"id": "b", "tool": "x"}]}})"),
      3);
  EXPECT_EQ(
      count(R"({"id": "e", "for_each": {"items": "${{ input.l }}", "step": {"id": "a", "tool": "x"}}})"), 2);
  EXPECT_EQ(count(R"({"id": "e", "for_each": {"items": [1, 2, 3], "step": {"id": "a", "tool": "x"}}})"), 4);
  EXPECT_EQ(
      count(R"({"id": "e", "for_each": {"items": [1, 2, 3], "batch": 2, "step": {"id": "a", "tool": "x"}}})"),
      3);
  EXPECT_EQ(count(R"({"id": "c", "choose": [{"when": "true", "steps": [{"id": "a", "tool": "x"}]}]})"), 1);
  EXPECT_EQ(
      count(
          R"({"id": "c", "choose": [{"when": "true", "steps": [{"id": "a", "tool": "x"}, {"id": "b", "tool": "x"}]},
                                            {"else": [{"id": "d", "tool": "x"}]}]})"),
      2);
}

TEST(PlanLimits, APlanOver256KiBIsTooLarge) {
  const std::string big(250'000, 'x');
  auto plan = [&](const std::string& more) {
    return R"({"id": "t", "steps": [{"id": "a", "tool": "x", "with": {"a": ")" + big + R"(", "b": ")" + more +
           R"("}}]})";
  };
  EXPECT_NE(parse_ok(plan(std::string(12'000, 'y'))), nullptr);
  const Error error = parse_error(plan(std::string(12'200, 'y')));
  EXPECT_EQ(error.code, "payload_too_large");
}

}  // namespace
}  // namespace pawl::plan
