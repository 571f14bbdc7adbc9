// The bounds of a WebSocket, each with its reason (http-api.md §9).
#pragma once

#include <cstddef>

#include "common/base/clock.h"

namespace pawl::api::ws {

inline constexpr std::size_t kMaxMessage = std::size_t{64} * 1024;  ///< of the client: 1009 over it
inline constexpr Millis kCloseGrace{
    10'000};  ///< for the peer to take what is queued and the close frame; then it is cut
inline constexpr std::size_t kMaxControlPayload = 125;  ///< RFC 6455 §5.5

}  // namespace pawl::api::ws
