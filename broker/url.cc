#include "broker/url.h"

#include <charconv>
#include <optional>

namespace pawl::broker {
namespace {

constexpr std::size_t kMaxShortString = 255;  // user and vhost travel as AMQP short strings
constexpr std::size_t kMaxPassword = 1024;

tl::unexpected<Error> bad_url(std::string why) {
  return fail(ErrorKind::kInvalid, "bad_amqp_url", "amqp_url: " + std::move(why),
              "write it as amqp://user:password@host:5672/vhost, or amqps:// for TLS");
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// Percent-decodes; nullopt for a broken escape, a control character or NUL.
std::optional<std::string> decode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = hex_digit(text[i + 1]);
      const int low = hex_digit(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      c = static_cast<char>(high * 16 + low);
      i += 2;
    } else if (static_cast<unsigned char>(c) <= 0x20 || c == 0x7f) {
      return std::nullopt;
    }
    if (static_cast<unsigned char>(c) < 0x20) return std::nullopt;
    out.push_back(c);
  }
  return out;
}

bool is_host_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
         c == '_';
}

Result<void> parse_credentials(std::string_view text, AmqpUrl& url) {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos) return bad_url("the password is missing");
  auto user = decode(text.substr(0, colon));
  auto password = decode(text.substr(colon + 1));
  if (!user || !password) return bad_url("user or password has a character that must be percent-encoded");
  if (user->empty() || password->empty()) return bad_url("user and password must not be empty");
  if (user->size() > kMaxShortString || password->size() > kMaxPassword)
    return bad_url("user or password is too long");
  url.user = std::move(*user);
  url.password = std::move(*password);
  return {};
}

Result<void> parse_port(std::string_view text, AmqpUrl& url) {
  unsigned port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size() || port == 0 || port > 65535) {
    return bad_url("the port must be a number from 1 to 65535");
  }
  url.port = static_cast<std::uint16_t>(port);
  return {};
}

Result<void> parse_authority(std::string_view text, AmqpUrl& url) {
  const auto at = text.rfind('@');
  if (at == std::string_view::npos) return bad_url("user and password are missing");
  TRY(parse_credentials(text.substr(0, at), url));
  std::string_view rest = text.substr(at + 1);
  std::string_view host;
  if (rest.starts_with('[')) {
    const auto close = rest.find(']');
    if (close == std::string_view::npos) return bad_url("the bracket of the IPv6 address is not closed");
    host = rest.substr(1, close - 1);
    rest.remove_prefix(close + 1);
    for (const char c : host) {
      if (hex_digit(c) < 0 && c != ':' && c != '.') return bad_url("the IPv6 address is malformed");
    }
  } else {
    host = rest.substr(0, rest.find(':'));
    rest.remove_prefix(host.size());
    for (const char c : host) {
      if (!is_host_character(c)) return bad_url("the host has a character that no host name has");
    }
  }
  if (host.empty() || host.size() > kMaxShortString) return bad_url("the host is missing or too long");
  url.host = std::string(host);
  if (rest.empty()) return {};
  if (!rest.starts_with(':')) return bad_url("there is something odd after the host");
  return parse_port(rest.substr(1), url);
}

}  // namespace

std::string AmqpUrl::redacted() const {
  const bool is_v6 = host.find(':') != std::string::npos;
  return std::string(use_tls ? "amqps://" : "amqp://") + (is_v6 ? "[" + host + "]" : host) + ":" +
         std::to_string(port) + (vhost == "/" ? "/" : "/" + vhost);
}

bool is_loopback_host(std::string_view host) {
  if (host == "localhost" || host == "::1") return true;
  if (!host.starts_with("127.")) return false;
  return host.find_first_not_of("0123456789.") == std::string_view::npos;
}

Result<AmqpUrl> parse_amqp_url(std::string_view text) {
  AmqpUrl url;
  if (text.starts_with("amqps://")) {
    url.use_tls = true;
    text.remove_prefix(8);
  } else if (text.starts_with("amqp://")) {
    text.remove_prefix(7);
  } else {
    return bad_url("it must begin with amqp:// or amqps://");
  }
  url.port = url.use_tls ? 5671 : 5672;
  if (text.find_first_of("?#") != std::string_view::npos)
    return bad_url("no query and no fragment are allowed");
  const auto slash = text.find('/');
  TRY(parse_authority(text.substr(0, slash), url));
  if (slash != std::string_view::npos && slash + 1 < text.size()) {
    const std::string_view path = text.substr(slash + 1);
    if (path.find('/') != std::string_view::npos)
      return bad_url("a slash in the vhost must be written as %2F");
    auto vhost = decode(path);
    if (!vhost || vhost->size() > kMaxShortString) return bad_url("the vhost is malformed or too long");
    url.vhost = std::move(*vhost);
  }
  if (url.user == "guest" && url.password == "guest" && !is_loopback_host(url.host)) {
    return fail(ErrorKind::kInvalid, "default_credentials",
                "amqp_url: guest/guest is refused on a broker that is not on loopback (" + url.host + ")",
                "make a broker user of its own: rabbitmqctl add_user");
  }
  return url;
}

}  // namespace pawl::broker
