// Plans against what the API knows of tools, lanes and egress.
#include "api/plan_check.h"

#include <gtest/gtest.h>

#include "tests/unit/api/api_world.h"

namespace pawl::api {
namespace {

class PlanCheck : public testing::Test {
 protected:
  PlanCheck() {
    tools_.known = true;
    tools_.with_schemas["echo"] = json::Value(json::Object{});
    tools_.with_schemas["sleep"] = parsed(
        R"({"type":"object","required":["duration"],"properties":{"duration":{"type":"string"}},"additionalProperties":false})");
    tools_.with_schemas["http"] = parsed(R"({"type":"object","required":["url"]})");
  }
  CheckedTask check(const std::string& steps, IdRule id = IdRule::kOptional) {
    return check_task(parsed(R"({"steps":[)" + steps + "]}"), {lanes_, tools_, egress_}, id);
  }
  std::string first_pointer(const std::string& steps) {
    const CheckedTask checked = check(steps);
    return checked.plan || checked.error().faults.empty() ? "" : checked.error().faults.front().pointer;
  }

  std::vector<std::string> lanes_{"default"};
  ToolCatalogue tools_;
  egress::Policy egress_;
};

TEST_F(PlanCheck, ParametersAreHeldAgainstTheToolsSchema) {
  EXPECT_TRUE(check(R"({"id":"a","tool":"sleep","with":{"duration":"1s"}})").plan);
  EXPECT_EQ(first_pointer(R"({"id":"a","tool":"echo"},{"id":"b","tool":"sleep","with":{}})"),
            "/steps/1/with");
  EXPECT_EQ(first_pointer(R"({"id":"a","tool":"sleep","with":{"duration":5}})"), "/steps/0/with/duration");
  EXPECT_EQ(first_pointer(R"({"id":"g","sequence":{"steps":[{"id":"a","tool":"sleep","with":{}}]}})"),
            "/steps/0/sequence/steps/0/with");
  EXPECT_EQ(first_pointer(R"({"id":"a","tool":"echo","fallback":[{"tool":"sleep","with":{}}]})"),
            "/steps/0/fallback/0/with");
  EXPECT_EQ(first_pointer(R"({"id":"a","tool":"echo","compensate":{"tool":"sleep","with":{}}})"),
            "/steps/0/compensate/with");
}

TEST_F(PlanCheck, WhatHoldsExpressionsIsLeftToTheTool) {
  EXPECT_TRUE(check(R"({"id":"a","tool":"sleep","with":{"duration":"${{ input.d }}"}})").plan);
}

TEST_F(PlanCheck, AToolNobodyOffersIsAWarning) {
  const CheckedTask checked = check(R"({"id":"a","tool":"nonesuch"})");
  ASSERT_TRUE(checked.plan);
  ASSERT_EQ(checked.warnings.size(), 1u);
  EXPECT_EQ(checked.warnings.front().code, "unknown_tool");
  EXPECT_EQ(checked.warnings.front().pointer, "/steps/0/tool");
  tools_ = {};
  EXPECT_TRUE(check(R"({"id":"a","tool":"nonesuch"})").warnings.empty())
      << "nobody has said yet what there is";
}

TEST_F(PlanCheck, LiteralUrlsThatMayNeverBeContactedAreRefused) {
  for (const std::string url :
       {"http://127.0.0.1:80/", "http://localhost/", "http://0.0.0.0/", "http://[::1]/",
        "http://169.254.169.254/latest", "http://10.0.0.1/", "http://[::ffff:127.0.0.1]/",
        "file:///etc/passwd", "gopher://x/", "dict://x/", "http://2130706433/"}) {
    const CheckedTask checked = check(R"({"id":"a","tool":"http","with":{"url":")" + url + R"("}})");
    ASSERT_FALSE(checked.plan) << url;
    EXPECT_EQ(checked.error().code, "policy_denied") << url;
    EXPECT_EQ(checked.error().faults.front().pointer, "/steps/0/with/url") << url;
  }
  EXPECT_TRUE(check(R"({"id":"a","tool":"http","with":{"url":"https://example.org/x"}})").plan);
  EXPECT_TRUE(check(R"({"id":"a","tool":"http","with":{"url":"http://${{ input.host }}/"}})").plan);
}

TEST_F(PlanCheck, AnIdIsAskedForOnlyWhereItIsStored) {
  EXPECT_TRUE(check(R"({"id":"a","tool":"echo"})", IdRule::kOptional).plan);
  EXPECT_FALSE(check(R"({"id":"a","tool":"echo"})", IdRule::kRequired).plan);
}

}  // namespace
}  // namespace pawl::api
