// Who may be contacted from inside: public addresses, and what the operator let through by name, endpoint or
// range. The one rule for http, search, notify, browser and webhooks; decided on the address about to be
// contacted. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"
#include "common/egress/address.h"
#include "common/egress/url.h"

namespace pawl::egress {

class Policy {
 public:
  /// Public addresses only.
  Policy() = default;
  /// `allow`: host, host:port, CIDR (`egress_allow`); `allow_private` (`egress_allow_private`) lets loopback
  /// and private networks through, never link-local and special ones. Errors: kInvalid with the entry that is
  /// none of the three.
  static Result<Policy> make(const std::vector<std::string>& allow, bool allow_private);

  /// One of the system's own servers: only an entry that names its endpoint lets it through.
  void deny_endpoint(const IpAddress& address, std::uint16_t port);

  /// May a connection be made to this address, which `host` of the URL stands for?
  [[nodiscard]] bool allows(const IpAddress& address, std::uint16_t port, std::string_view host) const;

  /// What can be said of a URL before a name is resolved: its form, its scheme, an address spelled out, and
  /// names that always mean this machine or a cloud's metadata service. Errors: kInvalid/invalid_url,
  /// kPermission/policy_denied.
  [[nodiscard]] Result<Url> check(std::string_view url) const;
  /// The same for a URL that was parsed already, as the target of a redirect.
  [[nodiscard]] Result<void> check(const Url& url) const;

 private:
  struct Entry {
    std::string name;  // a host's name; "" for a range
    Cidr range;
    std::uint16_t port = 0;  // 0: any
    [[nodiscard]] bool matches(const IpAddress& address, std::uint16_t to, std::string_view host) const;
  };
  struct Endpoint {
    IpAddress address;
    std::uint16_t port;
  };

  std::vector<Entry> allowed_;
  std::vector<Endpoint> denied_;
  bool allow_private_ = false;
};

}  // namespace pawl::egress
