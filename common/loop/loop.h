// The one libuv loop of a process. Everything runs on its thread; nothing here is thread-safe but
// `Loop::wake`.
#pragma once

#include <functional>
#include <memory>

#include "common/base/clock.h"

struct uv_loop_s;

namespace pawl {

struct LoopState;

class Loop {
 public:
  /// Ignores SIGPIPE for the process: a child that must not inherit that resets it (uv_spawn does).
  Loop();
  /// Asserts that no handle is left open.
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  /// Runs until `stop` or until nothing is left to wait for.
  void run();
  void stop();
  /// One turn: waits at most `longest` for something to happen. For tests.
  void run_for(Millis longest);

  /// Frozen within a turn (the callbacks of one poll, or the timers and posts between two).
  [[nodiscard]] MonoTime now() const;
  /// Runs `fn` on a later turn of the loop, in order of posting, without waiting for I/O.
  void post(std::function<void()> fn);
  /// Runs `fn` once when this turn is over, before the loop waits: for what gathers the work of a turn.
  void at_turn_end(std::function<void()> fn);
  /// Like post, from any thread. Does not keep the loop running.
  void wake(std::function<void()> fn);

  [[nodiscard]] uv_loop_s* raw() { return raw_.get(); }

 private:
  std::unique_ptr<uv_loop_s> raw_;
  std::unique_ptr<LoopState> state_;
};

}  // namespace pawl
