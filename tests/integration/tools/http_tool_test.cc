// The http tool against a real server on loopback, which the allow list lets through by its port only.
#include "worker/tools/http/http_tool.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>

#include "common/json/write.h"
#include "tests/integration/tools/http_target.h"
#include "tests/support/one_call.h"

namespace pawl::tools {
namespace {

class HttpToolTest : public testing::Test {
 protected:
  HttpToolTest() : target(loop), other(loop) {
    allow({"127.0.0.1:" + std::to_string(target.port()), "127.0.0.1:" + std::to_string(other.port())});
  }
  ~HttpToolTest() override {
    tool.reset();
    target.stop();
    other.stop();
  }

  void allow(const std::vector<std::string>& list) {
    tool = make_http_tool(loop, clock, egress::Policy::make(list, false).value());
  }

  OneCall& get(const std::string& url, json::Object more = {}) {
    more.set("url", url);
    calls.push_back(std::make_unique<OneCall>(loop));
    return calls.back()->start(*tool, json::Value(std::move(more)));
  }

  /// The code of the failure of GET `path`, or "".
  std::string code(const std::string& path, json::Object more = {}) {
    return get(target.url(path), std::move(more)).code();
  }

  Loop loop;
  SystemClock clock;
  HttpTarget target;
  HttpTarget other;
  std::unique_ptr<Tool> tool;
  std::vector<std::unique_ptr<OneCall>> calls;
};

TEST_F(HttpToolTest, ReadsJsonTextAndBinaryByThemselves) {
  const json::Value& output = get(target.url("/json")).output();
  EXPECT_EQ(output.find("status")->as_int(), 200);
  EXPECT_EQ(json::write(*output.find("body")), R"({"a":[1,2]})");
  EXPECT_EQ(output.find("headers")->find("content-type")->as_string(), "application/json; charset=utf-8");
  EXPECT_GE(output.find("duration_ms")->as_int(), 0);
  EXPECT_EQ(get(target.url("/")).output().find("body")->as_string(), "hello");
  EXPECT_EQ(get(target.url("/binary")).output().find("body")->as_string(), "AP8B");
  EXPECT_EQ(get(target.url("/bad-json")).output().find("body")->as_string(), "{");
  EXPECT_EQ(get(target.url("/"), {{"parse", "base64"}}).output().find("body")->as_string(), "aGVsbG8=");
  EXPECT_EQ(code("/bad-json", {{"parse", "json"}}), "invalid_response");
  EXPECT_EQ(code("/binary", {{"parse", "text"}}), "invalid_response");
}

TEST_F(HttpToolTest, SendsIdentityCredentialsQueryAndBody) {
  OneCall& call =
      get(target.url("/post?a=1"), {{"method", "POST"},
                                    {"body", json::Object{{"n", 1}}},
                                    {"query", json::Object{{"b c", "d&e"}, {"n", json::Array{1, 2}}}},
                                    {"headers", json::Object{{"X-Mine", "yes"}}},
                                    {"auth", json::Object{{"bearer", "t0ken"}}}});
  ASSERT_EQ(call.code(), "");
  const auto& seen = target.seen.at(0);
  EXPECT_EQ(seen.method, "POST");
  EXPECT_EQ(seen.target, "/post?a=1&b%20c=d%26e&n=1&n=2");
  EXPECT_EQ(seen.body, R"({"n":1})");
  EXPECT_EQ(seen.headers.at("content-type"), "application/json");
  EXPECT_EQ(seen.headers.at("x-mine"), "yes");
  EXPECT_EQ(seen.headers.at("authorization"), "Bearer t0ken");
  EXPECT_EQ(seen.headers.at("idempotency-key"), "0197f000-0000-7000-8000-000000000001:fetch");
  EXPECT_EQ(seen.headers.at("x-pawl-execution"), "0197f000-0000-7000-8000-000000000001");
  EXPECT_EQ(seen.headers.at("x-pawl-step"), "fetch");
  EXPECT_EQ(seen.headers.at("x-pawl-attempt"), "2");
  EXPECT_EQ(seen.headers.at("x-pawl-epoch"), "3");
  EXPECT_EQ(seen.headers.at("traceparent"), "00-aa-bb-01");
  EXPECT_GT(call.result->resources.bytes_out, 7);
  EXPECT_GT(call.result->resources.bytes_in, 0);

  ASSERT_EQ(get(target.url("/"), {{"auth", json::Object{{"basic", "me:pw"}}}}).code(), "");
  EXPECT_EQ(target.seen.at(1).headers.at("authorization"), "Basic bWU6cHc=");
  ASSERT_EQ(get(target.url("/"), {{"method", "POST"}}).code(), "");
  EXPECT_EQ(target.seen.at(2).headers.count("content-type"), 0u);
  EXPECT_EQ(target.seen.at(2).headers.at("content-length"), "0");
  ASSERT_EQ(get(target.url("/"), {{"method", "DELETE"}, {"body", "x"}}).code(), "");
  EXPECT_EQ(target.seen.at(3).method, "DELETE");
  EXPECT_EQ(target.seen.at(3).body, "x");
  ASSERT_EQ(get(target.url("/json"), {{"method", "HEAD"}}).code(), "");
  EXPECT_EQ(target.seen.at(4).method, "HEAD");
}

TEST_F(HttpToolTest, AStatusHasTheCategoryOfTheContract) {
  const std::pair<int, Category> rows[] = {{408, Category::kTransient},     {429, Category::kTransient},
                                           {500, Category::kTransient},     {503, Category::kTransient},
                                           {401, Category::kPermission},    {403, Category::kPermission},
                                           {400, Category::kConfiguration}, {404, Category::kConfiguration},
                                           {418, Category::kConfiguration}, {501, Category::kTransient}};
  for (const auto& [status, category] : rows) {
    const auto& output = get(target.url("/status/" + std::to_string(status))).wait().output;
    ASSERT_FALSE(output.has_value()) << status;
    EXPECT_EQ(output.error().code, "http_" + std::to_string(status));
    EXPECT_EQ(output.error().category, category) << status;
    EXPECT_EQ(output.error().details.find("body")->as_string(), "why");
  }
  EXPECT_EQ(get(target.url("/status/503")).wait().output.error().retry_after, Millis{7000});
  EXPECT_EQ(code("/status/404", {{"accept_status", json::Array{404}}}), "");
  EXPECT_EQ(code("/json", {{"accept_status", json::Array{404}}}), "http_200");
  EXPECT_EQ(code("/status/304"), "");
}

TEST_F(HttpToolTest, CapsTheBodyAfterDecompressionAndTheHeaders) {
  EXPECT_EQ(code("/big", {{"max_bytes", 299'999}}), "response_too_large");
  EXPECT_EQ(code("/big", {{"max_bytes", 300'000}}), "");
  EXPECT_EQ(code("/bomb"), "response_too_large");
  EXPECT_EQ(code("/headers"), "response_too_large");
}

TEST_F(HttpToolTest, TimesOutIsCancelledAndRefused) {
  OneCall late(loop);
  late.start(*tool, object({{"url", target.url("/never")}}), Millis{100});
  EXPECT_EQ(late.code(), "timeout");
  EXPECT_EQ(late.result->output.error().category, Category::kTransient);
  EXPECT_TRUE(late.result->output.error().sent);

  OneCall& stopped = get(target.url("/never"));
  ASSERT_TRUE(stopped.wait_until([&] { return target.seen.size() == 2; }));
  const int aborted_before = target.aborted;
  stopped.call->cancel();
  EXPECT_EQ(stopped.code(), "cancelled");
  EXPECT_TRUE(stopped.wait_until([&] { return target.aborted > aborted_before; })) << "the connection is cut";

  OneCall& dropped = get(target.url("/slow"));
  dropped.call.reset();
  EXPECT_FALSE(dropped.wait_until([&] { return dropped.answers > 0; }, Millis{300}));

  const int fd =
      socket(AF_INET, SOCK_STREAM, 0);  // bound and not listening: refuses, and nobody else gets the port
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  ASSERT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length);
  const std::string endpoint = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  calls.clear();
  allow({endpoint});
  OneCall& refused = get("http://" + endpoint + "/");
  EXPECT_EQ(refused.code(), "connection_refused");
  EXPECT_FALSE(refused.result->output.error().sent);
  close(fd);
}

TEST_F(HttpToolTest, ARedirectIsAnAnswerUnlessItIsFollowed) {
  target.location = target.url("/json");
  EXPECT_EQ(get(target.url("/redirect")).output().find("status")->as_int(), 302);
  EXPECT_EQ(get(target.url("/redirect"), {{"follow", 1}}).output().find("status")->as_int(), 200);
  EXPECT_EQ(code("/loop", {{"follow", 5}}), "too_many_redirects");
  EXPECT_EQ(code("/redirect", {{"follow", 6}}), "invalid_parameter");
}

TEST_F(HttpToolTest, ARedirectMayChangeTheMethodAndKeepsCredentialsOnTheSameHostOnly) {
  const json::Object with{
      {"method", "POST"},
      {"body", "x"},
      {"follow", 3},
      {"auth", json::Object{{"bearer", "s"}}},
      {"headers", json::Object{{"Cookie", "c"}, {"X-Key", "k"}, {"Accept", "text/plain"}}}};
  target.location = "/same";
  ASSERT_EQ(code("/redirect", with), "");
  EXPECT_EQ(target.seen.at(1).method, "GET");
  EXPECT_EQ(target.seen.at(1).body, "");
  EXPECT_EQ(target.seen.at(1).headers.at("authorization"), "Bearer s");
  target.location = other.url("/else");
  target.redirect_status = 307;
  ASSERT_EQ(code("/redirect", with), "");
  const auto& seen = other.seen.at(0);
  EXPECT_EQ(seen.method, "POST");
  EXPECT_EQ(seen.body, "x");
  EXPECT_EQ(seen.headers.at("accept"), "text/plain");
  for (const char* name :
       {"authorization", "cookie", "x-key", "idempotency-key", "x-pawl-execution", "traceparent"})
    EXPECT_EQ(seen.headers.count(name), 0u) << name;
}

TEST_F(HttpToolTest, ARedirectIsDecidedLikeAFirstRequest) {
  for (const char* location : {"http://127.0.0.1:1/", "http://2130706433:1/", "http://[::1]:1/",
                               "http://localhost:1/", "http://169.254.169.254/latest", "file:///etc/passwd",
                               "gopher://x/", "//0x7f.1:1/", "http://u:p@example.com/"}) {
    target.location = location;
    EXPECT_EQ(code("/redirect", {{"follow", 3}}), "egress_blocked") << location;
  }
  target.location = "http://exa mple/";
  EXPECT_EQ(code("/redirect", {{"follow", 3}}), "invalid_url");
}

TEST_F(HttpToolTest, ALiteralForbiddenTargetIsAFaultAndFailsBlockedWhenItWasRendered) {
  const std::string port = ":" + std::to_string(target.port());
  allow({});
  for (const std::string& url :
       {"http://127.0.0.1" + port, "http://2130706433" + port, "http://0x7f.1" + port, "http://[::1]" + port,
        "http://[::ffff:127.0.0.1]" + port, "http://localhost" + port, "http://0.0.0.0" + port,
        std::string("http://169.254.169.254/"), std::string("http://100.64.0.1/"),
        std::string("http://[2002:7f00:1::]/"), std::string("http://[64:ff9b::7f00:1]/"),
        std::string("file:///etc/passwd"), std::string("dict://x:1/")}) {
    const auto faults = tool->validate(object({{"url", url}}));
    ASSERT_EQ(faults.size(), 1u) << url;
    EXPECT_EQ(faults[0].pointer, "/url");
    EXPECT_EQ(faults[0].code, "policy_denied");
    OneCall& call = get(url);
    EXPECT_EQ(call.code(), "egress_blocked") << url;
    EXPECT_EQ(call.result->output.error().category, Category::kPermission);
    EXPECT_FALSE(call.result->output.error().sent);
  }
  EXPECT_TRUE(target.seen.empty());
}

TEST_F(HttpToolTest, TheAddressThatANameResolvesToDecides) {
  // Public names by their form; resolver_override.cc makes them mean this machine.
  for (const char* name : {"rebind.pawl.example", "mapped.pawl.example", "metadata.pawl.example"}) {
    EXPECT_TRUE(tool->validate(object({{"url", target.url("/", name)}})).empty()) << name;
    allow({});
    EXPECT_EQ(get(target.url("/", name)).code(), "egress_blocked") << name;
    EXPECT_FALSE(calls.back()->result->output.error().sent);
    EXPECT_TRUE(target.seen.empty()) << name;
  }
  allow({"127.0.0.1:" + std::to_string(target.port())});
  EXPECT_EQ(get(target.url("/", "rebind.pawl.example")).code(), "");
  target.location = other.url("/", "rebind.pawl.example");
  EXPECT_EQ(code("/redirect", {{"follow", 1}}), "egress_blocked");
  // "localhost" passes the literal check where one port of loopback is allowed by name, and still only that
  // port connects.
  allow({"localhost:" + std::to_string(target.port())});
  EXPECT_EQ(get(target.url("/", "localhost")).code(), "");
  EXPECT_EQ(get(target.url("/", "127.0.0.1")).code(), "egress_blocked");
}

TEST_F(HttpToolTest, NoProxyOfTheEnvironmentIsUsed) {
  setenv("http_proxy", "http://127.0.0.1:1", 1);
  setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
  EXPECT_EQ(code("/json"), "");
  unsetenv("http_proxy");
  unsetenv("ALL_PROXY");
}

TEST_F(HttpToolTest, HeadersThatWouldForgeOrSplitAreFaults) {
  for (const char* name : {"Host", "content-length", "Transfer-Encoding", "X-Pawl-Execution",
                           "Proxy-Authorization", "Bad Name", "a:b", ""})
    EXPECT_EQ(tool->validate(object({{"url", "http://example.com/"}, {"headers", json::Object{{name, "x"}}}}))
                  .size(),
              1u)
        << name;
  EXPECT_EQ(
      tool->validate(object({{"url", "http://example.com/"}, {"headers", json::Object{{"X", "a\r\nY: b"}}}}))
          .size(),
      1u);
  EXPECT_EQ(
      tool->validate(object({{"url", "http://example.com/"}, {"auth", json::Object{{"bearer", "a\nb"}}}}))
          .size(),
      1u);
  EXPECT_TRUE(tool->validate(object({{"url", "${{ input.url }}"},
                                     {"headers", json::Object{{"X", "${{ input.x }}"}}}}))
                  .empty());
}

TEST_F(HttpToolTest, ManyCallsShareTheirConnections) {
  for (int i = 0; i < 20; ++i) ASSERT_EQ(code("/"), "");
  std::vector<OneCall*> many;
  for (int i = 0; i < 50; ++i) many.push_back(&get(target.url("/slow")));
  for (OneCall* call : many) EXPECT_EQ(call->code(), "");
  EXPECT_EQ(target.seen.size(), 70u);
}

}  // namespace
}  // namespace pawl::tools
