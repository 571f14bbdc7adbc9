// What stands before every handler: the order of the checks of http-api.md §1, credentials, media types,
// bodies that are no proper JSON, unknown fields, and the two forms of an error.
#include <gtest/gtest.h>

#include <string>

#include "tests/e2e/support/stack.h"

namespace pawl::testing {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kRun = "/api/v0/executions";

class ApiRequests : public ::testing::Test {
 protected:
  Stack& stack = Stack::shared();
  Client client = stack.client();
  Client anonymous{stack.api().port(), ""};

  HttpAnswer run(std::string_view body, const HeaderList& headers = {}) {
    return client.post(kRun, body, headers);
  }
};

TEST_F(ApiRequests, ChecksComeInTheOrderOfTheContract) {
  Client reader = stack.client_with(R"(["exec:read"])");
  const HeaderList bad_types{{"Content-Type", "text/plain"}, {"Accept", "application/xml"}};
  const std::string big((1 << 20) + 1, ' ');
  EXPECT_EQ(anonymous.post("/api/v0/tasks?a=%zz", "{").status, 400);  // malformed query before all else
  EXPECT_EQ(anonymous.post("/api/v0/tasks/a%00b", "{").status, 400);
  EXPECT_EQ(anonymous.post("/api/v0/executions?a=1&a=2", "{").status, 400);
  EXPECT_EQ(anonymous.request("PATCH", "/api/v0/nowhere", "{", bad_types).status,
            404);                                                           // route before method
  EXPECT_EQ(anonymous.request("PATCH", kRun, "{", bad_types).status, 405);  // method before credential
  EXPECT_EQ(anonymous.post(kRun, "{", bad_types).status, 401);              // credential before scope, types
  EXPECT_EQ(reader.post(kRun, "{", bad_types).status, 403);                 // scope before types
  EXPECT_EQ(client.post(kRun, big, bad_types).status, 415);  // content type before Accept, size
  EXPECT_EQ(client.post(kRun, big, {{"Accept", "application/xml"}}).status, 406);     // Accept before size
  EXPECT_EQ(client.post(kRun, big).status, 413);                                      // size before JSON
  EXPECT_EQ(client.post("/api/v0/tasks/unknown/executions/async", "{").status, 400);  // JSON before fields
  EXPECT_EQ(client.post("/api/v0/tasks/unknown/executions/async", R"({"nope":1})").status,
            422);  // fields before the object
  EXPECT_EQ(client.post("/api/v0/tasks/unknown/executions/async", "{}").status, 404);
  const std::string random = "/api/v0/executions/01900000-0000-7000-8000-000000000000";
  EXPECT_EQ(client.post(random + "/cancel", "{").status, 400);
  EXPECT_EQ(client.post(random + "/cancel", R"({"reason":1})").status, 422);
  EXPECT_EQ(client.post(random + "/cancel").status, 404);
  EXPECT_EQ(client.post("/api/v0/executions/1 OR 1=1/cancel").status, 400);  // a space ends the target
  EXPECT_EQ(client.post("/api/v0/executions/1%20OR%201=1/cancel").status, 404);
}

TEST_F(ApiRequests, WithoutAGoodCredentialNothingIsSaid) {
  const HttpAnswer none = anonymous.get("/api/v0/tasks");
  EXPECT_EQ(none.status, 401);
  EXPECT_EQ(none.code(), "unauthenticated");
  EXPECT_TRUE(none.has_header("www-authenticate"));
  std::string flipped = stack.admin_key();
  flipped[10] = flipped[10] == 'a' ? 'b' : 'a';
  const std::pair<std::string, std::string> bad[] = {{"Basic YTpi", "unauthenticated"},
                                                     {"Bearer", "unauthenticated"},
                                                     {"Bearer x", "token_invalid"},
                                                     {"Bearer " + flipped, "token_invalid"},
                                                     {"Bearer " + stack.admin_key() + "x", "token_invalid"}};
  for (const auto& [header, code] : bad) {
    const HttpAnswer answer = anonymous.get("/api/v0/tasks", {{"Authorization", header}});
    EXPECT_EQ(answer.status, 401) << header;
    EXPECT_EQ(answer.code(), code) << header;
    EXPECT_TRUE(answer.has_header("www-authenticate"));
  }
  EXPECT_EQ(anonymous.get("/api/v0/tasks", {{"Authorization", "bearer  " + stack.admin_key()}}).status, 200);
}

TEST_F(ApiRequests, AKeyInTheQueryIsNoCredentialAndInNoLog) {
  const std::string key = stack.client_with(R"(["exec:read"])").key();
  for (const std::string name : {"key", "api_key", "access_token", "token"}) {
    EXPECT_EQ(anonymous.get("/api/v0/tasks?" + name + "=" + key).status, 401);
  }
  EXPECT_EQ(Client(stack.api().port(), key).get("/api/v0/tasks").status, 200);
  EXPECT_EQ(stack.api().log().find(key.substr(8)), std::string::npos);
  EXPECT_EQ(stack.api().log().find(stack.admin_key().substr(8)), std::string::npos);
}

TEST_F(ApiRequests, MediaTypesAreAgreedOn) {
  const std::string body = R"({"plan":)" + std::string(kEchoPlan) + "}";
  for (const std::string type : {"text/plain", "application/xml", "application/jsonx", "multipart/form-data",
                                 "application/x-www-form-urlencoded"}) {
    const HttpAnswer answer = run(body, {{"Content-Type", type}});
    EXPECT_EQ(answer.status, 415) << type;
    EXPECT_EQ(answer.code(), "unsupported_media_type");
  }
  EXPECT_EQ(run(body, {{"Content-Type", ""}}).status, 415);  // none at all
  EXPECT_EQ(run(body, {{"Content-Type", "Application/JSON; charset=utf-8"}}).status, 202);
  const std::pair<std::string, int> accepts[] = {{"application/xml", 406},
                                                 {"text/html", 406},
                                                 {"application/json;q=0", 406},
                                                 {"*/*", 202},
                                                 {"application/*", 202},
                                                 {"text/html, application/json;q=0.1", 202},
                                                 {"application/problem+json", 202},
                                                 {"application/json", 202}};
  for (const auto& [accept, status] : accepts) {
    const HttpAnswer answer = run(body, {{"Accept", accept}});
    EXPECT_EQ(answer.status, status) << accept;
    if (status == 406) {
      EXPECT_EQ(answer.code(), "not_acceptable");
    }
  }
}

TEST_F(ApiRequests, BodiesThatAreNoJsonObjectAreRefused) {
  const std::pair<std::string, std::pair<int, std::string>> bad[] = {
      {"null", {422, "validation_failed"}},
      {"[]", {422, "validation_failed"}},
      {"\"x\"", {422, "validation_failed"}},
      {"1", {422, "validation_failed"}},
      {"{", {400, "malformed_json"}},
      {" ", {400, "malformed_json"}},
      {R"({"a":NaN})", {400, "malformed_json"}},
      {R"({"a":Infinity})", {400, "malformed_json"}},
      {R"({"a":1,})", {400, "malformed_json"}},
      {R"({'a':1})", {400, "malformed_json"}},
      {"{\"a\":1} // x", {400, "malformed_json"}},
      {"/* x */ {}", {400, "malformed_json"}},
      {"{}{}", {400, "malformed_json"}},
      {R"({"a":01})", {400, "malformed_json"}},
      {R"({"a":"\x"})", {400, "malformed_json"}},
      {R"({"a":1,"a":2})", {400, "duplicate_key"}},
      {R"({"with":{"b":1,"\u0062":2}})", {400, "duplicate_key"}},
      {std::string(100'000, '['), {400, "json_too_deep"}},
      {R"({"with":"\u0000"})", {422, "validation_failed"}},
      {"{\"with\":\"\\ud800\"}", {400, "invalid_utf8"}},
      {"{\"with\":\"\xff\"}", {400, "invalid_utf8"}},
      {"{\"with\":\"\xc0\xaf\"}", {400, "invalid_utf8"}},
      {R"({"with":{"n":1e400}})", {422, "validation_failed"}},
      {R"({"with":{"n":18446744073709551616}})", {422, "validation_failed"}}};
  for (const auto& [body, expected] : bad) {
    const auto begun = std::chrono::steady_clock::now();
    const HttpAnswer answer = run(body);
    EXPECT_EQ(answer.status, expected.first) << body.substr(0, 80) << answer.body;
    EXPECT_EQ(answer.code(), expected.second) << body.substr(0, 80) << answer.body;
    EXPECT_LT(std::chrono::steady_clock::now() - begun, 1s);
  }
  EXPECT_EQ(run("").status, 422);  // as {}: the plan is required
  const std::string deepest = R"({"plan":)" + std::string(kEchoPlan) + R"(,"with":{"a":)" +
                              std::string(62, '[') + std::string(62, ']') + "}}";
  EXPECT_EQ(run(deepest).status, 202);
  const std::string too_deep = R"({"plan":)" + std::string(kEchoPlan) + R"(,"with":{"a":)" +
                               std::string(63, '[') + std::string(63, ']') + "}}";
  EXPECT_EQ(run(too_deep).code(), "json_too_deep");
}

TEST_F(ApiRequests, WideObjectsAndLongStringsAreBounded) {
  const std::string plan = R"({"plan":)" + std::string(kEchoPlan);
  std::string wide = "{\"k0\":0";
  for (int i = 1; i <= 1000; ++i) wide += ",\"k" + std::to_string(i) + "\":0";
  EXPECT_EQ(run(plan + R"(,"with":)" + wide + "}}").status, 422);
  const std::string long_text(64 * 1024 + 1, 'a');
  EXPECT_EQ(run(plan + R"(,"labels":{"a":")" + long_text + "\"}}").status, 422);
  EXPECT_EQ(run(plan + R"(,"with":{"a":")" + long_text + "\"}}").status, 202);
  EXPECT_EQ(client
                .put("/api/v0/tasks/long",
                     R"({"description":")" + long_text + R"(","steps":[{"id":"a","tool":"echo"}]})")
                .status,
            422);
}

TEST_F(ApiRequests, NumbersAreKeptExactly) {
  const std::string with =
      R"({"least":-9223372036854775808,"most":18446744073709551615,"pi":3.141592653589793})";
  const json::Value ended = client.wait_end(client.submit(kEchoPlan, with));
  EXPECT_EQ(member(ended, "output.least").as_int(), INT64_MIN);
  EXPECT_EQ(member(ended, "output.most").as_uint(), UINT64_MAX);
  EXPECT_DOUBLE_EQ(member(ended, "output.pi").as_double(), 3.141592653589793);
}

TEST_F(ApiRequests, UnknownFieldsAreRefusedWithTheirPointers) {
  for (const std::string field :
       {"tenant_id", "status", "epoch", "created_by", "tenant", "exec_id", "idempotency_key"}) {
    const HttpAnswer answer = run(R"({"plan":)" + std::string(kEchoPlan) + ",\"" + field + "\":\"x\"}");
    EXPECT_EQ(answer.status, 422) << field;
    EXPECT_EQ(answer.code(), "unknown_field") << field;
    EXPECT_EQ(member(answer.json(), "error.errors.0.pointer").as_string(), "/" + field);
  }
  const HttpAnswer in_plan = run(R"({"plan":{"steps":[{"id":"a","tool":"echo","nope":1}]}})");
  EXPECT_EQ(in_plan.status, 422);
  EXPECT_EQ(member(in_plan.json(), "error.errors.0.pointer").as_string(), "/plan/steps/0/nope");
  for (const std::string path :
       {"/api/v0/tasks?nope=1", "/api/v0/executions?nope=1", "/api/v0/executions/stats?nope=1",
        "/api/v0/tools?nope=1", "/api/v0/keys?nope=1", "/api/v0/tasks/any/versions?nope=1"}) {
    EXPECT_EQ(client.get(path).status, 422) << path;
  }
}

TEST_F(ApiRequests, ErrorsComeAsProblemJsonWhenAskedFor) {
  const HttpAnswer plain = run("{\"nope\":1}");
  const HttpAnswer problem = run("{\"nope\":1}", {{"Accept", "application/problem+json"}});
  EXPECT_EQ(plain.header("content-type").substr(0, 16), "application/json");
  EXPECT_EQ(member(plain.json(), "status").as_int(), 422);
  EXPECT_EQ(problem.header("content-type"), "application/problem+json");
  EXPECT_EQ(member(problem.json(), "status").as_int(), 422);
  EXPECT_EQ(member(problem.json(), "code").as_string(), plain.code());
  EXPECT_FALSE(member(problem.json(), "title").as_string().empty());
  EXPECT_FALSE(member(problem.json(), "errors.0.pointer").is_null());
  for (const std::string path : {"/api/v0/nowhere", "/api/v0/executions/x"}) {
    EXPECT_EQ(client.get(path, {{"Accept", "application/problem+json"}}).header("content-type"),
              "application/problem+json");
  }
}

TEST_F(ApiRequests, TheDocumentIsServedToEverybody) {
  const HttpAnswer answer = anonymous.get("/api/v0/openapi.yaml");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.header("content-type"), "application/yaml");
  EXPECT_NE(answer.body.find("operationId: runTask"), std::string::npos);
}

TEST_F(ApiRequests, PlansWithFaultsAreRefusedWithAPointerEach) {
  const auto step = [](const std::string& rest) { return R"({"plan":{"steps":[)" + rest + "]}}"; };
  std::string many;
  for (int i = 0; i < 501; ++i)
    many += std::string(i > 0 ? "," : "") + R"({"id":"s)" + std::to_string(i) + R"(","tool":"echo"})";
  const std::pair<std::string, std::string> bad[] = {
      {step(
           R"({"id":"a","tool":"echo","with":"${{ steps.b.output }}"},{"id":"b","tool":"echo","with":"${{ steps.a.output }}"})"),
       "/plan/steps/0"},
      {step(R"({"id":"a","tool":"echo","with":"${{ steps.zzz.output }}"})"), "/plan/steps/0/with"},
      {step(R"({"id":"a","tool":"echo","retry":{"max_attempts":1000000}})"),
       "/plan/steps/0/retry/max_attempts"},
      {step(R"({"id":"a","tool":"echo","timeout":-1})"), "/plan/steps/0/timeout"},
      {step(R"({"id":"a","tool":"echo","timeout":"-5s"})"), "/plan/steps/0/timeout"},
      {step(R"({"id":"a","tool":"echo"},{"id":"a","tool":"echo"})"), "/plan/steps/1/id"},
      {step(R"({"id":"a.b","tool":"echo"})"), "/plan/steps/0/id"},
      {step(R"({"id":"a","tool":"echo","when":"${{ 1 + }}"})"), "/plan/steps/0/when"},
      {step(R"({"id":"a"})"), "/plan/steps/0"},
      {step(""), "/plan/steps"},
      {step(many), "/plan"},
      {R"({"plan":{"steps":[{"id":"a","tool":"echo"}],"lane":"nowhere"}})", "/plan/lane"},
      {R"({"plan":7})", "/plan"}};
  for (const auto& [body, pointer] : bad) {
    const HttpAnswer answer = run(body);
    EXPECT_EQ(answer.status, 422) << answer.body.substr(0, 300);
    const json::Value first = member(answer.json(), "error.errors.0.pointer");
    EXPECT_TRUE(first.is_string() && first.as_string().starts_with(pointer))
        << pointer << " " << answer.body.substr(0, 400);
  }
  const HttpAnswer both =
      run(step(R"({"id":"a","tool":"echo","timeout":-1},{"id":"a","tool":"echo","nope":1})"));
  EXPECT_GE(member(both.json(), "error.errors").as_array().size(), 3u) << both.body;
  const std::string large =
      R"({"plan":{"steps":[{"id":"a","tool":"echo","with":{"a":")" + std::string(257 * 1024, 'a') + "\"}}]}}";
  EXPECT_EQ(run(large).status, 413);
}

}  // namespace
}  // namespace pawl::testing
