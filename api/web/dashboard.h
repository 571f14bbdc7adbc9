// Answers /ui and /ui/* with the dashboard and hands every other request on. It stands before the gate
// because these files are the same for everybody: they need no credential and are no part of the API
// document.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "common/http/exchange.h"

namespace pawl::web {

/// What the browser may do with the dashboard (security.md, Dashboard).
inline constexpr std::string_view kContentSecurityPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'self'";

/// The answer to `head` when its path is the dashboard's. Errors: 404 and 405 in the API's envelope. Pure.
/// GET and HEAD only; /ui is sent to /ui/; If-None-Match with the file's ETag gives 304.
class Dashboard final : public http::Application {
 public:
  /// `next` outlives it.
  explicit Dashboard(http::Application& next);

  void on_head(const http::ExchangePtr& exchange) override;
  void on_request(const http::ExchangePtr& exchange) override { next_.on_request(exchange); }
  http::Response on_bad_request(int status, std::string_view code, std::string_view message) override {
    return next_.on_bad_request(status, code, message);
  }

  /// Is the path /ui or below it?
  [[nodiscard]] static bool owns(std::string_view path);
  [[nodiscard]] http::Response answer(const http::RequestHead& head) const;

 private:
  struct File {
    std::string_view content_type;
    std::string_view text;
    std::string etag;
  };

  http::Application& next_;
  std::map<std::string, File, std::less<>> files_;
};

}  // namespace pawl::web
