#include "tests/e2e/support/watch_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "common/json/parse.h"

namespace pawl::testing {
namespace {

using std::chrono::steady_clock;

json::Value parsed(std::string_view text) {
  const auto value = json::parse(text);
  return value ? *value : json::Value();
}

/// Moves whole chunks from `raw` to `body`; false after the last one.
bool unpack_chunks(std::string& raw, std::string& body) {
  while (true) {
    const std::size_t line = raw.find("\r\n");
    if (line == std::string::npos) return true;
    const std::size_t size = std::strtoul(raw.c_str(), nullptr, 16);
    if (size == 0) return false;
    if (raw.size() < line + 2 + size + 2) return true;
    body.append(raw, line + 2, size);
    raw.erase(0, line + 2 + size + 2);
  }
}

}  // namespace

WatchClient::WatchClient(std::uint16_t port, Way way, const std::string& path, const HeaderList& headers)
    : way_(way), fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) return;
  std::string request = "GET " + path + " HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(port) + "\r\n";
  for (const auto& [name, value] : headers) request.append(name).append(": ").append(value).append("\r\n");
  if (way == Way::kWebSocket) {
    request +=
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
  }
  request += "\r\n";
  if (::send(fd_, request.data(), request.size(), MSG_NOSIGNAL) < 0) return;
  const auto until = steady_clock::now() + std::chrono::seconds(10);
  while (raw_.find("\r\n\r\n") == std::string::npos) {
    if (!fill(until)) return;
  }
  const std::size_t end = raw_.find("\r\n\r\n");
  head_ = raw_.substr(0, end);
  raw_.erase(0, end + 4);
  status_ = std::atoi(head_.substr(9, 3).c_str());
}

WatchClient::~WatchClient() {
  if (fd_ >= 0) close(fd_);
}

bool WatchClient::fill(steady_clock::time_point until) {
  if (ended_) return false;
  const auto left =
      std::chrono::duration_cast<std::chrono::milliseconds>(until - steady_clock::now()).count();
  pollfd look{.fd = fd_, .events = POLLIN, .revents = 0};
  if (poll(&look, 1, static_cast<int>(std::max<long long>(left, 0))) <= 0) return false;
  char buffer[65536];
  const ssize_t n = recv(fd_, buffer, sizeof(buffer), 0);
  if (n > 0) raw_.append(buffer, static_cast<std::size_t>(n));
  ended_ = n <= 0;
  return n > 0;
}

Heard WatchClient::next(std::chrono::milliseconds longest) {
  const auto until = steady_clock::now() + longest;
  while (true) {
    const auto heard = way_ == Way::kSse ? parse_event() : parse_frame();
    if (heard) return *heard;
    if (!fill(until)) return {ended_ ? Heard::Kind::kEnded : Heard::Kind::kNothing};
  }
}

std::optional<Heard> WatchClient::parse_event() {
  const bool more = unpack_chunks(raw_, received_);
  while (true) {
    const std::size_t end = received_.find("\n\n");
    if (end == std::string::npos) break;
    const std::string block = "\n" + received_.substr(0, end);
    received_.erase(0, end + 2);
    const std::size_t data = block.find("\ndata: ");
    if (data != std::string::npos) return Heard{Heard::Kind::kEvent, parsed(block.substr(data + 7))};
  }
  if (!more) return Heard{Heard::Kind::kEnded};
  return std::nullopt;
}

std::optional<Heard> WatchClient::parse_frame() {
  const auto byte = [this](std::size_t at) {
    return static_cast<std::size_t>(static_cast<unsigned char>(raw_[at]));
  };
  if (raw_.size() < 2) return std::nullopt;
  std::size_t size = byte(1), begin = 2;
  if (size == 126) {
    if (raw_.size() < 4) return std::nullopt;
    size = byte(2) << 8 | byte(3);
    begin = 4;
  }
  if (raw_.size() < begin + size) return std::nullopt;
  const std::size_t opcode = byte(0) & 0xF;
  const std::string payload = raw_.substr(begin, size);
  raw_.erase(0, begin + size);
  if (opcode == 1) return Heard{Heard::Kind::kEvent, parsed(payload)};
  if (opcode == 10) return Heard{Heard::Kind::kPong};
  if (opcode != 8) return std::nullopt;
  const auto at = [&payload](std::size_t i) {
    return static_cast<int>(static_cast<unsigned char>(payload[i]));
  };
  return Heard{Heard::Kind::kClosed, {}, payload.size() < 2 ? 0 : at(0) * 256 + at(1)};
}

void WatchClient::send_frame(int opcode, std::string_view payload, bool masked) {
  std::string frame(1, static_cast<char>(0x80 | opcode));
  const int mask_bit = masked ? 0x80 : 0;
  if (payload.size() < 126) {
    frame.push_back(static_cast<char>(mask_bit | static_cast<int>(payload.size())));
  } else {
    frame.push_back(static_cast<char>(mask_bit | 127));
    for (int shift = 56; shift >= 0; shift -= 8)
      frame.push_back(static_cast<char>(payload.size() >> shift & 0xFF));
  }
  if (masked) frame.append(4, '\0');  // a mask of zeros is a mask
  frame.append(payload);
  if (::send(fd_, frame.data(), frame.size(), MSG_NOSIGNAL) < 0) ended_ = true;
}

}  // namespace pawl::testing
