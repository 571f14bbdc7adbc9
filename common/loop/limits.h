// The bounds of common/loop, each with its reason.
#pragma once

#include <cstddef>

#include "common/base/clock.h"

namespace pawl {

/// One read; also one buffer per loop, shared by all streams (64 KiB is where a loopback read stops getting
/// cheaper).
inline constexpr std::size_t kReadBufferBytes = std::size_t{64} * 1024;
/// Above this `queued` the writer is expected to pause its source; on_drain tells when half is left.
inline constexpr std::size_t kWriteHighWater = std::size_t{1024} * 1024;
/// Writes that follow each other are copied together up to this size, so that a writev has few pieces.
inline constexpr std::size_t kMergeBytes = 8192;
/// Pieces of one writev; the kernel's own limit is 1024, more than 64 buys nothing.
inline constexpr std::size_t kWritePieces = 64;
/// After the last byte: how long a closed stream goes on reading, so that a reset can't destroy what was just
/// sent.
inline constexpr Millis kLinger{2000};
/// What was queued when the peer ended its side gets this long to leave.
inline constexpr Millis kHalfCloseGrace{5000};
/// An accepted connection must finish its TLS handshake within this.
inline constexpr Millis kHandshakeTimeout{10000};
/// TLS handshakes under way per listener; more connections are cut (each costs ~40 KiB and no one has proved
/// anything yet).
inline constexpr std::size_t kMaxHandshakes = 256;
/// First probe of an idle connection, so that a peer whose machine vanished is noticed.
inline constexpr unsigned kKeepaliveSeconds = 60;
/// at_turn_end calls that schedule each other are followed this often; the rest waits for the next turn.
inline constexpr int kTurnEndPasses = 8;
/// Longer delays are cut to this, so that adding one to the clock never overflows (100 years).
inline constexpr Millis kLongestDelay = std::chrono::hours(876'000);
/// A host name is at most 253 octets (RFC 1035 §2.3.4).
inline constexpr std::size_t kMaxHostName = 253;

}  // namespace pawl
