// Bounds of the resilience core, each with its reason.
#pragma once

#include <cstddef>

namespace pawl::resilience {

/// A count window keeps one byte a call; ten thousand calls are 10 KB a breaker and more history than any
/// rate needs.
inline constexpr int kMaxWindowCalls = 10'000;
/// A time window keeps exact instants up to here; above, neighbours share one, so that memory does not grow
/// with traffic.
inline constexpr std::size_t kMaxWindowSlots = 1024;
/// Breakers and budgets a worker keeps; the least recently used closed one goes first. About 2 KB each.
inline constexpr std::size_t kMaxTargets = 4096;
/// Transitions kept for a caller that does not fetch them; one call makes two at most, a long jump of time
/// more.
inline constexpr std::size_t kMaxPendingTransitions = 64;
/// Open/half-open rounds replayed for one jump of time; after that the remaining time is skipped.
inline constexpr int kMaxRoundsPerTick = 1000;

}  // namespace pawl::resilience
