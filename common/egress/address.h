// Internet addresses: every spelling that some resolver takes, and the ranges nobody outside may reach. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

struct sockaddr;

namespace pawl::egress {

struct IpAddress {
  bool is_v6 = false;
  std::array<std::uint8_t, 16> bytes{};  ///< v4 in the first four

  friend bool operator==(const IpAddress&, const IpAddress&) = default;

  /// Dotted quad or RFC 5952.
  [[nodiscard]] std::string to_string() const;
  /// Only the canonical spellings (inet_pton), without brackets. Errors: nullopt.
  [[nodiscard]] static std::optional<IpAddress> parse(std::string_view text);
  /// Errors: nullopt for a family that is no internet address.
  [[nodiscard]] static std::optional<IpAddress> from_sockaddr(const sockaddr* address);
};

/// What the host of a URL is. A host whose last label is a number is an address or nothing (WHATWG URL, "ends
/// in a number"), so 2130706433, 0x7f.1, 0177.0.0.1 and 127.1 are all 127.0.0.1.
struct Host {
  enum class Kind : std::uint8_t { kName, kAddress, kMalformed } kind = Kind::kMalformed;
  std::string name = {};  ///< lower case, without the root's dot; the canonical text of an address
  IpAddress address = {};
};
/// `text` as in a URL: an IPv6 address in brackets. Names are ASCII letters, digits, '-', '_' and '.'.
Host parse_host(std::string_view text);

enum class AddressKind : std::uint8_t {
  kPublic,
  kLoopback,   ///< 127/8, ::1
  kPrivate,    ///< RFC 1918, CGNAT 100.64/10, ULA fc00::/7
  kLinkLocal,  ///< 169.254/16 (cloud metadata lives there), fe80::/10
  kSpecial,    ///< this network, multicast, reserved, documentation, benchmarking, and all forms that wrap an
               ///< IPv4 address
};
std::string_view to_string(AddressKind kind);
/// Source: IANA IPv4 and IPv6 Special-Purpose Address Registries (RFC 6890). v4-mapped, 6to4, Teredo and
/// NAT64 are kSpecial whatever they wrap.
AddressKind classify(const IpAddress& address);

/// A range as 10.0.0.0/8 or fd00::/8; a bare address is a range of one.
struct Cidr {
  IpAddress base;
  int bits = 0;

  [[nodiscard]] static std::optional<Cidr> parse(std::string_view text);
  [[nodiscard]] bool contains(const IpAddress& address) const;
};

}  // namespace pawl::egress
