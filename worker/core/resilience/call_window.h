// What a breaker remembers of recent calls: the last n of them, or those of the last span of time.
#pragma once

#include <cstdint>
#include <vector>

#include "worker/core/resilience/sliding_sum.h"

namespace pawl::resilience {

struct CallOutcome {
  bool has_failed = false;
  bool was_slow = false;
};

struct CallTally {
  std::int64_t calls = 0;
  std::int64_t failed = 0;
  std::int64_t slow = 0;

  CallTally& operator+=(const CallTally& other);
  CallTally& operator-=(const CallTally& other);
  friend bool operator==(const CallTally&, const CallTally&) = default;
};

/// Which calls count. `calls` > 0 is a count window, else `span` is a time window.
struct WindowSpec {
  int calls = 100;
  Millis span{0};
};

class CallWindow {
 public:
  explicit CallWindow(const WindowSpec& spec);

  void add(const CallOutcome& outcome, MonoTime now);
  void clear();
  /// What is in the window at `now`.
  [[nodiscard]] const CallTally& tally(MonoTime now);

 private:
  bool is_counted_;
  std::vector<CallOutcome> ring_;  // count window: up to its capacity, then overwritten from next_
  std::size_t capacity_;
  std::size_t next_ = 0;
  CallTally ring_total_;
  SlidingSum<CallTally> timed_;
};

}  // namespace pawl::resilience
