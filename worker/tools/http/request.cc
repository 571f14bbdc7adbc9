#include "worker/tools/http/request.h"

#include <algorithm>
#include <array>

#include "common/base/bytes.h"
#include "common/http/request.h"
#include "common/http/url.h"
#include "common/json/write.h"
#include "worker/tools/http/limits.h"
#include "worker/tools/parameters.h"

namespace pawl::tools {
namespace {

/// Set by the connection or by us; a plan that sets them could split requests or forge an identity.
constexpr std::array<std::string_view, 10> kOwnHeaders{
    "host", "content-length", "transfer-encoding", "connection", "upgrade", "expect",
    "te",   "trailer",        "keep-alive",        "traceparent"};

bool is_token(std::string_view text) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::ranges::all_of(text, [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           kMarks.find(c) != kMarks.npos;
  });
}

bool is_header_value(std::string_view text) {
  return std::ranges::none_of(
      text, [](char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f; });
}

bool is_own_header(std::string_view name) {
  constexpr std::string_view kPrefixes[] = {"x-pawl-", "proxy-"};
  for (const std::string_view prefix : kPrefixes)
    if (http::equals_ignoring_case(name.substr(0, prefix.size()), prefix)) return true;
  return std::ranges::any_of(kOwnHeaders,
                             [&](std::string_view own) { return http::equals_ignoring_case(name, own); });
}

/// A scalar as query strings and headers have it; nullopt for containers.
std::optional<std::string> scalar_text(const json::Value& value) {
  if (value.is_string()) return value.as_string();
  if (value.is_number() || value.is_bool()) return json::write(value);
  return std::nullopt;
}

void read_url(Parameters& in, const egress::Policy& policy, HttpRequest& out) {
  in.require("url");
  const auto text = in.text("url");
  if (!text) return;
  auto url = policy.check(*text);
  if (url)
    out.url = std::move(*url);
  else
    in.fault("url", url.error().code, url.error().message);
}

void read_headers(Parameters& in, HttpRequest& out) {
  const json::Object* headers = in.object("headers");
  if (headers == nullptr) return;
  for (const auto& [name, value] : *headers) {
    const std::string pointer = json::pointer_join("/headers", name);
    if (is_unrendered(value)) continue;
    const auto text = scalar_text(value);
    if (!is_token(name))
      in.fault_at(pointer, "invalid_value", "is no header name");
    else if (is_own_header(name))
      in.fault_at(pointer, "invalid_value", "is set by Pawl");
    else if (!text || !is_header_value(*text))
      in.fault_at(pointer, "invalid_value", "must be text without control characters");
    else
      out.headers.emplace_back(name, *text);
  }
}

void read_query(Parameters& in, HttpRequest& out) {
  const json::Object* query = in.object("query");
  if (query == nullptr) return;
  std::string added;
  const auto add = [&added](std::string_view name, std::string_view value) {
    added += (added.empty() ? "" : "&") + http::percent_encode(name) + "=" + http::percent_encode(value);
  };
  for (const auto& [name, value] : *query) {
    const std::string pointer = json::pointer_join("/query", name);
    const json::Array single{value};
    for (const json::Value& item : value.is_array() ? value.as_array() : single) {
      if (is_unrendered(item) || item.is_null()) continue;
      if (const auto text = scalar_text(item))
        add(name, *text);
      else
        in.fault_at(pointer, "invalid_type", "must be a string, a number, a boolean or a list of these");
    }
  }
  if (added.empty()) return;
  const bool has_query = out.url.target.find('?') != std::string::npos;
  out.url.target += (has_query ? "&" : "?") + added;
}

void read_auth(Parameters& in, HttpRequest& out) {
  const json::Object* auth = in.object("auth");
  if (auth == nullptr) return;
  const bool has_one = auth->size() == 1 && (auth->contains("bearer") || auth->contains("basic"));
  if (!has_one) return in.fault("auth", "invalid_value", "must have one member, bearer or basic");
  const auto& [kind, secret] = *auth->begin();
  if (is_unrendered(secret)) return;
  if (!secret.is_string() || !is_header_value(secret.as_string()))
    return in.fault_at("/auth/" + kind, "invalid_value", "must be text without control characters");
  out.authorization =
      kind == "bearer" ? "Bearer " + secret.as_string() : "Basic " + to_base64(secret.as_string());
}

void read_body(Parameters& in, HttpRequest& out) {
  const json::Value* body = in.known("body");
  if (body == nullptr) return;
  if (body->is_string()) {
    out.body = body->as_string();
    out.body_type = "text/plain; charset=utf-8";
  } else if (body->is_object() || body->is_array()) {
    out.body = json::write(*body);
    out.body_type = "application/json";
  } else {
    in.fault("body", "invalid_type", "must be an object, a list or a string");
  }
}

}  // namespace

HttpRequest read_http_request(const json::Value& with, const egress::Policy& policy,
                              std::vector<Fault>& faults) {
  Parameters in(with);
  HttpRequest out;
  in.allow_only(
      {"method", "url", "headers", "query", "body", "auth", "accept_status", "parse", "max_bytes", "follow"});
  out.method =
      in.choice("method", {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}).value_or("GET");
  read_url(in, policy, out);
  read_headers(in, out);
  read_query(in, out);
  read_auth(in, out);
  read_body(in, out);
  out.accept_status = in.integers("accept_status", 100, 599);
  const std::string parse = in.choice("parse", {"auto", "json", "text", "base64"}).value_or("auto");
  out.parse = parse == "json"   ? BodyParsing::kJson
              : parse == "text" ? BodyParsing::kText
              : parse == "auto" ? BodyParsing::kAuto
                                : BodyParsing::kBase64;
  out.max_bytes = in.integer("max_bytes", 0, kHighestMaxBytes).value_or(kDefaultMaxBytes);
  out.follow = static_cast<int>(in.integer("follow", 0, kMaxFollow).value_or(0));
  faults = in.take_faults();
  return out;
}

}  // namespace pawl::tools
