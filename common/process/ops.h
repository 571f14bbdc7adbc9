// The operations port of every program: /livez, /readyz, /metrics. Whatever else a program serves there (the
// API's /admin) is asked next.
#pragma once

#include <functional>
#include <string>

#include "common/http/exchange.h"
#include "common/json/value.h"
#include "common/metrics/metrics.h"

namespace pawl::process {

struct Readiness {
  bool ready = false;      ///< false: 503
  json::Value parts = {};  ///< {"postgres":"ok","broker":"degraded: …"}
};

class OpsApplication final : public http::Application {
 public:
  /// `ops_token` "" = open (the port is not for the public). `next` may be null; it outlives this.
  OpsApplication(Metrics& metrics, std::function<Readiness()> readiness, std::string ops_token,
                 http::Application* next)
      : metrics_(metrics), readiness_(std::move(readiness)), ops_token_(std::move(ops_token)), next_(next) {}

  void on_head(const http::ExchangePtr& exchange) override;
  void on_request(const http::ExchangePtr& exchange) override;
  http::Response on_bad_request(int status, std::string_view code, std::string_view message) override;

 private:
  [[nodiscard]] bool is_ours(std::string_view path) const;
  [[nodiscard]] bool is_let_in(const http::RequestHead& head) const;
  [[nodiscard]] http::Response answer(std::string_view path) const;

  Metrics& metrics_;
  std::function<Readiness()> readiness_;
  std::string ops_token_;
  http::Application* next_;
};

}  // namespace pawl::process
