#include "common/egress/policy.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace pawl::egress {
namespace {

bool is_name_of_loopback(std::string_view name) {
  return name == "localhost" || name.ends_with(".localhost");
}

bool is_name_of_metadata(std::string_view name) {
  constexpr std::array<std::string_view, 3> kNames{"metadata.google.internal", "metadata.goog",
                                                   "instance-data.ec2.internal"};
  return std::ranges::find(kNames, name) != kNames.end();
}

auto denied(const std::string& what) {
  return fail(ErrorKind::kPermission, "policy_denied", "requests to " + what + " are not allowed",
              "Call a public address, or let the operator add the target to egress_allow.");
}

}  // namespace

bool Policy::Entry::matches(const IpAddress& address, std::uint16_t to, std::string_view host) const {
  if (port != 0 && port != to) return false;
  return name.empty() ? range.contains(address) : name == host;
}

Result<Policy> Policy::make(const std::vector<std::string>& allow, bool allow_private) {
  Policy out;
  out.allow_private_ = allow_private;
  for (const std::string& text : allow) {
    if (const auto range = Cidr::parse(text)) {
      out.allowed_.push_back({"", *range, 0});
      continue;
    }
    // host[:port] has the form of a URL's authority; the scheme stands in for none.
    const auto url =
        text.find('/') == std::string::npos ? parse_url("http://" + text) : fail(ErrorKind::kInvalid, "", "");
    if (!url)
      return fail(ErrorKind::kInvalid, "invalid_config",
                  "egress_allow: " + text + " is no host, host:port or CIDR");
    const bool has_port = text.ends_with(":" + std::to_string(url->port)) && !text.ends_with("]");
    const std::uint16_t port = has_port ? url->port : std::uint16_t{0};
    if (url->host.kind == Host::Kind::kAddress)
      out.allowed_.push_back({"", Cidr{url->host.address, url->host.address.is_v6 ? 128 : 32}, port});
    else
      out.allowed_.push_back({url->host.name, {}, port});
  }
  return out;
}

void Policy::deny_endpoint(const IpAddress& address, std::uint16_t port) {
  denied_.push_back({address, port});
}

bool Policy::allows(const IpAddress& address, std::uint16_t port, std::string_view host) const {
  // All of 127/8 and ::1 is this machine: a server that listens everywhere is behind each of them.
  const bool is_loopback = classify(address) == AddressKind::kLoopback;
  const bool is_own = std::ranges::any_of(denied_, [&](const Endpoint& own) {
    const bool is_same_machine = is_loopback && classify(own.address) == AddressKind::kLoopback;
    return own.port == port && (own.address == address || is_same_machine);
  });
  const bool is_listed = std::ranges::any_of(allowed_, [&](const Entry& entry) {
    return (!is_own || entry.port != 0) && entry.matches(address, port, host);
  });
  if (is_listed) return true;
  if (is_own) return false;
  const AddressKind kind = classify(address);
  if (kind == AddressKind::kPublic) return true;
  return allow_private_ && (kind == AddressKind::kLoopback || kind == AddressKind::kPrivate);
}

Result<Url> Policy::check(std::string_view text) const {
  Url url = TRY(parse_url(text));
  TRY(check(url));
  return url;
}

Result<void> Policy::check(const Url& url) const {
  if (url.host.kind == Host::Kind::kAddress) {
    if (allows(url.host.address, url.port, url.host.name)) return {};
    return denied(std::string(to_string(classify(url.host.address))) + " addresses");
  }
  const IpAddress link_local{false, {169, 254, 169, 254}};
  if (is_name_of_metadata(url.host.name) && !allows(link_local, url.port, url.host.name))
    return denied("a metadata service");
  if (!is_name_of_loopback(url.host.name)) return {};
  const IpAddress v4{false, {127, 0, 0, 1}};
  const IpAddress v6 = IpAddress::parse("::1").value();
  if (allows(v4, url.port, url.host.name) || allows(v6, url.port, url.host.name)) return {};
  return denied("this machine");
}

}  // namespace pawl::egress
