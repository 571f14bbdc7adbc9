// Turns a loop until a condition holds, for tests.
#pragma once

#include <functional>

#include "common/loop/loop.h"

namespace pawl::testing {

/// False when `condition` did not come true within `longest`.
inline bool turn_until(Loop& loop, const std::function<bool()>& condition, Millis longest = Millis(5000)) {
  const auto end = std::chrono::steady_clock::now() + longest;
  while (!condition()) {
    if (std::chrono::steady_clock::now() >= end) return false;
    loop.run_for(Millis(20));
  }
  return true;
}

inline void turn_for(Loop& loop, Millis duration) {
  turn_until(
      loop, [] { return false; }, duration);
}

}  // namespace pawl::testing
