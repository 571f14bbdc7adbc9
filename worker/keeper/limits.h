// The bounds of the keeper, each with its reason.
#pragma once

#include "common/base/clock.h"

namespace pawl::keeper {

inline constexpr int kFindsPerTick = 500;     ///< of each kind: a herd after a restart is let in step by step
inline constexpr int kTicksPerLease = 3;      ///< its own lease row lasts so many ticks
inline constexpr int kOvertakenEvery = 2;     ///< ticks between looks for overtaken tickets
inline constexpr int kDepthsEvery = 4;        ///< ticks between looks at the queues' depths
inline constexpr int kLooksToBeEmpty = 2;     ///< in a row, before a lane counts as empty
inline constexpr Millis kTickDeadline{5000};  ///< for one question to Postgres
inline constexpr Millis kShortestLease{1000};       ///< of the keeper's row, however short the interval
inline constexpr Millis kHousekeepingEach{60'000};  ///< partitions, retention, old keys

}  // namespace pawl::keeper
