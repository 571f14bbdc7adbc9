// Bounds of the file tool, each with its reason.
#pragma once

#include <cstddef>
#include <cstdint>

namespace pawl::tools {

/// PATH_MAX of Linux, with its NUL.
inline constexpr std::size_t kMaxFilePath = 4095;
/// A read becomes a step's output, and a write came in a request: what is larger is a process' business.
inline constexpr std::int64_t kMaxReadBytes = std::int64_t{1} << 20;
/// Held in memory while it is hashed or copied by one thread of the pool.
inline constexpr std::int64_t kMaxFileBytes = std::int64_t{64} << 20;
inline constexpr std::size_t kMaxEntries = 10'000;
inline constexpr std::size_t kCopyBytes = std::size_t{256} << 10;
/// Left free on the disk for everybody else.
inline constexpr std::int64_t kKeepFreeBytes = std::int64_t{64} << 20;

}  // namespace pawl::tools
