#include "api/web/dashboard.h"

#include <utility>

#include "api/web/assets.h"
#include "common/base/bytes.h"
#include "common/http/answer.h"

namespace pawl::web {
namespace {

constexpr std::string_view kRoot = "/ui";

/// Does the list of If-None-Match name `etag`? Weak and strong compare alike for a GET (RFC 9110 §13.1.2).
bool names(std::string_view list, std::string_view etag) {
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    std::string_view item = list.substr(0, comma);
    list = comma == std::string_view::npos ? std::string_view{} : list.substr(comma + 1);
    while (!item.empty() && item.front() == ' ') item.remove_prefix(1);
    while (!item.empty() && item.back() == ' ') item.remove_suffix(1);
    if (item.starts_with("W/")) item.remove_prefix(2);
    if (item == "*" || item == etag) return true;
  }
  return false;
}

void protect(http::Response& response) {
  response.header("Content-Security-Policy", std::string(kContentSecurityPolicy))
      .header("X-Content-Type-Options", "nosniff")
      .header("Referrer-Policy", "no-referrer");
}

}  // namespace

Dashboard::Dashboard(http::Application& next) : next_(next) {
  for (const Asset& asset : assets()) {
    const std::string_view text = asset.text();
    // Half of the hash tells versions apart and keeps the header short.
    files_[std::string(asset.name)] =
        File{asset.content_type, text, "\"" + to_hex(sha256(text)).substr(0, 32) + "\""};
  }
}

bool Dashboard::owns(std::string_view path) {
  return path.starts_with(kRoot) && (path.size() == kRoot.size() || path[kRoot.size()] == '/');
}

http::Response Dashboard::answer(const http::RequestHead& head) const {
  http::Response response;
  const http::ErrorStyle style = http::error_style(head);
  const std::string_view path = head.path();
  if (head.method != http::Method::kGet && head.method != http::Method::kHead) {
    response =
        http::failure({ErrorKind::kInvalid, "method_not_allowed", "this path serves GET, HEAD"}, style);
    response.header("Allow", "GET, HEAD");
  } else if (path == kRoot) {
    response = http::Response{.status = 308};
    response.header("Location", "/ui/").header("Cache-Control", "no-cache");
  } else {
    const std::string_view name = path.substr(kRoot.size() + 1);
    const auto found = files_.find(name.empty() ? std::string_view("index.html") : name);
    if (found == files_.end()) {
      response = http::failure({ErrorKind::kNotFound, "not_found", "the dashboard has no such file"}, style);
    } else {
      const auto& [content_type, text, etag] = found->second;
      const auto known = head.headers.get("if-none-match");
      const bool unchanged = known && names(*known, etag);
      response.status = unchanged ? 304 : 200;
      response.content_type = content_type;
      if (!unchanged) response.body = text;
      // Asked for again each time, and then mostly answered by 304: a new version is seen at once.
      response.header("ETag", etag).header("Cache-Control", "no-cache");
    }
  }
  protect(response);
  return response;
}

void Dashboard::on_head(const http::ExchangePtr& exchange) {
  if (!owns(exchange->head().path())) return next_.on_head(exchange);
  exchange->respond(answer(exchange->head()));
}

}  // namespace pawl::web
