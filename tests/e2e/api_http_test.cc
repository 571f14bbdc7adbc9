// The API as an HTTP server: malformed requests, limits, methods, request ids, pipelining, slow clients. What
// is sent here byte by byte is answered as http-api.md §1 and §9 and security.md §2 say.
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>

#include "tests/e2e/support/stack.h"

namespace pawl::testing {
namespace {

using namespace std::chrono_literals;

class ApiHttp : public ::testing::Test {
 protected:
  Stack& stack = Stack::shared();
  Client client = stack.client();
  std::uint16_t port = stack.api().port();

  HttpAnswer raw(std::string_view bytes, std::chrono::milliseconds longest = 5s) {
    RawConnection connection(port);
    connection.send(bytes);
    return connection.read(longest);
  }
  /// A GET of the list of tasks with further header lines.
  HttpAnswer with_headers(std::string_view lines, std::string_view target = "/api/v0/tasks") {
    return raw("GET " + std::string(target) + " HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer " +
               stack.admin_key() + "\r\n" + std::string(lines) + "\r\n");
  }
};

TEST_F(ApiHttp, RequestsThatAreNotHttpAreRefusedAndTheConnectionEnds) {
  const std::string bad[] = {
      "GARBAGE\r\n\r\n",
      "GET /api/v0/tasks HTTP/1.1\r\n\r\n",  // no Host
      "GET /api/v0/tasks HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
      "GET /api/v0/tasks HTTP/1.1\r\nHost : a\r\n\r\n",                 // space before the colon
      "GET /api/v0/tasks HTTP/1.1\nHost: a\n\n",                        // bare LF
      "GET /api/v0/tasks HTTP/1.1\r\nHost: a\r\nX-A: b\r\n c\r\n\r\n",  // obs-fold
      "GET /api/v0/tasks HTTP/1.1\r\nHost: a\r\nX-A: b\rc\r\n\r\n",     // bare CR
      "POST /api/v0/executions HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nTransfer-Encoding: "
      "chunked\r\n\r\n{}",
      "POST /api/v0/executions HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nTransfer-Encoding: \r\n\r\n{}",
      "POST /api/v0/executions HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
      "POST /api/v0/executions HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
      "POST /api/v0/executions HTTP/1.1\r\nHost: a\r\nContent-Length: +2\r\n\r\n{}",
      "POST /api/v0/executions HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
      "POST /api/v0/executions HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: "
      "chunked\r\n\r\n0\r\n\r\n",
      "GET /api/v0/tasks HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer a\r\nAuthorization: Bearer b\r\n\r\n",
      "POST /api/v0/executions HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Type: "
      "text/plain\r\nContent-Length: 2\r\n\r\n{}",
  };
  for (const std::string& bytes : bad) {
    RawConnection connection(port);
    connection.send(bytes);
    const HttpAnswer answer = connection.read(5s);
    EXPECT_EQ(answer.status, 400) << bytes;
    EXPECT_EQ(answer.code(), "bad_request") << bytes;
    EXPECT_TRUE(answer.has_header("x-request-id")) << bytes;
    EXPECT_TRUE(connection.closes_within(3s)) << bytes;
  }
}

TEST_F(ApiHttp, VersionsAndCodingsThatAreNotServedAreNamed) {
  EXPECT_EQ(raw("GET /api/v0/tasks HTTP/2.0\r\nHost: a\r\n\r\n").status, 505);
  const HttpAnswer gzip =
      raw("POST /api/v0/executions HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n");
  EXPECT_EQ(gzip.status, 501);
  EXPECT_EQ(gzip.code(), "not_implemented");
  const HttpAnswer expect = with_headers("Expect: something\r\nContent-Length: 2\r\n");
  EXPECT_EQ(expect.status, 417);
}

TEST_F(ApiHttp, LongUrlsAndManyHeadersAreRefused) {
  const HttpAnswer uri = with_headers("", "/api/v0/tasks?q=" + std::string(9 * 1024, 'a'));
  EXPECT_EQ(uri.status, 414);
  EXPECT_EQ(uri.code(), "uri_too_long");
  std::string many;
  for (int i = 0; i < 99; ++i) many += "X-H" + std::to_string(i) + ": 1\r\n";
  const HttpAnswer headers = with_headers(many);  // with Host and Authorization 101
  EXPECT_EQ(headers.status, 431);
  EXPECT_EQ(headers.code(), "headers_too_large");
  EXPECT_EQ(with_headers("X-Big: " + std::string(17 * 1024, 'a') + "\r\n").status, 431);
  // Just inside each bound.
  EXPECT_EQ(with_headers("", "/api/v0/tasks?q=" + std::string(7 * 1024, 'a')).status, 200);
  EXPECT_EQ(with_headers(many.substr(many.find('\n') + 1)).status, 200);
  EXPECT_EQ(with_headers("X-Big: " + std::string(15 * 1024, 'a') + "\r\n").status, 200);
}

TEST_F(ApiHttp, TrailersCountTowardsTheLimits) {
  const std::string head =
      "POST /api/v0/executions HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer " + stack.admin_key() +
      "\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n";
  EXPECT_EQ(raw(head + "X-Trailer: 1\r\n\r\n").status, 422);  // read whole: {} has no plan
  EXPECT_EQ(raw(head + "X-Trailer: " + std::string(17 * 1024, 'a') + "\r\n\r\n").status, 431);
  std::string many;
  for (int i = 0; i < 101; ++i) many += "X-T" + std::to_string(i) + ": 1\r\n";
  EXPECT_EQ(raw(head + many + "\r\n").status, 431);
}

TEST_F(ApiHttp, MethodsThatAPathDoesNotServeAreTold) {
  for (const std::string method : {"TRACE", "PATCH", "OPTIONS", "PUT", "DELETE"}) {
    const HttpAnswer answer = client.request(method, "/api/v0/executions");
    EXPECT_EQ(answer.status, 405) << method;
    EXPECT_EQ(answer.code(), "method_not_allowed") << method;
    EXPECT_NE(answer.header("allow").find("GET"), std::string::npos) << method;
    EXPECT_NE(answer.header("allow").find("POST"), std::string::npos) << method;
  }
  const std::string rest = " HTTP/1.1\r\nHost: a\r\n\r\n";
  for (const std::string target : {"127.0.0.1:80", "/api/v0/tasks", "example.org:443"}) {
    const HttpAnswer answer = raw("CONNECT " + target + rest);
    EXPECT_EQ(answer.status, 405) << target;
    EXPECT_TRUE(answer.has_header("allow")) << target;
  }
  EXPECT_EQ(client.request("PATCH", "/api/v0/nowhere").status, 404);  // 405 only for paths that exist
}

TEST_F(ApiHttp, HeadAnswersAsGetWithoutABody) {
  const HttpAnswer get = client.get("/api/v0/tools");
  RawConnection connection(port);
  const std::string request =
      " /api/v0/tools HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer " + stack.admin_key() + "\r\n\r\n";
  connection.send("HEAD" + request + "GET" + request);
  const HttpAnswer head = connection.read(5s, true);
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.header("content-length"), std::to_string(get.body.size()));
  EXPECT_EQ(connection.read(5s).status, 200);  // and the connection is still in step
  EXPECT_EQ(client.request("HEAD", "/api/v0/executions/cancel/x/y").status, 404);
}

TEST_F(ApiHttp, PipelinedRequestsAreAnsweredInOrder) {
  RawConnection connection(port);
  std::string all;
  for (int i = 0; i < 20; ++i) {
    const std::string target = i % 2 == 0 ? "/api/v0/tools" : "/api/v0/nowhere";
    all += "GET " + target + " HTTP/1.1\r\nHost: a\r\nX-Request-Id: r" + std::to_string(i) +
           "\r\nAuthorization: Bearer " + stack.admin_key() + "\r\n\r\n";
  }
  connection.send(all);
  for (int i = 0; i < 20; ++i) {
    const HttpAnswer answer = connection.read(5s);
    EXPECT_EQ(answer.status, i % 2 == 0 ? 200 : 404);
    EXPECT_EQ(answer.header("x-request-id"), "r" + std::to_string(i));
  }
}

TEST_F(ApiHttp, TwoPipelinedPostsAreBothStored) {
  RawConnection connection(port);
  const std::string body = R"({"plan":)" + std::string(kEchoPlan) + "}";
  const std::string request =
      "POST /api/v0/executions HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nAuthorization: "
      "Bearer " +
      stack.admin_key() + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  connection.send(request + request);
  const HttpAnswer first = connection.read(5s), second = connection.read(5s);
  EXPECT_EQ(first.status, 202);
  EXPECT_EQ(second.status, 202);
  EXPECT_NE(first.text("exec_id"), second.text("exec_id"));
}

TEST_F(ApiHttp, TheClientsRequestIdComesBackWhenItIsSane) {
  EXPECT_EQ(client.get("/api/v0/tools", {{"X-Request-Id", "my-id_1.2:3"}}).header("x-request-id"),
            "my-id_1.2:3");
  EXPECT_EQ(client.get("/api/v0/nowhere", {{"X-Request-Id", "lost"}}).header("x-request-id"), "lost");
  EXPECT_EQ(Client(port, "").get("/api/v0/tools", {{"X-Request-Id", "anon"}}).header("x-request-id"), "anon");
  for (const std::string& bad :
       {std::string(129, 'a'), std::string("a b"), std::string("a\"b"), std::string("{}")}) {
    const HttpAnswer answer = client.get("/api/v0/tools", {{"X-Request-Id", bad}});
    EXPECT_EQ(answer.status, 200);
    EXPECT_NE(answer.header("x-request-id"), bad);
    EXPECT_FALSE(answer.header("x-request-id").empty());
  }
  // Also where the request was refused before a route was looked for.
  const HttpAnswer early =
      with_headers("X-Request-Id: early\r\nX-Big: " + std::string(17 * 1024, 'a') + "\r\n");
  EXPECT_EQ(early.status, 431);
  EXPECT_EQ(early.header("x-request-id"), "early");
}

TEST_F(ApiHttp, BodiesOverOneMebibyteAreRefusedEarly) {
  const std::string body =
      R"({"plan":{"steps":[]},"with":{"a":")" + std::string((1 << 20) - 36, 'a') + "\"}}";
  ASSERT_EQ(body.size(), (1u << 20) + 1);
  const HttpAnswer answer = client.post("/api/v0/executions", body);
  EXPECT_EQ(answer.status, 413);
  EXPECT_EQ(answer.code(), "payload_too_large");
  const std::string head =
      "POST /api/v0/executions HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nAuthorization: "
      "Bearer " +
      stack.admin_key() + "\r\n";
  RawConnection huge(port);
  huge.send(head + "Content-Length: 10000000000\r\n\r\n{\"plan\":");
  EXPECT_EQ(huge.read(2s).status, 413);
  EXPECT_TRUE(huge.closes_within(5s));
  RawConnection endless(port);
  endless.send(head + "Transfer-Encoding: chunked\r\n\r\n");
  const std::string chunk = "10000\r\n" + std::string(0x10000, 'a') + "\r\n";
  bool cut = false;
  for (int i = 0; i < 4000 && !cut; ++i) cut = !endless.send(chunk);
  EXPECT_TRUE(cut || endless.closes_within(3s));
}

