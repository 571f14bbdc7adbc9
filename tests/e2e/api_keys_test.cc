// Who may do what: keys, their scopes over every route, and tenants that can't see each other.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "common/json/write.h"
#include "tests/e2e/support/stack.h"

namespace pawl::testing {
namespace {

using namespace std::chrono_literals;

struct RouteLine {
  std::string method, path, scope;
};

/// The routes of the served document; its form is our own, so lines are enough.
std::vector<RouteLine> routes_of(const std::string& document) {
  std::vector<RouteLine> routes;
  std::istringstream lines(document);
  std::string line, path, method;
  while (std::getline(lines, line)) {
    if (line.starts_with("  /") && line.ends_with(":")) path = line.substr(2, line.size() - 3);
    for (const std::string word : {"get", "post", "put", "delete"}) {
      if (line == "    " + word + ":") method = word;
    }
    if (const auto at = line.find("x-scope: "); at != std::string::npos) {
      std::string upper = method;
      std::transform(upper.begin(), upper.end(), upper.begin(),
                     [](char c) { return static_cast<char>(c - 'a' + 'A'); });
      routes.push_back({upper, path, line.substr(at + 9)});
    }
  }
  return routes;
}

/// Fills the parameters of a path with what is well-formed and not there.
std::string filled(std::string path) {
  while (path.find('{') != std::string::npos) {
    const std::size_t from = path.find('{'), to = path.find('}');
    path.replace(
        from, to - from + 1,
        path.substr(from + 1, to - from - 1).ends_with("id") && path.find("task_id") == std::string::npos
            ? "01900000-0000-7000-8000-000000000000"
            : "none");
  }
  return path;
}

class ApiKeys : public ::testing::Test {
 protected:
  Stack& stack = Stack::shared();
  Client admin = stack.client();
  static constexpr std::string_view kReader = R"({"name":"reader","scopes":["exec:read"]})";
};

TEST_F(ApiKeys, EveryRouteAsksForItsScopeAndNoOther) {
  const std::vector<RouteLine> routes = routes_of(admin.get("/api/v0/openapi.yaml").body);
  ASSERT_GT(routes.size(), 30u);
  const std::vector<std::string> scopes{"exec:read",  "exec:write", "exec:control",   "approve",
                                        "task:write", "admin:keys", "admin:breakers", "ops:metrics"};
  std::map<std::string, std::string> keys;
  for (const std::string& scope : scopes)
    keys[scope] = stack.client_with("[\"" + scope + "\"]", "scope-matrix").key();
  for (const RouteLine& route : routes) {
    const bool is_admin = route.path.starts_with("/admin/");
    const std::uint16_t port = is_admin ? stack.api().ops_port() : stack.api().port();
    const HttpAnswer anonymous = Client(port, "").request(route.method, filled(route.path));
    EXPECT_EQ(anonymous.status, route.scope == "none" ? 200 : 401) << route.method << route.path;
    if (route.scope == "none") continue;
    for (const std::string& scope : scopes) {
      const HttpAnswer answer = Client(port, keys[scope]).request(route.method, filled(route.path));
      if (scope == route.scope) {
        EXPECT_TRUE(answer.status != 401 && answer.status != 403 && answer.status != 0 && answer.status < 500)
            << route.method << route.path << " with " << scope << ": " << answer.status;
      } else {
        EXPECT_EQ(answer.status, 403) << route.method << route.path << " with " << scope;
        EXPECT_EQ(answer.code(), "insufficient_scope");
      }
    }
  }
}

TEST_F(ApiKeys, AKeyIsShownOnceAndListedByItsPrefix) {
  const HttpAnswer made = admin.post("/api/v0/keys", kReader);
  ASSERT_EQ(made.status, 201) << made.body;
  const std::string key = made.text("key"), id = made.text("id");
  EXPECT_TRUE(key.starts_with(made.text("prefix")));
  EXPECT_GE(key.size(), 40u);
  const HttpAnswer list = admin.get("/api/v0/keys");
  EXPECT_EQ(list.body.find(key), std::string::npos);
  EXPECT_NE(list.body.find(id), std::string::npos);
  EXPECT_EQ(
      stack.sql("SELECT count(*) FROM api_keys WHERE prefix = '" + made.text("prefix") + "'").substr(0, 1),
      "1");
  EXPECT_EQ(stack.sql("SELECT * FROM api_keys").find(key.substr(12)),
            std::string::npos);  // only its hash is kept
  Client reader(stack.api().port(), key);
  EXPECT_EQ(reader.get("/api/v0/tasks").status, 200);
  EXPECT_EQ(reader.post("/api/v0/executions", "{}").status, 403);
}

TEST_F(ApiKeys, FieldsOfANewKeyAreChecked) {
  for (const std::string body :
       {"", "{}", R"({"name":"a"})", R"({"scopes":["exec:read"]})", R"({"name":"a","scopes":[]})",
        R"({"name":"a","scopes":["root"]})", R"({"name":"a","scopes":"exec:read"})",
        R"({"name":"","scopes":["exec:read"]})", R"({"name":"a","scopes":["exec:read"],"expires_at":"soon"})",
        R"({"name":"a","scopes":[1]})", R"({"name":"a","scopes":["exec:read"],"id":"x"})",
        R"({"name":"a","scopes":["exec:read"],"tenant_id":"x"})"}) {
    EXPECT_EQ(admin.post("/api/v0/keys", body).status, 422) << body;
  }
  Client keys_only = stack.client_with(R"(["admin:keys"])");
  EXPECT_EQ(keys_only.post("/api/v0/keys", kReader).status, 422);  // nobody gives what he does not hold
  Client other = stack.client_with(kAllScopes, "keys-tenant");
  const HttpAnswer foreign =
      other.post("/api/v0/keys", R"({"name":"a","scopes":["exec:read"],"tenant":"third"})");
  EXPECT_EQ(foreign.status, 403);
  EXPECT_EQ(other.post("/api/v0/keys", kReader).status, 201);  // in its own tenant it may
}

TEST_F(ApiKeys, AnExpiredKeyIsRefused) {
  const HttpAnswer made = admin.post(
      "/api/v0/keys", R"({"name":"old","scopes":["exec:read"],"expires_at":"2001-01-01T00:00:00Z"})");
  ASSERT_EQ(made.status, 201) << made.body;
  const HttpAnswer answer = Client(stack.api().port(), made.text("key")).get("/api/v0/tasks");
  EXPECT_EQ(answer.status, 401);
  EXPECT_EQ(answer.code(), "token_expired");
}

TEST_F(ApiKeys, ARevokedKeyIsRefusedEverywhereWithinFiveSeconds) {
  const HttpAnswer made = admin.post("/api/v0/keys", kReader);
  Client here(stack.api(0).port(), made.text("key")), there(stack.api(1).port(), made.text("key"));
  ASSERT_EQ(here.get("/api/v0/tasks").status, 200);
  ASSERT_EQ(there.get("/api/v0/tasks").status, 200);
  const HttpAnswer revoked = admin.remove("/api/v0/keys/" + made.text("id"));
  EXPECT_EQ(revoked.status, 204);
  const auto begun = std::chrono::steady_clock::now();
  EXPECT_EQ(here.get("/api/v0/tasks").code(), "key_revoked");
  while (there.get("/api/v0/tasks").status == 200 && std::chrono::steady_clock::now() - begun < 6s)
    std::this_thread::sleep_for(20ms);
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 5s);
  EXPECT_EQ(there.get("/api/v0/tasks").code(), "key_revoked");
  EXPECT_EQ(admin.remove("/api/v0/keys/01900000-0000-7000-8000-000000000000").status, 404);
  EXPECT_EQ(admin.remove("/api/v0/keys/nonsense").status, 404);
}

TEST_F(ApiKeys, RevocationIsFeltThoughNoMessageArrives) {
  const HttpAnswer made = admin.post("/api/v0/keys", kReader);
  Client reader(stack.api(1).port(), made.text("key"));
  ASSERT_EQ(reader.get("/api/v0/tasks").status, 200);
  stack.sql("UPDATE api_keys SET revoked_at = now() WHERE id = '" + made.text("id") + "'");
  const auto begun = std::chrono::steady_clock::now();
  while (reader.get("/api/v0/tasks").status == 200 && std::chrono::steady_clock::now() - begun < 6s)
    std::this_thread::sleep_for(50ms);
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 5s);
}

