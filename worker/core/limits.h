// Bounds of the core, each with its reason.
#pragma once

#include <cstddef>

#include "common/base/clock.h"

namespace pawl::core {

/// Up to here a backoff, a sleep or a wait stays in memory; above, it parks (architecture.md §6).
inline constexpr Micros kShortDelay{2'000'000};
/// Running steps listed in `progress.current`: enough for a person, small in every checkpoint.
inline constexpr std::size_t kMaxCurrent = 10;
/// Entries of `waiting_for` in a park: the row stays narrow; `GET …/why` reads these.
inline constexpr std::size_t kMaxWaitingFor = 20;
/// Early signals kept per name (http-api.md §4); later ones of that name are ignored.
inline constexpr std::size_t kMaxSignalsPerName = 100;
/// Steps listed as the impact of a failure.
inline constexpr std::size_t kMaxImpact = 20;
/// Attempts whose timer entries may be stale before the heap is swept.
inline constexpr std::size_t kStaleTimers = 64;
/// What the tool gets on top when its parent's deadline cuts it: the core's cut comes first, so the outcome
/// is the parent's.
inline constexpr Millis kCutMargin{500};
/// Compensations and items take part of the range of `position`; this is the root's.
inline constexpr long long kPositionSpan = 1LL << 62;

/// How soon a delay that is not saved yet is looked at again.
inline constexpr Millis kUnsavedDelayStep{1};

}  // namespace pawl::core
