// What steps printed, in pieces. Written by workers as it comes, read by the API. Ports; PgLogStore
// implements both.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/base/ids.h"
#include "common/base/result.h"

namespace pawl::store {

/// A piece of what one attempt of a step printed.
struct LogPiece {
  Uuid tenant;
  Uuid exec_id;
  std::string path;
  std::uint32_t epoch = 0;
  int attempt = 1;
  int part = 0;             ///< from 0
  std::int64_t begins = 0;  ///< bytes this attempt had printed before it
  std::string body;
  std::int64_t forget_before = 0;  ///< pieces of this attempt that end at or before it are deleted (the cap)
};

/// Where a reader of a log stands: after this piece.
struct LogPosition {
  std::int64_t epoch = 0;
  std::int64_t attempt = 0;
  std::int64_t part = -1;
};

struct LogPage {
  std::vector<LogPiece> pieces;  ///< in order; tenant and exec_id left out
  bool more = false;             ///< there are further ones already
  bool step_ended = false;       ///< the step is final, or the whole execution is
};

class LogWriter {
 public:
  virtual ~LogWriter() = default;
  /// Known pieces are left as they are.
  virtual void append(std::vector<LogPiece> pieces, MonoTime deadline, Done<void> done) = 0;
};

class LogReader {
 public:
  virtual ~LogReader() = default;
  /// Errors: kNotFound/not_found for an unknown or foreign execution. A step that printed nothing has no
  /// pieces.
  virtual void read(Uuid tenant, Uuid exec_id, std::string path, LogPosition after, MonoTime deadline,
                    Done<LogPage> done) = 0;
};

}  // namespace pawl::store
