// Database time as this worker knows it: the last now() of a transaction plus the monotonic time since. It
// leans late, never early, because an answer arrives after its now(). Hosts' wall clocks decide nothing.
#pragma once

#include "common/base/clock.h"

namespace pawl::engine {

class DatabaseClock {
 public:
  /// `database_now` came with an answer that arrived at `at`.
  void observe(WallTime database_now, MonoTime at) {
    const WallTime estimate = now(at);
    const auto behind = database_now - estimate;
    // Within a second the later one is nearer to the truth; a larger step back is a new primary or a clock
    // that was set.
    if (behind >= Micros{0} || behind < -std::chrono::seconds(1)) {
      base_ = database_now;
      at_ = at;
    }
  }
  [[nodiscard]] WallTime now(MonoTime at) const {
    return base_ + std::chrono::duration_cast<Micros>(at - at_);
  }

 private:
  WallTime base_{};
  MonoTime at_{};
};

}  // namespace pawl::engine
