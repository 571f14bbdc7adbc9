// Structured logs: a constant phrase and fields, one JSON record (or text line) each. Never payloads, tokens,
// connection strings.
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "common/base/result.h"

namespace pawl {

enum class LogLevel : std::uint8_t { kDebug, kInfo, kWarn, kError };
enum class LogFormat : std::uint8_t { kJson, kText };

/// One field of a record. Strings are escaped, so no value can forge a second record.
struct LogField {
  using Value = std::variant<std::string_view, std::int64_t, std::uint64_t, double, bool>;
  std::string_view key;
  Value value;

  LogField(std::string_view k, std::string_view v) : key(k), value(v) {}
  LogField(std::string_view k, const char* v) : key(k), value(std::string_view(v)) {}
  LogField(std::string_view k, const std::string& v) : key(k), value(std::string_view(v)) {}
  LogField(std::string_view k, bool v) : key(k), value(v) {}
  LogField(std::string_view k, double v) : key(k), value(v) {}
  template <std::signed_integral T>
  LogField(std::string_view k, T v) : key(k), value(static_cast<std::int64_t>(v)) {}
  template <std::unsigned_integral T>
  requires(!std::same_as<T, bool>) LogField(std::string_view k, T v)
      : key(k), value(static_cast<std::uint64_t>(v)) {}
};

using LogFields = std::initializer_list<LogField>;

/// Writes to stderr through spdlog (hidden in log.cc). A value type: copies share the sink; `with` adds fixed
/// fields. Logging never blocks work: when the sink can't take a record it is dropped and counted.
class Log {
 public:
  /// A log that drops everything; for tests.
  Log();
  /// `process` is the value of the "process" field, as pawl-worker.
  static Log to_stderr(std::string_view process, LogLevel level, LogFormat format);
  /// The same into an open descriptor, which stays the caller's and must outlive every copy.
  static Log to_descriptor(int descriptor, std::string_view process, LogLevel level, LogFormat format);

  /// This log with `fields` in front of every record, as exec=, step=, try=.
  [[nodiscard]] Log with(LogFields fields) const;

  void debug(std::string_view phrase, LogFields fields = {}) const {
    write(LogLevel::kDebug, phrase, fields);
  }
  void info(std::string_view phrase, LogFields fields = {}) const { write(LogLevel::kInfo, phrase, fields); }
  void warn(std::string_view phrase, LogFields fields = {}) const { write(LogLevel::kWarn, phrase, fields); }
  void error(std::string_view phrase, LogFields fields = {}) const {
    write(LogLevel::kError, phrase, fields);
  }

  /// Records this log's sink could not take since the start; the next one that goes through reports them.
  [[nodiscard]] std::uint64_t dropped() const;
  [[nodiscard]] bool is_enabled(LogLevel level) const;

  struct Sink;

 private:
  void write(LogLevel level, std::string_view phrase, LogFields fields) const;

  std::shared_ptr<Sink> sink_;
  std::string prefix_;  // already rendered fields
};

/// "debug", "info", "warn", "error" and "json", "text", as in the configuration. Errors: nullopt.
std::optional<LogLevel> parse_log_level(std::string_view text);
std::optional<LogFormat> parse_log_format(std::string_view text);

/// The field that tells what went wrong, for `log.warn("…", {error_field(e)})`.
inline LogField error_field(const Error& error) { return LogField("error", error.message); }

}  // namespace pawl