TEST_F(ApiHttp, ExpectContinueIsAnsweredBeforeTheBody) {
  const std::string body = R"({"plan":)" + std::string(kEchoPlan) + "}";
  const std::string head =
      "POST /api/v0/executions HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nExpect: "
      "100-continue\r\n";
  const std::string key = "Authorization: Bearer " + stack.admin_key() + "\r\n";
  RawConnection connection(port);
  connection.send(head + key + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n");
  EXPECT_EQ(connection.read(5s).status, 100);
  connection.send(body);
  EXPECT_EQ(connection.read(5s).status, 202);
  RawConnection refused(port);  // without a credential nothing is asked for
  refused.send(head + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n");
  EXPECT_EQ(refused.read(5s).status, 401);
}

TEST_F(ApiHttp, SlowClientsAreCutAndOthersAreNotHeldUp) {
  std::vector<std::unique_ptr<RawConnection>> slow;
  for (int i = 0; i < 2000; ++i) {
    slow.push_back(std::make_unique<RawConnection>(port));
    ASSERT_TRUE(slow.back()->connected());
    slow.back()->send("GET /api/v0/tools HTTP/1.1\r\nHost: a\r\nX-Sl");
  }
  const auto begun = std::chrono::steady_clock::now();
  for (int i = 0; i < 50; ++i) EXPECT_EQ(client.get("/api/v0/tools").status, 200);
  RawConnection body(port);
  body.send(
      "POST /api/v0/executions HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: "
      "1000\r\nAuthorization: Bearer " +
      stack.admin_key() + "\r\n\r\n{");
  const HttpAnswer first = slow.front()->read(11s);
  EXPECT_EQ(first.status, 408);
  EXPECT_EQ(first.code(), "request_too_slow");
  EXPECT_TRUE(first.has_header("x-request-id"));
  for (const auto& connection : slow) ASSERT_TRUE(connection->closes_within(3s));
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 14s);
  const HttpAnswer late = body.read(6s);
  EXPECT_EQ(late.status, 408);
  EXPECT_EQ(client.get("/api/v0/tools").status, 200);
}

TEST_F(ApiHttp, AClientThatHangsUpStopsNothing) {
  const std::string body = R"({"plan":)" + busy_plan(300) + R"(,"labels":{"hang":"up"}})";
  {
    RawConnection connection(port);
    connection.send(
        "POST /api/v0/executions HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nAuthorization: "
        "Bearer " +
        stack.admin_key() + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
    std::this_thread::sleep_for(200ms);
  }
  const HttpAnswer list = client.get("/api/v0/executions?label.hang=up");
  ASSERT_EQ(list.data("items").as_array().size(), 1u) << list.body;
  EXPECT_EQ(member(client.wait_end(list.text("items.0.exec_id")), "status").as_string(), "completed");
}

}  // namespace
}  // namespace pawl::testing
