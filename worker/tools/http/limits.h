// Bounds of outgoing HTTP, each with its reason.
#pragma once

#include <cstddef>
#include <cstdint>

#include "common/base/clock.h"

namespace pawl::tools {

/// Sockets of one worker to all targets: far above its slots, far below its descriptors.
inline constexpr long kMaxOpenConnections = 1024;
/// Idle connections kept for reuse.
inline constexpr long kMaxIdleConnections = 256;
inline constexpr std::int64_t kDefaultMaxBytes = std::int64_t{1} << 20;
/// What a step's output may be at all (output_too_large).
inline constexpr std::int64_t kHighestMaxBytes = std::int64_t{64} << 20;
/// Response headers in all: four times what our own server takes.
inline constexpr std::size_t kMaxHeaderBytes = std::size_t{64} << 10;
/// Redirects (security.md §1).
inline constexpr int kMaxFollow = 5;
/// So much of a refused answer is kept in `details`.
inline constexpr std::size_t kMaxDetailBytes = 2048;
/// A target that can't be reached by then is tried again later rather than waited for.
inline constexpr Millis kConnectTimeout{10'000};

}  // namespace pawl::tools
