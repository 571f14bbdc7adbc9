// The address of a broker: amqp(s)://user:password@host:port/vhost. Strict: what is not understood is
// refused.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/result.h"

namespace pawl::broker {

struct AmqpUrl {
  bool use_tls = false;
  std::string user;
  std::string password;
  std::string host;  ///< without the brackets of an IPv6 address
  std::uint16_t port = 0;
  std::string vhost = "/";

  /// For logs: scheme, host, port and vhost; never the credentials.
  [[nodiscard]] std::string redacted() const;
};

/// Parts may be percent-encoded; port defaults to 5672 (5671 with TLS); no path or "/" is the vhost "/".
/// User and password are required: there are no default credentials.
/// Errors: kInvalid/bad_amqp_url; kInvalid/default_credentials for guest/guest on a host that is not
/// loopback. No message repeats the password.
Result<AmqpUrl> parse_amqp_url(std::string_view text);

/// True for localhost, 127.0.0.0/8 and ::1.
bool is_loopback_host(std::string_view host);

}  // namespace pawl::broker
