// "Later, once": delayed calls that die with their owner. Loop thread only.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>

#include "common/loop/loop.h"
#include "common/loop/timer.h"

namespace pawl::store {

class Delays {
 public:
  explicit Delays(Loop& loop) : loop_(loop) {}

  void run(Millis delay, std::function<void()> fn) {
    const std::uint64_t id = ++last_;
    auto timer = std::make_unique<Timer>(loop_);
    Timer& started = *timer;
    pending_.emplace(id, std::move(timer));
    started.start(delay, [this, id, fn = std::move(fn)] {
      const auto keep = pending_.extract(id);  // fn may end this object
      fn();
    });
  }

 private:
  Loop& loop_;
  std::uint64_t last_ = 0;
  std::map<std::uint64_t, std::unique_ptr<Timer>> pending_;
};

}  // namespace pawl::store
