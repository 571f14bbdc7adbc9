// One client that reads what a step printed, to its end or following it. Reads by position, so nothing is
// missed or doubled.
#pragma once

#include <memory>
#include <string>

#include "api/stream/watcher.h"
#include "common/loop/timer.h"
#include "common/store/log_store.h"

namespace pawl::api::stream {

struct LogRequest {
  Uuid exec_id;
  std::string path;
  bool follow = false;
};

/// Answers 200 text/plain.
MakeOutlet make_plain_text(Loop& loop, http::ExchangePtr exchange);

class LogWatcher final : public Watcher {
 public:
  LogWatcher(Registry& registry, const Principal& principal, store::LogReader& logs, LogRequest request);
  void open(const MakeOutlet& make);

 private:
  void read();
  void take(Result<store::LogPage> page);
  void print(const store::LogPiece& piece);
  void again_in(Millis delay) {
    timer_.start(delay, [this] { read(); });
  }
  void detach() override { timer_.stop(); }

  store::LogReader& logs_;
  Uuid tenant_;
  LogRequest request_;
  store::LogPosition position_;
  std::int64_t expected_ = 0;  // where the next piece of this attempt begins
  bool last_look_ = false;
  Timer timer_;
};

}  // namespace pawl::api::stream
