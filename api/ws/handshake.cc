#include "api/ws/handshake.h"

#include <openssl/evp.h>

#include <array>

#include "common/base/bytes.h"

namespace pawl::api::ws {
namespace {

/// The SHA-1 that RFC 6455 asks for: it proves that the answer is meant, and protects nothing.
std::string sha1(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha1(), nullptr);
  return {reinterpret_cast<const char*>(digest.data()), size};
}

/// Is `word` one of the comma-separated words of a header?
bool lists(std::string_view header, std::string_view word) {
  while (!header.empty()) {
    const std::size_t comma = header.find(',');
    std::string_view item = header.substr(0, comma);
    header = comma == std::string_view::npos ? std::string_view{} : header.substr(comma + 1);
    while (!item.empty() && (item.front() == ' ' || item.front() == '\t')) item.remove_prefix(1);
    while (!item.empty() && (item.back() == ' ' || item.back() == '\t')) item.remove_suffix(1);
    if (http::equals_ignoring_case(item, word)) return true;
  }
  return false;
}

tl::unexpected<Error> refuse(std::string code, std::string message) {
  return fail(ErrorKind::kInvalid, std::move(code), std::move(message));
}

}  // namespace

bool asks_to_upgrade(const http::RequestHead& head) {
  if (head.method != http::Method::kGet) return false;
  const auto connection = head.headers.get("connection");
  const auto upgrade = head.headers.get("upgrade");
  return connection && lists(*connection, "upgrade") && upgrade && lists(*upgrade, "websocket");
}

Result<std::string> accept_key(const http::RequestHead& head) {
  if (head.version_minor < 1) return refuse("bad_request", "a WebSocket needs HTTP/1.1");
  const auto version = head.headers.get("sec-websocket-version");
  if (!version || head.headers.count("sec-websocket-version") != 1 || *version != "13")
    return refuse("upgrade_required", "this speaks version 13 of WebSocket");
  const auto key = head.headers.get("sec-websocket-key");
  const auto nonce = key ? from_base64(*key) : std::nullopt;
  if (!nonce || nonce->size() != 16 || head.headers.count("sec-websocket-key") != 1)
    return refuse("bad_request", "Sec-WebSocket-Key must be 16 bytes in base64");
  return to_base64(sha1(std::string(*key) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"));
}

std::string switching_protocols(std::string_view accept, std::string_view request_id) {
  std::string answer =
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: "
      "Upgrade\r\nSec-WebSocket-Accept: ";
  answer.append(accept).append("\r\nX-Request-Id: ").append(request_id).append("\r\n\r\n");
  return answer;
}

}  // namespace pawl::api::ws
