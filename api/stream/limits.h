// The bounds of streams, each with its reason (http-api.md §4 and §9).
#pragma once

#include <cstddef>

#include "common/base/clock.h"

namespace pawl::api::stream {

inline constexpr std::size_t kMaxWatchers = 10'000;  ///< of one process; more are answered 503 overloaded
inline constexpr std::size_t kMaxQueued =
    std::size_t{256} * 1024;  ///< a watcher above it gets nothing until it has read
inline constexpr std::size_t kRoom = std::size_t{64} * 1024;  ///< below it the ledger is read on for it
inline constexpr Millis kMaxStall{5000};         ///< without room for so long: too slow, cut; it can resume
inline constexpr Millis kRoomLook{50};           ///< how often a full watcher is looked at
inline constexpr int kPageRows = 200;            ///< ledger rows read at once for one watcher that catches up
inline constexpr int kTailRows = 200;            ///< the same for an execution that others watch live
inline constexpr std::size_t kTailBatch = 1000;  ///< executions whose tails are read by one statement
inline constexpr std::size_t kMaxEarly = 256;    ///< live events kept while the one before them is fetched
inline constexpr Millis kLook{1000};             ///< a watched ledger is read again so often
inline constexpr Millis kFirstLook{
    100};  ///< the owner has just been told; what it wrote meanwhile came by no message
inline constexpr Millis kTick{100};           ///< when what is due is looked for
inline constexpr Millis kReadDeadline{3000};  ///< of one read of the ledger; then tried again
inline constexpr Millis kReadRetry{500};
inline constexpr Millis kPing{15'000};
inline constexpr int kMaxUnansweredPings =
    4;                                    ///< a WebSocket that answers none of them has no client any more
inline constexpr Millis kKeyCheck{1000};  ///< with the cache of keys (3 s) revocation is felt within 5 s
inline constexpr Millis kWatchRenew{15'000};     ///< workers forget who is watched after 45 s
inline constexpr std::size_t kWatchNames = 500;  ///< executions named in one control message

inline constexpr Millis kOverviewPoll{
    500};  ///< the newest events of a tenant are read so often while somebody watches
inline constexpr Millis kOverviewOverlap{
    3000};  ///< transactions that commit late are still seen; statements end after 5 s
inline constexpr int kOverviewRows = 2000;  ///< rows of one read; the next read goes on where it ended

inline constexpr Millis kTicketLifetime{30'000};
inline constexpr int kMaxTickets = 100;  ///< unused ones of one key

inline constexpr Millis kLogPoll{300};  ///< workers store what a step printed twice as often

}  // namespace pawl::api::stream
