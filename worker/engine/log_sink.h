// What steps print, gathered and stored a few times a second, whoever watches or not. Bounded: of a long log
// the newest part is kept, and readers are shown where something is missing. Loop thread only.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "common/loop/timer.h"
#include "common/store/log_store.h"

namespace pawl::engine {

class LogSink {
 public:
  /// `writer` null: nothing is stored.
  LogSink(Loop& loop, store::LogWriter* writer);

  struct Source {
    Uuid tenant, exec_id;
    std::uint32_t epoch = 0;
    std::string path;
    int attempt = 1;
  };
  void add(const Source& source, std::string_view text);
  /// The execution is not held any more: nothing more comes of its steps under this epoch.
  void finish(const Uuid& exec_id);

 private:
  struct Log {
    Source source;
    std::int64_t printed = 0;  // bytes before `pending`
    int next_part = 0;
    std::string pending;
  };
  using Logs = std::map<std::tuple<std::string, int>, Log>;  // path, attempt
  void cut(Log& log);
  void flush();

  Loop& loop_;
  store::LogWriter* writer_;
  std::unordered_map<Uuid, Logs> logs_;
  std::vector<store::LogPiece> unsent_;
  std::size_t waiting_bytes_ = 0;
  bool writing_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  Timer timer_;
};

}  // namespace pawl::engine
