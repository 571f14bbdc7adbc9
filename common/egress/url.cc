#include "common/egress/url.h"

#include <algorithm>
#include <charconv>

namespace pawl::egress {
namespace {

constexpr std::size_t kMaxUrlLength = 8192;  // as for our own requests (http-api.md §9)

auto invalid(std::string message) { return fail(ErrorKind::kInvalid, "invalid_url", std::move(message)); }

bool has_forbidden_byte(std::string_view text) {
  constexpr std::string_view kForbidden = "\\\"<>^`{|}";
  return std::ranges::any_of(
      text, [&](char c) { return c <= ' ' || c >= 0x7f || kForbidden.find(c) != kForbidden.npos; });
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return out;
}

/// "scheme:" at the front, as RFC 3986 has it; empty when there is none.
std::string_view scheme_of(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || colon == 0) return {};
  const std::string_view scheme = text.substr(0, colon);
  const bool is_scheme = std::ranges::all_of(scheme, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' ||
           c == '-' || c == '.';
  });
  const bool starts_with_letter = (scheme[0] | 0x20) >= 'a' && (scheme[0] | 0x20) <= 'z';
  return is_scheme && starts_with_letter ? scheme : std::string_view{};
}

Result<std::uint16_t> read_port(std::string_view text) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value == 0 || value > 65535)
    return invalid("the port of the URL is no port");
  return static_cast<std::uint16_t>(value);
}

/// "host[:port]" into `url`.
Result<void> read_authority(std::string_view authority, Url& url) {
  if (authority.find('@') != std::string_view::npos)
    return fail(ErrorKind::kPermission, "policy_denied", "credentials do not belong in a URL; use `auth`");
  std::string_view host = authority;
  std::string_view port;
  const std::size_t bracket = authority.rfind(']');
  const std::size_t colon = authority.find(':', bracket == std::string_view::npos ? 0 : bracket);
  if (colon != std::string_view::npos) {
    host = authority.substr(0, colon);
    port = authority.substr(colon + 1);
    url.port = TRY(read_port(port));
  }
  url.host = parse_host(host);
  if (url.host.kind == Host::Kind::kMalformed)
    return invalid("the host of the URL is neither a name nor an address");
  return {};
}

}  // namespace

std::string Url::endpoint() const {
  const bool is_v6 = host.kind == Host::Kind::kAddress && host.address.is_v6;
  return (is_v6 ? "[" + host.name + "]" : host.name) + ":" + std::to_string(port);
}

std::string Url::to_string() const {
  std::string out = is_https ? "https://" : "http://";
  std::string authority = endpoint();
  if (port == (is_https ? 443 : 80)) authority.resize(authority.rfind(':'));
  return out + authority + target;
}

bool Url::has_origin_of(const Url& other) const {
  return is_https == other.is_https && host.name == other.host.name && port == other.port;
}

Result<Url> parse_url(std::string_view text) {
  if (text.size() > kMaxUrlLength) return invalid("the URL is longer than 8 KiB");
  if (has_forbidden_byte(text)) return invalid("the URL has a character that must be percent-encoded");
  const std::string scheme = lower(scheme_of(text));
  if (scheme.empty()) return invalid("the URL is not absolute");
  if (scheme != "http" && scheme != "https")
    return fail(ErrorKind::kPermission, "policy_denied", "only http and https are allowed, not " + scheme);
  std::string_view rest = text.substr(scheme.size() + 1);
  if (!rest.starts_with("//")) return invalid("the URL has no host");
  rest.remove_prefix(2);
  Url url;
  url.is_https = scheme == "https";
  url.port = url.is_https ? 443 : 80;
  const std::size_t end = std::min(rest.find_first_of("/?#"), rest.size());
  TRY(read_authority(rest.substr(0, end), url));
  rest.remove_prefix(end);
  rest = rest.substr(0, rest.find('#'));
  url.target = rest.starts_with('/') ? std::string(rest) : "/" + std::string(rest);
  return url;
}

Result<Url> resolve_reference(const Url& base, std::string_view reference) {
  if (!scheme_of(reference).empty()) return parse_url(reference);
  if (reference.starts_with("//"))
    return parse_url((base.is_https ? "https:" : "http:") + std::string(reference));
  if (has_forbidden_byte(reference))
    return invalid("the redirect has a character that must be percent-encoded");
  Url out = base;
  reference = reference.substr(0, reference.find('#'));
  const std::string path = base.target.substr(0, base.target.find('?'));
  if (reference.empty()) return out;
  if (reference.starts_with('/'))
    out.target = reference;
  else if (reference.starts_with('?'))
    out.target = path + std::string(reference);
  else
    out.target = path.substr(0, path.rfind('/') + 1) + std::string(reference);
  if (out.target.size() > kMaxUrlLength) return invalid("the redirect is longer than 8 KiB");
  return out;
}

}  // namespace pawl::egress
