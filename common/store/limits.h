// The bounds of the store, each with its reason.
#pragma once

#include <cstddef>
#include <cstdint>

#include "common/base/clock.h"

namespace pawl::store {

/// A batch locks this many rows at once; more lengthens the locks without saving commits (architecture §6).
inline constexpr std::size_t kBatchEntries = 128;
/// A batch's parameters; larger entries go alone on a second connection so that small ones need not wait for
/// them.
inline constexpr std::size_t kBatchBytes = std::size_t{256} * 1024;
/// Entries that wait for their batch; beyond it callers are told that we are full.
inline constexpr std::size_t kMaxQueuedAccepts = 8192;
/// A worker has at most one checkpoint per slot under way, so this is never the limit that is met first.
inline constexpr std::size_t kMaxQueuedCheckpoints = 65536;
/// Outputs up to this size are kept in the row (plan-language.md §4).
inline constexpr std::size_t kInlineOutput = std::size_t{64} * 1024;
/// A larger one is cut into chunks of this size: one TOAST value each, read and written without copies of the
/// whole.
inline constexpr std::size_t kBlobChunk = std::size_t{256} * 1024;
/// Open tickets per tenant and lane (architecture §7); bounds the broker's memory at any number of queued
/// executions.
inline constexpr int kMaxOpenTickets = 256;
/// Rows that one look for overtaken tickets reads of `live`: some milliseconds whatever the backlog.
inline constexpr int kOvertakenWindow = 20000;
/// A lane is first-in-first-out: what is older by this than the newest claimed was overtaken.
inline constexpr Millis kOvertakenAfter{5000};
/// An idempotency key is kept so long (http-api.md §3).
inline constexpr Millis kIdempotencyKept{24LL * 3600 * 1000};
/// Presence must have been missed for so long before it counts (architecture §6).
inline constexpr Millis kPresenceGrace{300};
/// Pause before a presence lock that somebody still holds is tried again: well within the grace.
inline constexpr Millis kPresenceRetry{50};
/// Tries of a transaction that lost a race (40001, 40P01, 55P03) before the caller hears of it.
inline constexpr int kRaceRetries = 5;
/// Pause between two look-ups of a commit in doubt; doubles up to the second.
inline constexpr Millis kLookUpInitial{50};
inline constexpr Millis kLookUpMax{1000};
/// Deadline of one attempt to write or look up a checkpoint; the entry itself has none, it is answered when
/// it is known.
inline constexpr Millis kCheckpointAttempt{5000};
/// A claim whose answer was lost may still commit for so long: statement_timeout and its slack.
inline constexpr Millis kSuspectFor{10000};
/// Finished executions whose mean run time predicts the next start.
inline constexpr int kMeanOf = 50;
/// Signals of one name that wait to be taken (http-api.md §4).
inline constexpr int kMaxKeptSignals = 100;
/// Rows of one page, whatever the caller asks for.
inline constexpr int kMaxPage = 1000;
/// Rows that one turn of retention removes from a day that can't be dropped whole.
inline constexpr int kRetentionBatch = 5000;
/// Days of partitions made ahead.
inline constexpr int kPartitionsAhead = 3;

/// Pieces of a log read at once: a piece has at most 32 KiB.
inline constexpr int kLogPage = 16;
/// Rows of one look at the shared breakers; a worker keeps no more of them itself.
inline constexpr std::size_t kMaxBreakersRead = 1000;

}  // namespace pawl::store
