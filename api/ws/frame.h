// Frames as a server sends them: whole, unmasked, never fragmented (RFC 6455 §5). Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace pawl::api::ws {

enum class CloseCode : std::uint16_t {
  kFinished = 1000,
  kGoingAway = 1001,
  kProtocolError = 1002,
  kUnsupportedData = 1003,
  kInvalidText = 1007,
  kPolicy = 1008,
  kTooBig = 1009,
  kTryAgainLater = 1013,
};

std::string text_frame(std::string_view text);
std::string ping_frame();
/// `reason` is cut to what a control frame holds.
std::string close_frame(CloseCode code, std::string_view reason);

/// True when `bytes` are pong frames of a client and nothing else: all that an idle watcher ever sends.
bool are_only_pongs(std::string_view bytes);

}  // namespace pawl::api::ws
