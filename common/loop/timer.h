// One-shot and repeating timers on the loop. Never early.
#pragma once

#include <functional>
#include <memory>

#include "common/base/clock.h"
#include "common/loop/loop.h"

namespace pawl {

class Timer {
 public:
  explicit Timer(Loop& loop);
  ~Timer();
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  /// Calls `fn` once after `delay` (≥ 0). Starting again replaces the old one. `fn` may destroy the timer.
  void start(Millis delay, std::function<void()> fn);
  /// Calls `fn` each `interval` until stop; a late turn is not made up for.
  void every(Millis interval, std::function<void()> fn);
  void stop();
  [[nodiscard]] bool active() const;

 private:
  struct Handle;
  Handle* handle_;  // closes and frees itself in close_cb
};

}  // namespace pawl
