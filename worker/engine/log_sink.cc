#include "worker/engine/log_sink.h"

#include <algorithm>
#include <utility>

#include "common/base/bytes.h"
#include "worker/engine/limits.h"

namespace pawl::engine {
namespace {

/// As Postgres takes it: no NUL, and UTF-8.
std::string storable(std::string_view text) {
  std::string out(text);
  std::replace(out.begin(), out.end(), '\0', ' ');
  if (is_valid_utf8(out)) return out;
  std::replace_if(
      out.begin(), out.end(), [](char c) { return (static_cast<unsigned char>(c) & 0x80U) != 0; }, '?');
  return out;
}

/// The largest length up to `most` that cuts no character in two.
std::size_t whole_characters(std::string_view text, std::size_t most) {
  if (text.size() <= most) return text.size();
  while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0U) == 0x80U) --most;
  return most;
}

}  // namespace

LogSink::LogSink(Loop& loop, store::LogWriter* writer) : loop_(loop), writer_(writer), timer_(loop) {}

void LogSink::add(const Source& source, std::string_view text) {
  if (writer_ == nullptr || text.empty()) return;
  Log& log = logs_[source.exec_id][{source.path, source.attempt}];
  log.source = source;
  log.pending += storable(text);
  const std::size_t room = waiting_bytes_ >= kMaxWaitingLogs ? 0 : kMaxLogBytes;
  if (log.pending.size() > room) {  // the oldest goes; its place stays counted
    const std::size_t from = whole_characters(log.pending, log.pending.size() - room);
    log.printed += static_cast<std::int64_t>(from);
    log.pending.erase(0, from);
  }
  if (!timer_.active()) timer_.start(kLogFlush, [this] { flush(); });
}

void LogSink::finish(const Uuid& exec_id) {
  const auto found = logs_.find(exec_id);
  if (found == logs_.end()) return;
  for (auto& [key, log] : found->second) cut(log);
  logs_.erase(found);
  if (!unsent_.empty() && !timer_.active()) timer_.start(kLogFlush, [this] { flush(); });
}

/// What is pending of a log becomes pieces.
void LogSink::cut(Log& log) {
  std::string_view rest = log.pending;
  while (!rest.empty()) {
    const std::string_view body = rest.substr(0, whole_characters(rest, kLogPieceBytes));
    store::LogPiece piece;
    piece.tenant = log.source.tenant;
    piece.exec_id = log.source.exec_id;
    piece.path = log.source.path;
    piece.epoch = log.source.epoch;
    piece.attempt = log.source.attempt;
    piece.part = log.next_part++;
    piece.begins = log.printed;
    piece.body = body;
    log.printed += static_cast<std::int64_t>(body.size());
    piece.forget_before = std::max<std::int64_t>(0, log.printed - static_cast<std::int64_t>(kMaxLogBytes));
    waiting_bytes_ += body.size();
    unsent_.push_back(std::move(piece));
    rest.remove_prefix(body.size());
  }
  log.pending.clear();
}

/// One write is under way at a time; a failed one is repeated, but data that Postgres refuses is given up.
void LogSink::flush() {
  if (writing_) return timer_.start(kLogFlush, [this] { flush(); });
  for (auto& [exec_id, logs] : logs_) {
    for (auto& [key, log] : logs) cut(log);
  }
  if (unsent_.empty()) return;
  writing_ = true;
  const std::size_t count = std::min(unsent_.size(), kLogBatch);
  std::vector<store::LogPiece> batch(unsent_.begin(), unsent_.begin() + static_cast<std::ptrdiff_t>(count));
  writer_->append(std::move(batch), loop_.now() + kStoreDeadline,
                  [this, count, alive = std::weak_ptr<bool>(alive_)](const Result<void>& written) {
                    if (alive.expired()) return;
                    writing_ = false;
                    if (written || written.error().kind == ErrorKind::kInvalid) {
                      const auto end = unsent_.begin() + static_cast<std::ptrdiff_t>(count);
                      for (auto piece = unsent_.begin(); piece != end; ++piece)
                        waiting_bytes_ -= piece->body.size();
                      unsent_.erase(unsent_.begin(), end);
                    }
                    if (!unsent_.empty()) timer_.start(kLogFlush, [this] { flush(); });
                  });
}

}  // namespace pawl::engine
