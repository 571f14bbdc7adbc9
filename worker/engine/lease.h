// The lease on the worker's own row: one narrow update per ttl/3 renews all it holds. What can't be renewed
// before the monotonic deadline is given up by the worker itself, so that a zombie stops before anybody takes
// over.
#pragma once

#include <functional>
#include <memory>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/loop/timer.h"
#include "common/store/work_store.h"

namespace pawl::engine {

class Lease {
 public:
  struct Options {
    Millis ttl;
    Millis renew;
  };
  /// `row` says what to write now; `on_lost` is called each time the lease is lost (ran out, or the row was
  /// removed).
  Lease(Loop& loop, store::WorkStore& store, Log log, Options options, std::function<store::WorkerRow()> row,
        std::function<void()> on_lost);
  ~Lease();

  /// Registers at once and renews from then on; `on_first` is called once when the first renewal succeeded.
  void start(std::function<void()> on_first);
  void stop();
  /// True from a renewal until its deadline.
  [[nodiscard]] bool is_held() const;

 private:
  void renew();
  void renewed(MonoTime sent, const Result<bool>& answer);
  void lose(std::string_view why);

  Loop& loop_;
  store::WorkStore& store_;
  Log log_;
  Options options_;
  std::function<store::WorkerRow()> row_;
  std::function<void()> on_lost_;
  std::function<void()> on_first_;
  MonoTime deadline_{};
  bool held_ = false, renewing_ = false, stopped_ = false;
  Timer renew_timer_;
  Timer deadline_timer_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace pawl::engine
