// How one log record is rendered: a JSON object or a text line, escaped so that no value can forge a second
// record.
#pragma once

#include <string>
#include <string_view>

#include "common/base/clock.h"
#include "common/base/limits.h"
#include "common/base/log.h"

namespace pawl {

std::string_view to_string(LogLevel level);

/// Appends `fields` as `,"key":value` (JSON) or ` key=value` (text) to `out`; stops at kMaxLogRecord with a
/// mark.
void append_log_fields(std::string& out, LogFields fields, LogFormat format);

/// One whole record with its newline; `prefix` is what append_log_fields made earlier.
std::string render_log_record(WallTime time, LogLevel level, std::string_view process,
                              std::string_view phrase, std::string_view prefix, LogFields fields,
                              LogFormat format);

}  // namespace pawl
