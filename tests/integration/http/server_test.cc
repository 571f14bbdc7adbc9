// The server over real sockets: order, keep-alive, limits, slow clients, streams, graceful stop.
#include "common/http/server.h"

#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <string>

#include "common/http/answer.h"
#include "common/loop/timer.h"

namespace pawl::http {
namespace {

/// Answers by path: /echo the body, /later after 20 ms, /stream in pieces, /deny before the body, /big much.
class SampleApplication final : public Application {
 public:
  explicit SampleApplication(Loop& loop) : loop_(loop) {}

  void on_head(const ExchangePtr& exchange) override {
    if (exchange->head().path() == "/deny")
      return exchange->respond(
          failure({ErrorKind::kPermission, "insufficient_scope", "no"}, ErrorStyle::kEnvelope));
    if (exchange->head().path() == "/decide-later") {
      loop_.post([exchange] { exchange->proceed(100); });
      return;
    }
    exchange->proceed(1000);
  }
  void on_request(const ExchangePtr& exchange) override {
    ++requests;
    const std::string_view path = exchange->head().path();
    exchange->on_abort([this] { ++aborts; });
    if (path == "/never") return;
    if (path == "/later") {
      timers_.emplace_back(loop_).start(Millis{20}, [exchange] {
        exchange->respond({200, "text/plain", "later"});
      });
    } else if (path == "/stream") {
      exchange->begin_stream({200, "text/plain", "one"});
      loop_.post([exchange] {
        exchange->send("two");
        exchange->end_stream();
      });
    } else if (path == "/big") {
      exchange->respond({200, "text/plain", std::string(std::size_t{64} << 20, 'x')});
    } else {
      exchange->respond({200, "text/plain", exchange->body()});
    }
  }
  Response on_bad_request(int status, std::string_view code, std::string_view) override {
    return {status, "text/plain", std::string(code)};
  }

  int requests = 0, aborts = 0;

 private:
  Loop& loop_;
  std::deque<Timer> timers_;
};

class HttpServer : public testing::Test {
 protected:
  void start(Limits limits = {}) {
    server_ = make_server(loop_, rng_, application_, limits);
    port_ = server_->listen({.address = "127.0.0.1"}).value();
  }
  void connect() {
    pending_ = connect_stream(loop_, {.host = "127.0.0.1", .port = port_},
                              [this](Result<std::unique_ptr<Stream>> stream) {
                                client_ = std::move(stream).value();
                                StreamHandler handler;
                                handler.on_data = [this](std::string_view bytes) { received_.append(bytes); };
                                handler.on_drain = [] {};
                                handler.on_close = [this](const Error&) { closed_ = true; };
                                client_->set_handler(std::move(handler));
                              });
    until([this] { return client_ != nullptr; });
  }
  template <typename Fn>
  bool until(Fn condition, Millis longest = Millis{3000}) {
    const auto deadline = std::chrono::steady_clock::now() + longest;
    while (!condition() && std::chrono::steady_clock::now() < deadline) loop_.run_for(Millis{5});
    return condition();
  }
  [[nodiscard]] std::size_t answers() const {
    std::size_t n = 0;
    for (std::size_t at = 0; (at = received_.find("HTTP/1.1 ", at)) != std::string::npos; ++at) ++n;
    return n;
  }
  void TearDown() override {
    client_.reset();
    bool stopped = false;
    server_->stop(Millis{50}, [&] { stopped = true; });
    ASSERT_TRUE(until([&] { return stopped; }));
    server_.reset();
    loop_.run_for(Millis{5});
  }

