#include "common/egress/own_servers.h"

#include <charconv>
#include <optional>
#include <string>

#include "common/egress/address.h"

namespace pawl::egress {
namespace {

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return port;
}

void deny(Policy& policy, std::string_view host, std::uint16_t port) {
  const bool is_bare_v6 = host.find(':') != std::string_view::npos && !host.starts_with('[');
  const Host parsed = parse_host(is_bare_v6 ? "[" + std::string(host) + "]" : std::string(host));
  const bool is_local_name =
      parsed.kind == Host::Kind::kName && (parsed.name == "localhost" || parsed.name.ends_with(".localhost"));
  if (is_local_name || host.empty() || host.starts_with('/') || host == "0.0.0.0" || host == "::" ||
      host == "[::]") {
    policy.deny_endpoint(*IpAddress::parse("127.0.0.1"), port);
    policy.deny_endpoint(*IpAddress::parse("::1"), port);
  } else if (parsed.kind == Host::Kind::kAddress) {
    policy.deny_endpoint(parsed.address, port);
  }
}

/// "host", "host:port", "[v6]", "[v6]:port".
void deny_host_port(Policy& policy, std::string_view text, std::uint16_t default_port) {
  const std::size_t colon = text.rfind(':');
  const bool has_port = colon != std::string_view::npos && text.find(']', colon) == std::string_view::npos;
  if (!has_port) return deny(policy, text, default_port);
  deny(policy, text.substr(0, colon), parse_port(text.substr(colon + 1)).value_or(default_port));
}

template <typename Each>
void for_each_part(std::string_view list, char separator, Each each) {
  while (true) {
    const std::size_t end = list.find(separator);
    each(list.substr(0, end));
    if (end == std::string_view::npos) return;
    list.remove_prefix(end + 1);
  }
}

void deny_key_values(Policy& policy, std::string_view text, std::uint16_t default_port) {
  std::string_view host, port;
  for_each_part(text, ' ', [&](std::string_view pair) {
    if (pair.starts_with("host=")) host = pair.substr(5);
    if (pair.starts_with("hostaddr=")) host = pair.substr(9);
    if (pair.starts_with("port=")) port = pair.substr(5);
  });
  deny(policy, host, parse_port(port).value_or(default_port));
}

}  // namespace

void deny_servers(Policy& policy, std::string_view configured, std::uint16_t default_port) {
  if (configured.empty()) return;
  if (const std::size_t scheme = configured.find("://"); scheme != std::string_view::npos) {
    configured.remove_prefix(scheme + 3);
    configured = configured.substr(0, configured.find_first_of("/?#"));
    if (const std::size_t at = configured.rfind('@'); at != std::string_view::npos)
      configured.remove_prefix(at + 1);
  } else if (configured.find('=') != std::string_view::npos) {
    return deny_key_values(policy, configured, default_port);
  }
  for_each_part(configured, ',',
                [&](std::string_view server) { deny_host_port(policy, server, default_port); });
}

}  // namespace pawl::egress
