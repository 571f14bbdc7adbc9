#include "common/process/ops.h"

#include "common/base/bytes.h"
#include "common/http/answer.h"
#include "common/http/limits.h"
#include "common/json/write.h"

namespace pawl::process {

bool OpsApplication::is_ours(std::string_view path) const {
  return path == "/livez" || path == "/readyz" || path == "/metrics" || next_ == nullptr;
}

bool OpsApplication::is_let_in(const http::RequestHead& head) const {
  // Probes carry no credentials; the numbers may be kept behind a token.
  if (ops_token_.empty() || head.path() != "/metrics") return true;
  const auto given = head.headers.get("authorization");
  return given && constant_time_equal(*given, "Bearer " + ops_token_);
}

void OpsApplication::on_head(const http::ExchangePtr& exchange) {
  const http::RequestHead& head = exchange->head();
  if (!is_ours(head.path())) return next_->on_head(exchange);
  const auto style = http::error_style(head);
  const bool is_read = head.method == http::Method::kGet || head.method == http::Method::kHead;
  const bool is_known = head.path() == "/livez" || head.path() == "/readyz" || head.path() == "/metrics";
  if (!is_known)
    return exchange->respond(
        http::failure({ErrorKind::kNotFound, "not_found", "here are /livez, /readyz and /metrics"}, style));
  if (!is_read)
    return exchange->respond(
        http::failure({ErrorKind::kInvalid, "method_not_allowed", "only GET is served"}, style)
            .header("Allow", "GET, HEAD"));
  if (!is_let_in(head))
    return exchange->respond(
        http::failure({ErrorKind::kPermission, "unauthenticated", "send the ops token"}, style));
  exchange->proceed(http::Limits{}.max_discarded_body);
}

void OpsApplication::on_request(const http::ExchangePtr& exchange) {
  if (!is_ours(exchange->head().path())) return next_->on_request(exchange);
  exchange->respond(answer(exchange->head().path()));
}

http::Response OpsApplication::answer(std::string_view path) const {
  if (path == "/metrics")
    return {
        .status = 200, .content_type = "text/plain; version=0.0.4; charset=utf-8", .body = metrics_.render()};
  if (path == "/livez") return {.status = 200, .body = R"({"status":"alive"})"};
  const Readiness readiness = readiness_();
  json::Object body{{"status", readiness.ready ? "ready" : "unavailable"}};
  if (readiness.parts.is_object()) {
    for (const auto& [name, state] : readiness.parts.as_object()) {
      body.set(name, state);
      if (readiness.ready && state.is_string() && state.as_string().starts_with("degraded"))
        body.set("status", "degraded");
    }
  }
  http::Response response{.status = readiness.ready ? 200 : 503, .body = json::write(std::move(body))};
  if (!readiness.ready) response.header("Retry-After", "1");
  return response;
}

http::Response OpsApplication::on_bad_request(int status, std::string_view code, std::string_view message) {
  const ErrorKind kind = status >= 500 ? ErrorKind::kInternal : ErrorKind::kInvalid;
  return http::failure({kind, std::string(code), std::string(message)}, http::ErrorStyle::kEnvelope);
}

}  // namespace pawl::process
