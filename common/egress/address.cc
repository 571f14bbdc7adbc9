#include "common/egress/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <span>
#include <vector>

namespace pawl::egress {
namespace {

constexpr std::size_t kMaxHostLength = 253;  // RFC 1035
constexpr std::size_t kMaxLabelLength = 63;

struct Range {
  const char* base;
  int bits;
  AddressKind kind;
};

constexpr Range kV4Ranges[] = {
    {"127.0.0.0", 8, AddressKind::kLoopback},   {"10.0.0.0", 8, AddressKind::kPrivate},
    {"172.16.0.0", 12, AddressKind::kPrivate},  {"192.168.0.0", 16, AddressKind::kPrivate},
    {"100.64.0.0", 10, AddressKind::kPrivate},  {"169.254.0.0", 16, AddressKind::kLinkLocal},
    {"0.0.0.0", 8, AddressKind::kSpecial},      {"192.0.0.0", 24, AddressKind::kSpecial},
    {"192.0.2.0", 24, AddressKind::kSpecial},   {"192.88.99.0", 24, AddressKind::kSpecial},
    {"198.18.0.0", 15, AddressKind::kSpecial},  {"198.51.100.0", 24, AddressKind::kSpecial},
    {"203.0.113.0", 24, AddressKind::kSpecial}, {"224.0.0.0", 4, AddressKind::kSpecial},
    {"240.0.0.0", 4, AddressKind::kSpecial},
};
// What is not in 2000::/3 is not global unicast; the exceptions inside it follow.
constexpr Range kV6Ranges[] = {
    {"::1", 128, AddressKind::kLoopback},      {"fc00::", 7, AddressKind::kPrivate},
    {"fe80::", 10, AddressKind::kLinkLocal},   {"2001::", 23, AddressKind::kSpecial},
    {"2001:db8::", 32, AddressKind::kSpecial}, {"2002::", 16, AddressKind::kSpecial},
    {"3fff::", 20, AddressKind::kSpecial},
};

std::vector<Cidr> parsed(std::span<const Range> ranges) {
  std::vector<Cidr> out;
  for (const Range& range : ranges) out.push_back({IpAddress::parse(range.base).value(), range.bits});
  return out;
}

/// One number of an IPv4 host: decimal, 0octal or 0xhex. Errors: nullopt.
std::optional<std::uint64_t> read_number(std::string_view text) {
  int base = 10;
  if (text.size() >= 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
    base = 16;
    text.remove_prefix(2);
    if (text.empty()) return 0;  // "0x" is 0 (WHATWG)
  } else if (text.size() >= 2 && text[0] == '0') {
    base = 8;
    text.remove_prefix(1);
  }
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::vector<std::string_view> split_labels(std::string_view host) {
  std::vector<std::string_view> out;
  for (std::size_t start = 0; start <= host.size();) {
    const std::size_t dot = std::min(host.find('.', start), host.size());
    out.push_back(host.substr(start, dot - start));
    start = dot + 1;
  }
  return out;
}

bool ends_in_number(std::string_view last) {
  if (last.empty()) return false;
  const bool all_digits = std::ranges::all_of(last, [](char c) { return c >= '0' && c <= '9'; });
  return all_digits || read_number(last).has_value();
}

/// inet_aton's forms: a, a.b, a.b.c, a.b.c.d; the last one fills what is left.
std::optional<IpAddress> read_v4(const std::vector<std::string_view>& labels) {
  if (labels.size() > 4) return std::nullopt;
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const auto number = read_number(labels[i]);
    const bool is_last = i + 1 == labels.size();
    const std::uint64_t highest = is_last ? (std::uint64_t{1} << (8 * (5 - labels.size()))) - 1 : 255;
    if (!number || *number > highest) return std::nullopt;
    value |= is_last ? *number : *number << (8 * (3 - i));
  }
  IpAddress out;
  for (std::size_t i = 0; i < 4; ++i) out.bytes[i] = static_cast<std::uint8_t>(value >> (8 * (3 - i)));
  return out;
}

bool is_name(const std::vector<std::string_view>& labels) {
  return std::ranges::all_of(labels, [](std::string_view label) {
    return !label.empty() && label.size() <= kMaxLabelLength && std::ranges::all_of(label, [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    });
  });
}

}  // namespace

std::string IpAddress::to_string() const {
  char text[INET6_ADDRSTRLEN] = {};
  inet_ntop(is_v6 ? AF_INET6 : AF_INET, bytes.data(), text, sizeof text);
  return text;
}

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  const std::string terminated(text);
  IpAddress out;
  if (inet_pton(AF_INET, terminated.c_str(), out.bytes.data()) == 1) return out;
  out.bytes.fill(0);
  out.is_v6 = true;
  if (inet_pton(AF_INET6, terminated.c_str(), out.bytes.data()) == 1) return out;
  return std::nullopt;
}

