#include "common/http/answer.h"

#include <array>

#include "common/json/write.h"

namespace pawl::http {
namespace {

struct CodeStatus {
  std::string_view code;
  int status;
};
constexpr auto kCodes = std::to_array<CodeStatus>({
    {"malformed_json", 400},
    {"duplicate_key", 400},
    {"invalid_utf8", 400},
    {"json_too_deep", 400},
    {"bad_request", 400},
    {"idempotency_key_invalid", 400},
    {"invalid_cursor", 400},
    {"unauthenticated", 401},
    {"token_invalid", 401},
    {"token_expired", 401},
    {"key_revoked", 401},
    {"insufficient_scope", 403},
    {"origin_forbidden", 403},
    {"four_eyes_required", 403},
    {"not_found", 404},
    {"method_not_allowed", 405},
    {"not_acceptable", 406},
    {"request_timeout", 408},
    {"request_too_slow", 408},
    {"idempotency_in_progress", 409},
    {"invalid_state", 409},
    {"already_decided", 409},
    {"version_conflict", 409},
    {"approval_expired", 410},
    {"precondition_failed", 412},
    {"payload_too_large", 413},
    {"uri_too_long", 414},
    {"unsupported_media_type", 415},
    {"expectation_failed", 417},
    {"headers_too_large", 431},
    {"validation_failed", 422},
    {"unknown_field", 422},
    {"idempotency_key_reused", 422},
    {"policy_denied", 422},
    {"execution_failed", 424},
    {"upgrade_required", 426},
    {"rate_limited", 429},
    {"too_many_in_flight", 429},
    {"internal", 500},
    {"not_implemented", 501},
    {"unavailable", 503},
    {"overloaded", 503},
    {"http_version_not_supported", 505},
});

int status_of_kind(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kInvalid: return 422;
    case ErrorKind::kNotFound: return 404;
    case ErrorKind::kConflict: return 409;
    case ErrorKind::kPermission: return 403;
    case ErrorKind::kUnavailable:
    case ErrorKind::kOverloaded:
    case ErrorKind::kTimeout: return 503;
    case ErrorKind::kCancelled:
    case ErrorKind::kInternal: return 500;
  }
  return 500;
}

bool is_contract_code(std::string_view code) {
  for (const CodeStatus& entry : kCodes) {
    if (entry.code == code) return true;
  }
  return false;
}

/// Codes of lower layers (SQLSTATEs and the like) never leave the process; the kind's own code does.
std::string_view public_code(const Error& error) {
  if (is_contract_code(error.code)) return error.code;
  switch (error.kind) {
    case ErrorKind::kInvalid: return "validation_failed";
    case ErrorKind::kNotFound: return "not_found";
    case ErrorKind::kConflict: return "invalid_state";
    case ErrorKind::kPermission: return "insufficient_scope";
    case ErrorKind::kUnavailable:
    case ErrorKind::kTimeout: return "unavailable";
    case ErrorKind::kOverloaded: return "overloaded";
    case ErrorKind::kCancelled:
    case ErrorKind::kInternal: return "internal";
  }
  return "internal";
}

std::string public_message(const Error& error, int status) {
  if (status == 500)
    return "something went wrong on our side; try again, and report the request id if it stays";
  if (status == 503 && !is_contract_code(error.code))
    return "a service this needs is away; try again in a moment";
  return error.suggestion.empty() ? error.message : error.message + "; " + error.suggestion;
}

json::Value faults_json(const std::vector<Fault>& faults) {
  json::Array items;
  for (const Fault& fault : faults) {
    items.push_back(
        json::Object{{"pointer", fault.pointer}, {"code", fault.code}, {"message", fault.message}});
  }
  return items;
}

Response render(const Error& error, ErrorStyle style, json::Value details, json::Value data,
                int retry_after_s) {
  const int status = status_of(error.code, error.kind);
  const std::string message = public_message(error, status);
  const std::string_view code = public_code(error);
  Response response;
  response.status = status;
  json::Object body;
  if (style == ErrorStyle::kProblem) {
    response.content_type = "application/problem+json";
    body.set("type", "about:blank")
        .set("title", reason_phrase(status))
        .set("status", status)
        .set("detail", message);
    body.set("code", code);
    if (!details.is_null()) body.set("details", details);
    if (!error.faults.empty()) body.set("errors", faults_json(error.faults));
  } else {
    json::Object inner;
    inner.set("code", code).set("message", message);
    if (!details.is_null()) inner.set("details", details);
    if (!error.faults.empty()) inner.set("errors", faults_json(error.faults));
    body.set("status", status).set("message", reason_phrase(status)).set("error", std::move(inner));
  }
  if (!data.is_null()) body.set("data", data);
  response.body = json::write(std::move(body));
  if (status == 503 || status == 429)
    response.header("Retry-After", std::to_string(retry_after_s > 0 ? retry_after_s : 1));
  if (status == 401) response.header("WWW-Authenticate", "Bearer realm=\"pawl\"");
  if (status == 408 && error.code == "request_too_slow") response.close = true;
  return response;
}

}  // namespace

Response success(int status, std::string_view message, json::Value data) {
  Response response;
  response.status = status;
  response.body =
      json::write(json::Object{{"status", status}, {"message", message}, {"data", std::move(data)}});
  return response;
}

int status_of(std::string_view code, ErrorKind kind) {
  for (const CodeStatus& entry : kCodes) {
    if (entry.code == code) return entry.status;
  }
  return status_of_kind(kind);
}

ErrorStyle error_style(const RequestHead& head) {
  const auto accept = head.headers.get("accept");
  return accept && accept->find("application/problem+json") != std::string_view::npos ? ErrorStyle::kProblem
                                                                                      : ErrorStyle::kEnvelope;
}

Response failure(const Error& error, ErrorStyle style, json::Value details, int retry_after_s) {
  return render(error, style, std::move(details), {}, retry_after_s);
}

Response failure_with_data(const Error& error, ErrorStyle style, json::Value details, json::Value data) {
  return render(error, style, std::move(details), std::move(data), 0);
}

}  // namespace pawl::http
