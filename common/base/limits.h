// Bounds of the base room, and why.
#pragma once

#include <cstddef>

namespace pawl {

/// A record fits one page, the amount a pipe that polls as writable takes without blocking (pipe(7),
/// PIPE_BUF).
inline constexpr std::size_t kMaxLogRecord = 4096;
/// Of each text value only the start is kept: a log line is no place for payloads.
inline constexpr std::size_t kMaxLogValue = 1024;
/// A duration is some 100 years at most, so that a time plus a duration stays far from the end of 64-bit
/// microseconds.
inline constexpr int kMaxDurationDays = 36525;
/// A configuration key further than this many edits from what was written is not offered as what was meant.
inline constexpr std::size_t kMaxKeyDistance = 3;

}  // namespace pawl
