// A client that watches: reads server-sent events or WebSocket frames from a plain socket, at its own speed.
// Blocking.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/json/value.h"
#include "tests/e2e/support/http_client.h"

namespace pawl::testing {

/// What came next on a stream.
struct Heard {
  enum class Kind { kEvent, kPong, kClosed, kEnded, kNothing } kind = Kind::kNothing;
  json::Value event = {};
  int code = 0;  ///< of a close frame
};

class WatchClient {
 public:
  enum class Way { kSse, kWebSocket };
  /// Asks at once; `status` is the answer's.
  WatchClient(std::uint16_t port, Way way, const std::string& path, const HeaderList& headers);
  ~WatchClient();
  WatchClient(const WatchClient&) = delete;
  WatchClient& operator=(const WatchClient&) = delete;

  [[nodiscard]] int status() const { return status_; }
  [[nodiscard]] const std::string& head() const { return head_; }
  Heard next(std::chrono::milliseconds longest = std::chrono::seconds(10));
  /// A frame of the client, masked unless asked otherwise.
  void send_frame(int opcode, std::string_view payload, bool masked = true);

 private:
  bool fill(std::chrono::steady_clock::time_point until);
  std::optional<Heard> parse_event();
  std::optional<Heard> parse_frame();

  Way way_;
  int fd_ = -1;
  int status_ = 0;
  bool ended_ = false;
  std::string head_, raw_, received_;  // raw_: chunks not unpacked yet
};

}  // namespace pawl::testing
