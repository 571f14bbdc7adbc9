// Takes over sandboxes whose call was dropped: kills them, waits for their end, cleans up.
#pragma once

#include <list>
#include <memory>

#include "common/loop/fd_poll.h"
#include "common/loop/loop.h"
#include "worker/tools/process/sandbox.h"

namespace pawl::tools {

/// Collects the exit of a sandbox whose pidfd is readable.
void reap(Sandboxed& sandboxed);

class Reaper {
 public:
  explicit Reaper(Loop& loop) : loop_(loop) {}
  /// Waits for those that are left: they were killed, so it takes milliseconds.
  ~Reaper();
  Reaper(const Reaper&) = delete;
  Reaper& operator=(const Reaper&) = delete;

  void take(std::unique_ptr<Sandboxed> sandboxed);

 private:
  struct Dying {
    std::unique_ptr<Sandboxed> sandboxed;
    std::unique_ptr<FdPoll> poll;
  };
  Loop& loop_;
  std::list<Dying> dying_;
};

}  // namespace pawl::tools
