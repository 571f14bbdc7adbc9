// The bounds of common/db, each with its reason.
#pragma once

#include "common/base/clock.h"

namespace pawl::db {

/// What the client waits beyond statement_timeout: the server's own cut, with its error, is better than ours.
inline constexpr Millis kCutGrace{1000};
/// A call with less time than this left is not started: its cut would cost a connection, under load one after
/// the other.
inline constexpr Millis kLeastRun{10};
/// A lock held longer than this means a stuck peer; batches lock in id order and wait for milliseconds.
inline constexpr Millis kLockTimeout{2000};
/// A client that died inside a transaction must not hold its rows.
inline constexpr Millis kIdleInTransactionTimeout{5000};
/// Unacknowledged bytes: the kernel gives the connection up (architecture §8).
inline constexpr Millis kTcpUserTimeout{10000};
/// Host names times addresses tried for one connection.
inline constexpr std::size_t kMaxTargets = 32;
/// Growth of the reconnect delay stops here (100 ms · 2^6 is over any useful maximum).
inline constexpr int kMaxBackoffDoublings = 10;
/// How long `pawl migrate` waits for another one that holds the advisory lock.
inline constexpr Millis kMigrateLockTimeout{60000};

}  // namespace pawl::db
