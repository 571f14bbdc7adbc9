// The bounds of the engine, each with its reason.
#pragma once

#include <cstddef>

#include "common/base/clock.h"

namespace pawl::engine {

inline constexpr std::size_t kMaxCachedPlans = 1000;  ///< parsed plans kept by hash; ~100 KiB each at worst
inline constexpr Millis kStoreDeadline{5000};         ///< for reads and claims; then tried again
inline constexpr Millis kRetryInitial{50};     ///< first pause before a refused or lost write is tried again
inline constexpr Millis kRetryMax{1000};       ///< and the longest; the lease ends it
inline constexpr Millis kAskAgain{5000};       ///< where nobody knows when a breaker lets calls through again
inline constexpr Millis kClaimRetry{250};      ///< between tries of a claim that Postgres did not answer
inline constexpr int kFeedLimit = 128;         ///< tickets made out at once for rows that waited for one
inline constexpr Millis kInboxInterval{1000};  ///< a lost control message costs at most this
inline constexpr Millis kTimerSlack{1};        ///< timers round up: never early
inline constexpr std::size_t kMaxWatched = 10'000;  ///< executions somebody watches live
inline constexpr Millis kWatchTtl{45'000};          ///< a watch is renewed each 15 s by the API
inline constexpr Millis kLogFlush{150};             ///< what steps print is stored so often
inline constexpr std::size_t kMaxLogBytes = std::size_t{1} << 20;  ///< kept of one attempt: its newest part
inline constexpr std::size_t kLogPieceBytes =
    std::size_t{32} * 1024;  ///< one row: small enough to be read sixteen at once
inline constexpr std::size_t kMaxWaitingLogs =
    std::size_t{16} << 20;                    ///< not stored yet; above it the oldest text is left out
inline constexpr std::size_t kLogBatch = 64;  ///< pieces of one statement: 2 MiB
inline constexpr Millis kLongestTimer{
    60'000};  ///< a longer wait is armed in pieces (clocks are looked at again)

inline constexpr Millis kBreakerInterval{1000};  ///< an opening is seen by all within this (resilience.md §1)
inline constexpr Millis kBreakerOverlap{5000};  ///< rows show up when they are committed, later than they say
inline constexpr Millis kProbeAnswer{100};      ///< until it is known which worker may probe an open target
inline constexpr Millis kProbeLease{15'000};    ///< of that right, where permits have no expiry of their own
inline constexpr Millis kLongestOpen{30 * 86'400'000LL};  ///< an operator's "open for" at most

}  // namespace pawl::engine
