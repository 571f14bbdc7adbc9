// POSIX signals on the loop.
#pragma once

#include <functional>
#include <memory>

#include "common/loop/loop.h"

namespace pawl {

class SignalWatch {
 public:
  /// Calls `fn` on the loop each time `signal` arrives.
  SignalWatch(Loop& loop, int signal, std::function<void()> fn);
  ~SignalWatch();
  SignalWatch(const SignalWatch&) = delete;
  SignalWatch& operator=(const SignalWatch&) = delete;

 private:
  struct Handle;
  Handle* handle_;
};

}  // namespace pawl
