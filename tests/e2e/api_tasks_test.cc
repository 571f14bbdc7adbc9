// Task definitions: versions, ETags, deletion, validation; and the tools on offer.
#include <gtest/gtest.h>

#include <string>

#include "tests/e2e/support/stack.h"

namespace pawl::testing {
namespace {

using namespace std::chrono_literals;

class ApiTasks : public ::testing::Test {
 protected:
  Stack& stack = Stack::shared();
  Client client =
      stack.client_with(kAllScopes, ::testing::UnitTest::GetInstance()->current_test_info()->name());

  static std::string says(int n) {
    return R"({"steps":[{"id":"a","tool":"echo","with":{"n":)" + std::to_string(n) +
           R"(}}],"output":"${{ steps.a.output.n }}"})";
  }
  std::string url = "/api/v0/tasks/mine";
};

TEST_F(ApiTasks, EveryPutMakesAVersion) {
  const HttpAnswer first = client.put(url, says(1));
  EXPECT_EQ(first.status, 201) << first.body;
  EXPECT_EQ(first.header("location"), url);
  EXPECT_EQ(first.header("etag"), "\"1\"");
  const HttpAnswer second = client.put(url, says(2));
  EXPECT_EQ(second.status, 200);
  EXPECT_EQ(second.header("etag"), "\"2\"");
  EXPECT_EQ(client.get(url).data("version").as_int(), 2);
  EXPECT_EQ(client.get(url).header("etag"), "\"2\"");
  const HttpAnswer old = client.get(url + "?version=1");
  EXPECT_EQ(old.data("version").as_int(), 1);
  EXPECT_EQ(old.data("task.steps.0.with.n").as_int(), 1);
  EXPECT_EQ(client.get(url + "?version=3").status, 404);
  for (const std::string version : {"0", "-1", "x"})
    EXPECT_EQ(client.get(url + "?version=" + version).status, 422) << version;
  const HttpAnswer versions = client.get(url + "/versions");
  ASSERT_EQ(versions.data("items").as_array().size(), 2u) << versions.body;
  EXPECT_EQ(versions.data("items.0.version").as_int(), 2);
  EXPECT_EQ(client.post(url + "/executions").data("output").as_int(), 2);
}

TEST_F(ApiTasks, AnotherProcessRunsTheNewVersionAtOnce) {
  Client second{stack.api(1).port(), client.key()};
  for (int n = 1; n <= 5; ++n) {
    ASSERT_LT(client.put(url, says(n)).status, 300);
    const HttpAnswer here = client.post(url + "/executions");
    EXPECT_EQ(here.data("output").as_int(), n) << here.body;
    HttpAnswer there = second.post(url + "/executions");
    for (int i = 0; i < 30 && there.data("output").as_int() != n; ++i)
      there = second.post(url + "/executions");
    EXPECT_EQ(there.data("output").as_int(), n);  // told on the broker, at the latest after a second
  }
}

TEST_F(ApiTasks, IfMatchGuardsAgainstLostUpdates) {
  ASSERT_EQ(client.put(url, says(1)).status, 201);
  const HttpAnswer stale = client.put(url, says(2), {{"If-Match", "\"7\""}});
  EXPECT_EQ(stale.status, 412);
  EXPECT_EQ(stale.code(), "precondition_failed");
  EXPECT_EQ(client.put(url, says(2), {{"If-Match", "\"nonsense\""}}).status, 412);
  EXPECT_EQ(client.put(url, says(2), {{"If-Match", "\"1\""}}).status, 200);
  EXPECT_EQ(client.put(url, says(3), {{"If-Match", "\"1\""}}).status, 412);
  EXPECT_EQ(client.put(url, says(3), {{"If-Match", "*"}}).status, 200);
  EXPECT_EQ(client.put("/api/v0/tasks/none", says(1), {{"If-Match", "\"1\""}}).status, 412);
  EXPECT_EQ(client.put(url, R"({"steps":[]})", {{"If-Match", "\"99\""}}).status, 422);  // fields before state
}

TEST_F(ApiTasks, ADeletedTaskStartsNothingMoreButWhatRunsGoesOn) {
  ASSERT_EQ(client.put(url, busy_plan(700)).status, 201);
  const std::string running = client.post(url + "/executions/async").text("exec_id");
  client.wait_for(running, "running");
  const HttpAnswer removed = client.remove(url);
  EXPECT_EQ(removed.status, 204);
  EXPECT_EQ(removed.body, "");
  EXPECT_EQ(client.post(url + "/executions/async").status, 404);
  EXPECT_EQ(client.post(url + "/executions").status, 404);
  EXPECT_EQ(client.get(url).status, 404);
  EXPECT_EQ(client.remove(url).status, 404);
  EXPECT_EQ(client.get(url + "/versions").status, 404);
  EXPECT_EQ(client.get("/api/v0/tasks").data("items").as_array().size(), 0u);
  EXPECT_EQ(member(client.wait_end(running), "status").as_string(), "completed");
  EXPECT_LT(client.put(url, says(1)).status, 300);  // and it may be made again
  EXPECT_EQ(client.post(url + "/executions").data("output").as_int(), 1);
}

TEST_F(ApiTasks, TheIdOfThePathDecides) {
  EXPECT_EQ(client.put(url, R"({"id":"mine","steps":[{"id":"a","tool":"echo"}]})").status, 201);
  const HttpAnswer other = client.put(url, R"({"id":"other","steps":[{"id":"a","tool":"echo"}]})");
  EXPECT_EQ(other.status, 422);
  EXPECT_EQ(member(other.json(), "error.errors.0.pointer").as_string(), "/id");
  for (const std::string id : {"-a", ".a", "a%20b", "a%2Fb", "%C3%A9", "a%3Bb"}) {
    EXPECT_EQ(client.put("/api/v0/tasks/" + id, says(1)).status, 422) << id;
    EXPECT_EQ(client.get("/api/v0/tasks/" + id).status, 404) << id;
  }
  EXPECT_EQ(client.put("/api/v0/tasks/" + std::string(129, 'a'), says(1)).status, 422);
  EXPECT_EQ(client.put("/api/v0/tasks/" + std::string(128, 'a'), says(1)).status, 201);
  EXPECT_EQ(client.get("/api/v0/tasks/1%20OR%201=1").status, 404);
}

TEST_F(ApiTasks, ValidationTellsAllAndStoresNothing) {
  const std::string validate = "/api/v0/tasks/validate";
  const HttpAnswer good = client.post(
      validate,
      R"({"id":"v","steps":[{"id":"a","tool":"echo","timeout":"5s","retry":{"max_attempts":2}},{"id":"b","tool":"nonesuch"}]})");
  ASSERT_EQ(good.status, 200) << good.body;
  EXPECT_EQ(good.data("valid").as_bool(), true);
  EXPECT_EQ(good.data("steps").as_array().size(), 2u);
  EXPECT_EQ(good.text("warnings.0.code"), "unknown_tool");
  EXPECT_EQ(good.text("warnings.0.pointer"), "/steps/1/tool");
  EXPECT_FALSE(good.data("estimate").is_null());
  const HttpAnswer bad = client.post(
      validate, R"({"id":"v","steps":[{"id":"a"},{"id":"a","tool":"echo","nope":1}],"timeout":-5})");
  EXPECT_EQ(bad.status, 422);
  EXPECT_GE(member(bad.json(), "error.errors").as_array().size(), 4u) << bad.body;
  EXPECT_EQ(client.post(validate, "").status, 422);
  EXPECT_EQ(client.get("/api/v0/tasks/v").status, 404);
}

TEST_F(ApiTasks, ToolsAreListedWithTheirSchemasAndChecked) {
  const HttpAnswer tools = client.get("/api/v0/tools");
  ASSERT_EQ(tools.status, 200);
  bool has_sleep = false;
  const json::Value items = tools.data("items");
  for (const json::Value& tool : items.as_array()) {
    EXPECT_FALSE(member(tool, "with_schema").is_null());
    EXPECT_FALSE(member(tool, "health").is_null());
    has_sleep = has_sleep || member(tool, "name").as_string() == "sleep";
  }
  EXPECT_TRUE(has_sleep);
  const HttpAnswer wrong = client.put(
      url,
      R"({"steps":[{"id":"a","tool":"sleep","with":{"duration":"1s"}},{"id":"b","tool":"sleep","with":{}}]})");
  EXPECT_EQ(wrong.status, 422) << wrong.body;
  EXPECT_TRUE(member(wrong.json(), "error.errors.0.pointer").as_string().starts_with("/steps/1/with"))
      << wrong.body;
}

TEST_F(ApiTasks, UnknownToolsAreAWarningAndFailAtRunTime) {
  const HttpAnswer put = client.put(url, R"({"steps":[{"id":"a","tool":"nonesuch"}]})");
  ASSERT_EQ(put.status, 201) << put.body;
  EXPECT_EQ(put.text("warnings.0.code"), "unknown_tool");
  const HttpAnswer run = client.post(url + "/executions");
  EXPECT_EQ(run.status, 424);
  EXPECT_EQ(member(run.json(), "error.details.category").as_string(), "configuration");
  EXPECT_EQ(member(run.json(), "error.details.code").as_string(), "unknown_tool");
}

TEST_F(ApiTasks, HostileSchemasAreRefusedAtPut) {
  for (const std::string schema : {R"({"patternProperties":{"a":{}}})", R"({"anyOf":[{"pattern":"(a+)+$"}]})",
                                   R"({"format":"date-time"})", R"({"type":5})"}) {
    const HttpAnswer answer =
        client.put(url, R"({"input_schema":)" + schema + R"(,"steps":[{"id":"a","tool":"echo"}]})");
    EXPECT_EQ(answer.status, 422) << schema;
    EXPECT_TRUE(member(answer.json(), "error.errors.0.pointer").as_string().starts_with("/input_schema"))
        << answer.body;
  }
}

}  // namespace
}  // namespace pawl::testing
