// Bounds of JSON texts, and why. Those of the contract (http-api.md §9) are the defaults of ParseLimits.
#pragma once

#include <cstddef>

namespace pawl::json {

/// Containers around each other; the contract's number.
inline constexpr std::size_t kDefaultDepth = 64;
/// What a caller may allow at most: the reader recurses, and a level costs it about 200 bytes of stack.
inline constexpr std::size_t kMaxDepth = 1024;
/// Members of one object; the contract's number.
inline constexpr std::size_t kMaxKeys = 1000;
/// The largest output a step may have. Doors that let less in (a request body: 1 MiB) check that before they
/// parse.
inline constexpr std::size_t kMaxBytes = std::size_t{64} << 20;
/// Faults of one document that are told; a person mends the first few and sends it again.
inline constexpr std::size_t kMaxFaults = 20;

}  // namespace pawl::json
