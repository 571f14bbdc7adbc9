#include "common/base/log_format.h"

#include <array>
#include <charconv>
#include <cmath>

#include "common/base/bytes.h"
#include "common/base/time_format.h"

namespace pawl {
namespace {

constexpr std::string_view kTruncatedJson = R"(,"truncated":true)";
constexpr std::string_view kTruncatedText = " truncated=true";
/// Room kept for the mark, the closing brace and the newline.
constexpr std::size_t kTail = 24;

bool is_utf8_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

/// The first kMaxLogValue bytes, cut between characters.
std::string_view clip(std::string_view text) {
  if (text.size() <= kMaxLogValue) return text;
  std::size_t end = kMaxLogValue;
  while (end > 0 && is_utf8_continuation(text[end])) --end;
  return text.substr(0, end);
}

void append_unicode_escape(std::string& out, unsigned code) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  out += "\\u00";
  out += kDigits[code >> 4 & 15];
  out += kDigits[code & 15];
}

/// Escapes quotes, backslashes and every control character (C0, DEL, C1, which terminals obey); bytes that
/// are no UTF-8 become U+FFFD all together, since nobody can tell which of them were meant.
void append_escaped(std::string& out, std::string_view text) {
  const std::string_view clipped = clip(text);
  const bool is_text = is_valid_utf8(clipped);
  for (std::size_t i = 0; i < clipped.size(); ++i) {
    const auto byte = static_cast<unsigned char>(clipped[i]);
    if (byte == '"' || byte == '\\') {
      out += '\\';
      out += clipped[i];
    } else if (byte == '\n') {
      out += "\\n";
    } else if (byte == '\t') {
      out += "\\t";
    } else if (byte < 0x20 || byte == 0x7F) {
      append_unicode_escape(out, byte);
    } else if (byte >= 0x80 && !is_text) {
      out += "\xEF\xBF\xBD";
    } else if (byte == 0xC2 && static_cast<unsigned char>(clipped[i + 1]) < 0xA0) {
      append_unicode_escape(out, static_cast<unsigned char>(clipped[++i]));
    } else {
      out += clipped[i];
    }
  }
  if (clipped.size() < text.size()) out += "…";
}

void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  append_escaped(out, text);
  out += '"';
}

bool needs_quotes(std::string_view text) {
  if (text.empty() || text.size() > kMaxLogValue) return true;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || byte >= 0x7F || c == '"' || c == '\\' || c == '=') return true;
  }
  return false;
}

template <typename T>
void append_number(std::string& out, T value) {
  std::array<char, 32> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr;
  out.append(buffer.data(), end);
}

void append_value(std::string& out, const LogField::Value& value, LogFormat format) {
  struct Visitor {
    std::string& out;
    LogFormat format;
    void operator()(std::string_view text) const {
      if (format == LogFormat::kJson || needs_quotes(text))
        append_quoted(out, text);
      else
        out += text;
    }
    void operator()(bool b) const { out += b ? "true" : "false"; }
    void operator()(std::int64_t i) const { append_number(out, i); }
    void operator()(std::uint64_t u) const { append_number(out, u); }
    void operator()(double d) const {
      if (std::isfinite(d))
        append_number(out, d);
      else
        out += "null";
    }
  };
  std::visit(Visitor{out, format}, value);
}

}  // namespace

std::string_view to_string(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug: return "debug";
    case LogLevel::kInfo: return "info";
    case LogLevel::kWarn: return "warn";
    case LogLevel::kError: return "error";
  }
  return "error";
}

void append_log_fields(std::string& out, LogFields fields, LogFormat format) {
  const bool is_json = format == LogFormat::kJson;
  for (const LogField& field : fields) {
    const std::size_t before = out.size();
    if (is_json) {
      out += ',';
      append_quoted(out, field.key);
      out += ':';
    } else {
      out += ' ';
      append_escaped(out, field.key);
      out += '=';
    }
    append_value(out, field.value, format);
    if (out.size() + kTail <= kMaxLogRecord) continue;
    out.resize(before);
    const std::string_view mark = is_json ? kTruncatedJson : kTruncatedText;
    if (!out.ends_with(mark)) out += mark;
    return;
  }
}

std::string render_log_record(WallTime time, LogLevel level, std::string_view process,
                              std::string_view phrase, std::string_view prefix, LogFields fields,
                              LogFormat format) {
  std::string out;
  out.reserve(256);
  if (format == LogFormat::kJson) {
    out += R"({"ts":")";
    out += format_rfc3339(time);
    out += R"(","level":")";
    out += to_string(level);
    out += R"(","process":)";
    append_quoted(out, process);
    out += R"(,"msg":)";
    append_quoted(out, phrase);
  } else {
    out += format_rfc3339(time);
    out += ' ';
    out += to_string(level);
    out += ' ';
    append_escaped(out, process);
    out += ": ";
    append_escaped(out, phrase);
  }
  // A prefix that would fill the record by itself was built by a bug; it goes, the phrase stays.
  if (out.size() + prefix.size() + kTail <= kMaxLogRecord) out += prefix;
  append_log_fields(out, fields, format);
  out += format == LogFormat::kJson ? "}\n" : "\n";
  return out;
}

}  // namespace pawl
