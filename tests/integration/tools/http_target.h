// A real HTTP server for the http tool to call, answering by path and keeping what it was sent.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/base/rng.h"
#include "common/http/server.h"
#include "common/loop/loop.h"
#include "common/loop/timer.h"

namespace pawl::tools {

class HttpTarget final : public http::Application {
 public:
  explicit HttpTarget(Loop& loop);

  [[nodiscard]] std::uint16_t port() const { return port_; }
  /// "http://127.0.0.1:<port>" + path.
  [[nodiscard]] std::string url(const std::string& path, const std::string& host = "127.0.0.1") const;
  /// Stops and closes all connections.
  void stop();

  struct Seen {
    std::string method;
    std::string target;
    std::map<std::string, std::string> headers;  ///< names in lower case
    std::string body;
  };
  std::vector<Seen> seen;
  int aborted = 0;
  /// What /redirect answers in Location.
  std::string location;
  int redirect_status = 302;

  void on_head(const http::ExchangePtr& exchange) override { exchange->proceed(std::size_t{1} << 20); }
  void on_request(const http::ExchangePtr& exchange) override;
  http::Response on_bad_request(int status, std::string_view, std::string_view) override {
    return {status, "text/plain", "bad"};
  }

 private:
  Loop& loop_;
  SeededRng rng_{1};
  std::deque<Timer> timers_;
  std::unique_ptr<http::Server> server_;
  std::uint16_t port_ = 0;
};

}  // namespace pawl::tools
