// Text for terminals: escaping what could command them, widths, cutting, times for people.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/base/clock.h"

namespace pawl::cli {

/// Control characters (C0, DEL, C1), line breaks, bidirectional overrides and bytes that are no UTF-8 as
/// \uXXXX or \xXX: what a server sends can't move the cursor, colour or retitle the terminal.
std::string escaped(std::string_view text);
/// The same, keeping line breaks and tabs: for output of processes and documents.
std::string escaped_lines(std::string_view text);

/// Columns that escaped text takes: combining marks none, East Asian wide characters and emoji two.
int width_of(std::string_view text);
/// Cut to `width` columns, with … at the end when something was cut.
std::string cut(std::string_view text, int width);
/// Filled with blanks to `width` columns.
std::string padded(std::string_view text, int width);

/// "850ms", "4.2s", "3m12s", "2h05m", "3d4h".
std::string short_duration(Millis duration);
/// How long ago an RFC 3339 time was, as "12s", "3m12s", "5d"; "" when it is none.
std::string age(std::string_view rfc3339, WallTime now);

}  // namespace pawl::cli
