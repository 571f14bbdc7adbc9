#include "common/loop/timer.h"

#include <uv.h>

#include <algorithm>

#include "common/base/assert.h"
#include "common/loop/limits.h"
#include "common/loop/uv_handle.h"

namespace pawl {

struct Timer::Handle {
  uv_timer_t uv{};
  std::function<void()> fn;
  MonoTime due{};
  Millis interval{0};  // 0: once
  std::uint64_t generation = 0;
  bool destroyed = false;

  // libuv counts whole milliseconds of a time read at the start of the turn; rounding up against the real
  // clock is what keeps a timer from being early by the rest of a millisecond, or by the length of this turn.
  void arm() {
    const auto loop_time = MonoTime(std::chrono::duration_cast<MonoTime::duration>(Millis(uv_now(uv.loop))));
    const auto wait = std::chrono::ceil<Millis>(due - loop_time);
    uv_timer_start(&uv, fire, wait.count() > 0 ? static_cast<std::uint64_t>(wait.count()) : 0, 0);
  }

  static void fire(uv_timer_t* timer) {
    auto* self = static_cast<Handle*>(timer->data);
    auto fn = std::move(self->fn);  // it may restart or destroy the timer
    const std::uint64_t generation = self->generation;
    if (self->interval.count() > 0) {
      const MonoTime now = std::chrono::steady_clock::now();
      self->due += self->interval;
      if (self->due <= now) self->due = now + self->interval;
      self->arm();
    }
    fn();
    // A closing handle lives until the loop's closing phase, so `self` is still there.
    if (!self->destroyed && self->generation == generation && self->interval.count() > 0)
      self->fn = std::move(fn);
  }

  void start(Millis delay, Millis repeat, std::function<void()> callback) {
    PAWL_ASSERT(delay.count() >= 0, "a delay is not negative");
    ++generation;
    fn = std::move(callback);
    interval = repeat;
    due = std::chrono::steady_clock::now() + std::min(delay, kLongestDelay);
    if (delay.count() == 0) due = MonoTime{};
    arm();
  }
};

Timer::Timer(Loop& loop) : handle_(new Handle) {
  uv_timer_init(loop.raw(), &handle_->uv);
  handle_->uv.data = handle_;
}

Timer::~Timer() {
  handle_->destroyed = true;
  ++handle_->generation;
  handle_->fn = nullptr;
  close_and_delete(handle_);
}

void Timer::start(Millis delay, std::function<void()> fn) { handle_->start(delay, Millis(0), std::move(fn)); }

void Timer::every(Millis interval, std::function<void()> fn) {
  PAWL_ASSERT(interval.count() > 0, "an interval is positive");
  handle_->start(interval, interval, std::move(fn));
}

void Timer::stop() {
  ++handle_->generation;
  handle_->fn = nullptr;
  handle_->interval = Millis(0);
  uv_timer_stop(&handle_->uv);
}

bool Timer::active() const { return uv_is_active(as_handle(&handle_->uv)) != 0; }

}  // namespace pawl
