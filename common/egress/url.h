// The one parser of URLs that leave the machine: absolute http and https, strict, so that no two readers see
// two hosts. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/result.h"
#include "common/egress/address.h"

namespace pawl::egress {

struct Url {
  bool is_https = false;
  Host host;
  std::uint16_t port = 80;
  std::string target = "/";  ///< path and query, as given, without the fragment

  /// With the canonical host, and the port where it is not the scheme's own.
  [[nodiscard]] std::string to_string() const;
  /// "host:port", IPv6 in brackets; what a breaker guards.
  [[nodiscard]] std::string endpoint() const;
  /// Same scheme, host and port: credentials may go along.
  [[nodiscard]] bool has_origin_of(const Url& other) const;
};

/// Errors: kPermission/policy_denied for another scheme and for credentials in the URL; kInvalid/invalid_url
/// for all else: white space, control characters, backslashes, bytes above ASCII, a bad port, a host that is
/// neither name nor address.
Result<Url> parse_url(std::string_view text);

/// The URL that the Location header `reference` names, seen from `base` (RFC 3986 §5.2, dot segments left to
/// the server).
Result<Url> resolve_reference(const Url& base, std::string_view reference);

}  // namespace pawl::egress
