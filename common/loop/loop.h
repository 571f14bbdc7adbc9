// The one libuv loop of a process. Everything runs on its thread; nothing here is thread-safe but `Loop::wake`.
#pragma once

#include <functional>
#include <memory>

#include "common/base/clock.h"

struct uv_loop_s;

namespace pawl {

class Loop {
 public:
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

  /// Frozen within a turn.
  [[nodiscard]] MonoTime now() const;
  /// Runs `fn` on a later turn of the loop, in order of posting.
  void post(std::function<void()> fn);
  /// Like post, from any thread.
  void wake(std::function<void()> fn);

  [[nodiscard]] uv_loop_s* raw() { return raw_.get(); }

 private:
  struct Posts;
  std::unique_ptr<uv_loop_s> raw_;
  std::unique_ptr<Posts> posts_;
};

}  // namespace pawl
