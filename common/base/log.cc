#include "common/base/log.h"

#include <poll.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>

#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>

#include "common/base/log_format.h"

namespace pawl {
namespace {

/// Writes whole records to a descriptor, and only when that can't block: a pipe nobody reads, a stopped
/// terminal or a full disk costs records, never time on the loop. The mutex is for the threads of the worker
/// pool.
class DescriptorSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit DescriptorSink(int descriptor) : descriptor_(descriptor) {}
  [[nodiscard]] std::uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    if (!write_record(message.payload.data(), message.payload.size()))
      dropped_.fetch_add(1, std::memory_order_relaxed);
  }
  void flush_() override {}

 private:
  bool write_record(const char* data, std::size_t size) const {
    pollfd wanted{descriptor_, POLLOUT, 0};
    if (::poll(&wanted, 1, 0) != 1 || (wanted.revents & POLLOUT) == 0) return false;
    for (;;) {
      const ssize_t n = ::write(descriptor_, data, size);
      if (n < 0 && errno == EINTR) continue;
      return n == static_cast<ssize_t>(size);
    }
  }

  const int descriptor_;
  std::atomic<std::uint64_t> dropped_{0};
};

spdlog::level::level_enum to_spdlog(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug: return spdlog::level::debug;
    case LogLevel::kInfo: return spdlog::level::info;
    case LogLevel::kWarn: return spdlog::level::warn;
    case LogLevel::kError: return spdlog::level::err;
  }
  return spdlog::level::err;
}

}  // namespace

struct Log::Sink {
  Sink(int descriptor, std::string_view name, LogLevel level, LogFormat f)
      : process(name), format(f), out(std::make_shared<DescriptorSink>(descriptor)), logger(process, out) {
    logger.set_level(to_spdlog(level));
  }

  std::string process;
  LogFormat format;
  std::shared_ptr<DescriptorSink> out;
  spdlog::logger logger;
  std::atomic<std::uint64_t> reported_drops{0};
};

Log::Log() = default;

Log Log::to_stderr(std::string_view process, LogLevel level, LogFormat format) {
  return to_descriptor(STDERR_FILENO, process, level, format);
}

Log Log::to_descriptor(int descriptor, std::string_view process, LogLevel level, LogFormat format) {
  Log log;
  log.sink_ = std::make_shared<Sink>(descriptor, process, level, format);
  return log;
}

Log Log::with(LogFields fields) const {
  Log child = *this;
  if (sink_) append_log_fields(child.prefix_, fields, sink_->format);
  return child;
}

std::uint64_t Log::dropped() const { return sink_ ? sink_->out->dropped() : 0; }

bool Log::is_enabled(LogLevel level) const { return sink_ && sink_->logger.should_log(to_spdlog(level)); }

void Log::write(LogLevel level, std::string_view phrase, LogFields fields) const {
  if (!is_enabled(level)) return;
  const WallTime now = SystemClock().wall();
  const auto put = [&](LogLevel l, std::string_view text, std::string_view prefix, LogFields f) {
    sink_->logger.log(to_spdlog(l), spdlog::string_view_t(render_log_record(now, l, sink_->process, text,
                                                                            prefix, f, sink_->format)));
  };
  put(level, phrase, prefix_, fields);
  const std::uint64_t dropped = sink_->out->dropped();
  const std::uint64_t reported = sink_->reported_drops.load(std::memory_order_relaxed);
  if (dropped == reported) return;
  put(LogLevel::kWarn, "log records dropped", {}, {{"count", dropped - reported}});
  if (sink_->out->dropped() == dropped) sink_->reported_drops.store(dropped, std::memory_order_relaxed);
}

std::optional<LogLevel> parse_log_level(std::string_view text) {
  for (const LogLevel level : {LogLevel::kDebug, LogLevel::kInfo, LogLevel::kWarn, LogLevel::kError}) {
    if (text == to_string(level)) return level;
  }
  return std::nullopt;
}

std::optional<LogFormat> parse_log_format(std::string_view text) {
  if (text == "json") return LogFormat::kJson;
  if (text == "text") return LogFormat::kText;
  return std::nullopt;
}

}  // namespace pawl
