// How one log record is rendered: a JSON object or a text line, escaped so that no value can forge a second
// record.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "common/base/clock.h"
#include "common/base/log.h"

namespace pawl {

/// A record fits one page, the amount a pipe that polls as writable takes without blocking (pipe(7),
/// PIPE_BUF).
inline constexpr std::size_t kMaxLogRecord = 4096;
/// Of each text value only the start is kept: a log line is no place for payloads.
inline constexpr std::size_t kMaxLogValue = 1024;

std::string_view to_string(LogLevel level);

/// Appends `fields` as `,"key":value` (JSON) or ` key=value` (text) to `out`; stops at kMaxLogRecord with a
/// mark.
void append_log_fields(std::string& out, LogFields fields, LogFormat format);

/// One whole record with its newline; `prefix` is what append_log_fields made earlier.
std::string render_log_record(WallTime time, LogLevel level, std::string_view process,
                              std::string_view phrase, std::string_view prefix, LogFields fields,
                              LogFormat format);

}  // namespace pawl
