#include "worker/tools/http/response.h"

#include <algorithm>
#include <cerrno>

#include "common/base/bytes.h"
#include "common/json/parse.h"
#include "common/model/catalogue.h"
#include "worker/core/resilience/backoff.h"
#include "worker/tools/http/limits.h"

namespace pawl::tools {
namespace {

json::Value headers_object(const HttpResponse& response) {
  json::Object out;
  for (const auto& [name, value] : response.headers) {
    const json::Value* before = out.find(name);
    out.set(name, before == nullptr ? value : before->as_string() + ", " + value);
  }
  return out;
}

bool is_json(const HttpResponse& response) {
  std::string type(response.header("content-type").substr(0, response.header("content-type").find(';')));
  while (!type.empty() && type.back() == ' ') type.pop_back();
  std::ranges::transform(type, type.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return type == "application/json" || type == "text/json" || type.ends_with("+json");
}

/// NUL can't be kept in a JSON text of Postgres, so what has one is binary.
bool is_text(std::string_view body) { return body.find('\0') == body.npos && is_valid_utf8(body); }

Result<json::Value> parse_body(const HttpRequest& request, const HttpResponse& response) {
  const std::string& body = response.body;
  switch (request.parse) {
    case BodyParsing::kBase64: return json::Value(to_base64(body));
    case BodyParsing::kText:
      if (!is_text(body)) return fail(ErrorKind::kInvalid, "invalid_response", "the body is not UTF-8 text");
      return json::Value(body);
    case BodyParsing::kJson: return json::parse(body);
    case BodyParsing::kAuto: break;
  }
  if (is_json(response) && !body.empty())
    if (auto value = json::parse(body)) return value;
  return is_text(body) ? json::Value(body) : json::Value(to_base64(body));
}

/// The beginning of a refused answer, for the person who reads the failure.
std::string excerpt(std::string_view body) {
  std::string_view cut = body.substr(0, kMaxDetailBytes);
  for (int trims = 0; trims < 4 && !cut.empty() && !is_text(cut); ++trims)
    cut.remove_suffix(1);  // a cut character
  return is_text(cut) ? std::string(cut) : "";
}

Failure status_failure(const HttpResponse& response, WallTime now) {
  const int status = response.status;
  Failure failure =
      make_failure("http_" + std::to_string(status), "the target answered " + std::to_string(status));
  json::Object details{{"status", status}};
  if (const std::string body = excerpt(response.body); !body.empty()) details.set("body", body);
  failure.details = std::move(details);
  failure.retry_after = resilience::parse_retry_after(response.header("retry-after"), now);
  return failure;
}

}  // namespace

std::string_view HttpResponse::header(std::string_view name) const {
  for (const auto& [own, value] : headers)
    if (own == name) return value;
  return "";
}

bool is_accepted(const HttpRequest& request, int status) {
  if (!request.accept_status.empty())
    return std::ranges::find(request.accept_status, status) != request.accept_status.end();
  return status >= 200 && status < 400;
}

tl::expected<json::Value, Failure> read_response(const HttpRequest& request, const HttpResponse& response,
                                                 Millis duration, WallTime now) {
  if (!is_accepted(request, response.status)) return tl::unexpected(status_failure(response, now));
  auto body = parse_body(request, response);
  if (!body) {
    Failure failure =
        make_failure("invalid_response", "the body can't be read as `parse` asks: " + body.error().message);
    failure.details = json::Object{{"status", response.status}, {"body", excerpt(response.body)}};
    return tl::unexpected(std::move(failure));
  }
  return json::Value(json::Object{{"status", response.status},
                                  {"headers", headers_object(response)},
                                  {"body", std::move(*body)},
                                  {"duration_ms", duration.count()}});
}

Failure transfer_failure(CURLcode code, long os_error, const std::string& endpoint, bool was_sent) {
  const auto make = [&](std::string_view name, const std::string& message) {
    Failure failure = make_failure(name, message + " (" + endpoint + ")");
    failure.sent = was_sent;
    return failure;
  };
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST: return make("dns_failed", "the name can't be resolved");
    case CURLE_COULDNT_CONNECT:
      if (os_error == 0 || os_error == ECONNREFUSED)
        return make("connection_refused", "the connection was refused");
      return make("host_unreachable", "the target can't be reached");
    case CURLE_OPERATION_TIMEDOUT: return make("timeout", "the target did not answer in time");
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_ISSUER_ERROR:
      return make("tls_failed", std::string("the TLS handshake failed: ") + curl_easy_strerror(code));
    case CURLE_FILESIZE_EXCEEDED: return make("response_too_large", "the answer is larger than `max_bytes`");
    case CURLE_BAD_CONTENT_ENCODING:
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_HTTP2:
      return make("invalid_response",
                  std::string("the answer is no valid HTTP: ") + curl_easy_strerror(code));
    default:
      return make("connection_reset", std::string("the connection was lost: ") + curl_easy_strerror(code));
  }
}

}  // namespace pawl::tools