std::optional<IpAddress> IpAddress::from_sockaddr(const sockaddr* address) {
  IpAddress out;
  if (address->sa_family == AF_INET) {
    sockaddr_in in{};
    std::memcpy(&in, address, sizeof in);
    std::memcpy(out.bytes.data(), &in.sin_addr, 4);
    return out;
  }
  if (address->sa_family != AF_INET6) return std::nullopt;
  sockaddr_in6 in{};
  std::memcpy(&in, address, sizeof in);
  out.is_v6 = true;
  std::memcpy(out.bytes.data(), &in.sin6_addr, 16);
  return out;
}

Host parse_host(std::string_view text) {
  Host out;
  if (text.size() >= 2 && text.front() == '[' && text.back() == ']') {
    const auto address = IpAddress::parse(text.substr(1, text.size() - 2));
    if (!address || !address->is_v6) return out;
    return {Host::Kind::kAddress, address->to_string(), *address};
  }
  std::string name(text);
  std::ranges::transform(name, name.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  if (name.ends_with('.')) name.pop_back();
  if (name.empty() || name.size() > kMaxHostLength) return out;
  const auto labels = split_labels(name);
  if (ends_in_number(labels.back())) {
    const auto address = read_v4(labels);
    if (!address) return out;
    return {Host::Kind::kAddress, address->to_string(), *address};
  }
  if (!is_name(labels)) return out;
  return {Host::Kind::kName, std::move(name), {}};
}

std::string_view to_string(AddressKind kind) {
  switch (kind) {
    case AddressKind::kPublic: return "public";
    case AddressKind::kLoopback: return "loopback";
    case AddressKind::kPrivate: return "private";
    case AddressKind::kLinkLocal: return "link-local";
    case AddressKind::kSpecial: return "special-purpose";
  }
  return "";
}

AddressKind classify(const IpAddress& address) {
  static const std::vector<Cidr> v4 = parsed(kV4Ranges);
  static const std::vector<Cidr> v6 = parsed(kV6Ranges);
  static const Cidr global_unicast = Cidr::parse("2000::/3").value();
  const auto& ranges = address.is_v6 ? v6 : v4;
  for (std::size_t i = 0; i < ranges.size(); ++i)
    if (ranges[i].contains(address)) return address.is_v6 ? kV6Ranges[i].kind : kV4Ranges[i].kind;
  if (address.is_v6 && !global_unicast.contains(address)) return AddressKind::kSpecial;
  return AddressKind::kPublic;
}

std::optional<Cidr> Cidr::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto base = IpAddress::parse(text.substr(0, slash));
  if (!base) return std::nullopt;
  const int widest = base->is_v6 ? 128 : 32;
  if (slash == std::string_view::npos) return Cidr{*base, widest};
  const std::string_view tail = text.substr(slash + 1);
  int bits = -1;
  const auto [end, error] = std::from_chars(tail.data(), tail.data() + tail.size(), bits);
  if (error != std::errc{} || end != tail.data() + tail.size() || bits < 0 || bits > widest)
    return std::nullopt;
  return Cidr{*base, bits};
}

bool Cidr::contains(const IpAddress& address) const {
  if (address.is_v6 != base.is_v6) return false;
  const auto whole = static_cast<std::size_t>(bits / 8);
  if (!std::equal(base.bytes.begin(), base.bytes.begin() + bits / 8, address.bytes.begin())) return false;
  const int rest = bits % 8;
  if (rest == 0) return true;
  const int shift = 8 - rest;
  return base.bytes[whole] >> shift == address.bytes[whole] >> shift;
}

}  // namespace pawl::egress
