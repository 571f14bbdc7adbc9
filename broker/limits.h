// Every bound of the broker layer, with its reason. What would exceed one is refused or cut, never queued
// without limit.
#pragma once

#include <cstddef>
#include <cstdint>

#include "common/base/clock.h"

namespace pawl::broker {

/// RabbitMQ's own default and largest frame. A smaller one would be a trap: content headers can't be split,
/// so a header that another client sent legally would break the connection on every delivery.
inline constexpr std::uint32_t kFrameMax = 131'072;
/// Frames before tune-ok. The protocol promises 4,096; RabbitMQ's connection.start has about 500 bytes.
inline constexpr std::uint32_t kHandshakeFrameMax = 16'384;
/// Largest method we encode: connection.start-ok with a long password. All others stay below 1 KiB.
inline constexpr std::size_t kMethodScratch = 8'192;
/// A connection needs one channel each for declaring, tickets, control, events.
inline constexpr std::uint16_t kChannelMax = 32;
/// Publishes are refused (kOverloaded) above this: a ticket is 250 bytes, so about 30,000 of them.
inline constexpr std::size_t kMaxOutgoingBytes = std::size_t{8} << 20;
/// Above this even acks don't go out: the broker has stopped reading, the connection is given up.
inline constexpr std::size_t kHardOutgoingBytes = std::size_t{32} << 20;
/// Unconfirmed publishes; more are refused (kOverloaded). Two seconds at ten thousand a second.
inline constexpr std::size_t kMaxUnconfirmed = 20'000;
/// A confirm later than this is in doubt (kTimeout). Longer than the heartbeat's verdict, so that it is
/// rarely first.
inline constexpr Millis kConfirmTimeout{30'000};
/// Resolve, connect, TLS and the handshake up to connection.open-ok.
inline constexpr Millis kHandshakeTimeout{10'000};
/// How long a polite close waits for the broker's answer.
inline constexpr Millis kCloseTimeout{1'000};
/// Reconnect: full jitter in [0, min(cap, base * 2^n)). The cap keeps recovery well under 30 s after an
/// outage.
inline constexpr Millis kReconnectBase{100};
inline constexpr Millis kReconnectCap{5'000};
/// Broken channels and lost queues are mended at most this often, or two sides could chase each other.
inline constexpr Millis kRepairInterval{250};
/// A ticket has about 100 bytes. Of a larger message this much is kept for the quarantine.
inline constexpr std::size_t kMaxTicketBytes = 65'536;
/// Control and event messages; larger ones are dropped and counted.
inline constexpr std::size_t kMaxBusBytes = std::size_t{1} << 20;
/// Most deliveries a worker holds unacked, over all its queues (architecture §6).
inline constexpr int kMaxPrefetch = 64;
/// How long a full worker keeps acks back before it cancels its consumers: short jobs free their slots in
/// that time, and a cancel costs two Raft commands a queue.
inline constexpr Millis kCloseWindowAfter{20};
/// How often a consumer looks which of its queues are busy, and gives them more of the window.
inline constexpr Millis kRebalanceInterval{200};
/// How often a worker with fewer free slots than queues looks for the queue that has something.
inline constexpr Millis kProbeInterval{25};
/// Pause before a garbage message is copied to the quarantine again.
inline constexpr Millis kQuarantineRetry{500};
/// Garbage kept by operators: the newest 100,000 messages.
inline constexpr std::int64_t kQuarantineMaxLength = 100'000;
/// Transient messages that wait for one process. It has stalled by then; it reads the truth from Postgres.
inline constexpr std::int64_t kBusQueueMaxLength = 10'000;

/// For one look at the depths of the lanes.
inline constexpr Millis kDepthDeadline{2000};
/// Bytes of a ticket's reply_to: a pawl.control key, "api." and an id.
inline constexpr std::size_t kMaxReplyTo = 64;

}  // namespace pawl::broker
