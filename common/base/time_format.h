// Text forms of times and durations, as the contract has them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/base/clock.h"
#include "common/base/result.h"

namespace pawl {

/// RFC 3339 in UTC with milliseconds: 2026-11-20T10:00:00.123Z. Errors: none.
std::string format_rfc3339(WallTime time);

/// Parses RFC 3339 with any offset and up to microseconds. Errors: nullopt when it is anything else.
std::optional<WallTime> parse_rfc3339(std::string_view text);

/// Parses a plan duration: "250ms", "10s", "5m", "2h", "7d"; digits may have a fraction ("1.5s").
/// Errors: nullopt for anything else, for a negative one, and for over 100 years.
std::optional<Millis> parse_duration(std::string_view text);

/// The shortest plan duration with the same value: 250ms, 90s, 5m, 2h, 7d.
std::string format_duration(Millis duration);

}  // namespace pawl