  Loop loop_;
  SeededRng rng_{1};
  SampleApplication application_{loop_};
  std::unique_ptr<Server> server_;
  std::uint16_t port_ = 0;
  std::unique_ptr<PendingConnect> pending_;
  std::unique_ptr<Stream> client_;
  std::string received_;
  bool closed_ = false;
};

std::string post(std::string_view path, std::string_view body, std::string_view more = "") {
  return "POST " + std::string(path) + " HTTP/1.1\r\nHost: h\r\n" + std::string(more) +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

TEST_F(HttpServer, AnswersPipelinedRequestsInTheirOrder) {
  start();
  connect();
  client_->write(post("/later", "") + post("/echo", "second") + post("/stream", "") +
                 post("/decide-later", "fourth"));
  ASSERT_TRUE(until([&] { return received_.find("fourth") != std::string::npos; }));
  EXPECT_EQ(answers(), 4u);
  EXPECT_LT(received_.find("later"), received_.find("second"));
  EXPECT_LT(received_.find("second"), received_.find("3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"));
  EXPECT_FALSE(closed_);
}

TEST_F(HttpServer, KeepsTheConnectionAfterASmallRefusedBody) {
  start();
  connect();
  client_->write(post("/deny", "dropped") + post("/echo", "kept"));
  ASSERT_TRUE(until([&] { return received_.find("kept") != std::string::npos; }));
  EXPECT_NE(received_.find("403"), std::string::npos);
  EXPECT_EQ(application_.requests, 1);
}

TEST_F(HttpServer, RefusesAHugeBodyEarlyAndCloses) {
  start();
  connect();
  client_->write("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 10000000000\r\n\r\n");
  ASSERT_TRUE(until([&] { return closed_; }));
  EXPECT_NE(received_.find("HTTP/1.1 413"), std::string::npos);
  EXPECT_EQ(application_.requests, 0);
}

TEST_F(HttpServer, ContinuesWhenAsked) {
  start();
  connect();
  client_->write("POST /echo HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  ASSERT_TRUE(until([&] { return received_.find("100 Continue") != std::string::npos; }));
  client_->write("hi");
  ASSERT_TRUE(until([&] { return received_.find("hi") != std::string::npos; }));
}

TEST_F(HttpServer, RefusesOtherExpectations) {
  start();
  connect();
  client_->write(post("/echo", "x", "Expect: miracles\r\n"));
  ASSERT_TRUE(until([&] { return received_.find("417") != std::string::npos; }));
}

TEST_F(HttpServer, CutsSlowHeadersAndSlowBodies) {
  Limits limits;
  limits.header_timeout = Millis{100};
  limits.body_grace = Millis{100};
  limits.sweep_interval = Millis{20};
  start(limits);
  connect();
  client_->write("GET / HT");
  ASSERT_TRUE(until([&] { return closed_ || received_.find("408") != std::string::npos; }));
  EXPECT_NE(received_.find("408"), std::string::npos);
  client_.reset();
  received_.clear();
  connect();
  client_->write("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 900\r\n\r\nabc");
  ASSERT_TRUE(until([&] { return received_.find("408") != std::string::npos; }));
  EXPECT_EQ(server_->stats().slow_clients, 2u);
}

TEST_F(HttpServer, CutsAClientThatReadsNothing) {
  Limits limits;
  limits.write_timeout = Millis{150};
  limits.sweep_interval = Millis{20};
  start(limits);
  connect();
  client_->pause_reading();
  client_->write(post("/big", ""));
  ASSERT_TRUE(until([&] { return server_->stats().slow_clients == 1; }));
  ASSERT_TRUE(until([&] { return server_->stats().open == 0; }));
}

TEST_F(HttpServer, TellsTheApplicationWhenTheClientGoes) {
  start();
  connect();
  client_->write(post("/never", ""));
  ASSERT_TRUE(until([&] { return application_.requests == 1; }));
  client_.reset();
  ASSERT_TRUE(until([&] { return application_.aborts == 1; }));
}

TEST_F(HttpServer, GivesBackASaneRequestIdAndReplacesAnother) {
  start();
  connect();
  client_->write(post("/echo", "a", "X-Request-Id: abc-1\r\n") +
                 post("/echo", "b", "X-Request-Id: a b<\r\n"));
  ASSERT_TRUE(until([&] { return answers() == 2; }));
  EXPECT_NE(received_.find("X-Request-Id: abc-1"), std::string::npos);
  EXPECT_EQ(received_.find("a b<"), std::string::npos);
}

TEST_F(HttpServer, EndsRequestsUnderWayBeforeItStops) {
  start();
  connect();
  client_->write(post("/later", ""));
  ASSERT_TRUE(until([&] { return application_.requests == 1; }));
  bool stopped = false;
  server_->stop(Millis{2000}, [&] { stopped = true; });
  ASSERT_TRUE(until([&] { return stopped; }));
  EXPECT_NE(received_.find("later"), std::string::npos);
}

TEST_F(HttpServer, ServesHeadWithoutABodyAndHttp10WithoutKeepingAlive) {
  start();
  connect();
  client_->write(
      "HEAD /echo HTTP/1.1\r\nHost: h\r\n\r\n"
      "GET /echo HTTP/1.0\r\n\r\n");
  ASSERT_TRUE(until([&] { return closed_; }));
  EXPECT_EQ(answers(), 2u);
}

}  // namespace
}  // namespace pawl::http