/// The answer without what is different in every answer.
std::string compared(HttpAnswer answer) {
  std::string text = std::to_string(answer.status) + "\n";
  for (const auto& [name, value] : answer.headers) {
    if (name != "x-request-id" && name != "date") text += name + ": " + value + "\n";
  }
  return text + "\n" + answer.body;
}

TEST_F(ApiKeys, AForeignIdAnswersExactlyLikeARandomOne) {
  const std::string random = "01900000-0000-7000-8000-0000000000aa";
  admin.put("/api/v0/tasks/secret-task", kEchoPlan);
  const std::string exec = admin.submit(busy_plan(1500));
  const std::string key = admin.post("/api/v0/keys", kReader).text("id");
  Client thief = stack.client_with(kAllScopes, "thief");
  const auto same = [&](const std::string& method, const std::string& before, const std::string& mine,
                        const std::string& unknown, const std::string& after = "",
                        const std::string& body = "") {
    const std::string foreign = compared(thief.request(method, before + mine + after, body));
    const std::string never = compared(thief.request(method, before + unknown + after, body));
    EXPECT_EQ(foreign, never) << method << before << after;
    EXPECT_TRUE(foreign.starts_with("404\n")) << foreign;
  };
  for (const std::string base : {"/api/v0/executions/", "/api/v0/executions/tasks/"}) {
    same("GET", base, exec, random);
    for (const std::string tail : {"/steps", "/steps/busy", "/events", "/events?after_seq=1", "?wait=1s"})
      same("GET", base, exec, random, tail);
    for (const std::string act : {"/cancel", "/pause", "/resume"}) same("POST", base, exec, random, act);
  }
  for (const std::string tail : {"", "/versions", "?version=1"})
    same("GET", "/api/v0/tasks/", "secret-task", "random-task", tail);
  same("DELETE", "/api/v0/tasks/", "secret-task", "random-task");
  for (const std::string tail : {"/executions", "/executions/sync", "/executions/async"})
    same("POST", "/api/v0/tasks/", "secret-task", "random-task", tail, "{}");
  same("POST", "/api/v0/tasks/", "secret-task", "random-task", "/executions/batch", R"({"items":[{}]})");
  same("DELETE", "/api/v0/keys/", key, random);
  EXPECT_EQ(thief.get("/api/v0/executions").data("items").as_array().size(), 0u);
  EXPECT_EQ(thief.get("/api/v0/tasks").data("items").as_array().size(), 0u);
  EXPECT_EQ(thief.get("/api/v0/keys").data("items").as_array().size(), 1u);
  EXPECT_EQ(json::write(thief.get("/api/v0/executions/stats").data("by_status")), "{}");
  EXPECT_EQ(member(admin.wait_end(exec), "status").as_string(), "completed");  // untouched by all that
  EXPECT_EQ(admin.get("/api/v0/tasks/secret-task").status, 200);
}

TEST_F(ApiKeys, TwoTenantsHaveTasksOfTheSameName) {
  Client one = stack.client_with(kAllScopes, "same-name-1"),
         two = stack.client_with(kAllScopes, "same-name-2");
  one.put("/api/v0/tasks/t",
          R"({"steps":[{"id":"a","tool":"echo","with":"one"}],"output":"${{ steps.a.output }}"})");
  two.put("/api/v0/tasks/t",
          R"({"steps":[{"id":"a","tool":"echo","with":"two"}],"output":"${{ steps.a.output }}"})");
  EXPECT_EQ(one.post("/api/v0/tasks/t/executions").text("output"), "one");
  EXPECT_EQ(two.post("/api/v0/tasks/t/executions").text("output"), "two");
}

TEST_F(ApiKeys, ATenantThatExistsIsFoundByItsName) {
  Client first = stack.client_with(kAllScopes, "by-name"), second = stack.client_with(kAllScopes, "by-name");
  const std::string id = first.submit(kEchoPlan);
  EXPECT_EQ(second.get("/api/v0/executions/" + id).status, 200);
}

}  // namespace
}  // namespace pawl::testing
