#include "worker/tools/process/reaper.h"

#include <sys/wait.h>

#include <cerrno>
#include <utility>

namespace pawl::tools {

void reap(Sandboxed& sandboxed) {
  while (waitpid(sandboxed.pid, nullptr, 0) < 0 && errno == EINTR) {}
  sandboxed.is_reaped = true;
}

Reaper::~Reaper() {
  for (Dying& one : dying_) {
    one.poll.reset();
    reap(*one.sandboxed);
  }
}

void Reaper::take(std::unique_ptr<Sandboxed> sandboxed) {
  sandboxed->kill_tree();
  const int fd = sandboxed->pidfd.get();
  dying_.push_back({std::move(sandboxed), nullptr});
  const auto place = std::prev(dying_.end());
  place->poll = std::make_unique<FdPoll>(loop_, fd, [this, place](FdEvents) {
    reap(*place->sandboxed);
    place->poll.reset();
    dying_.erase(place);
  });
  place->poll->watch(FdEvents::kRead);
}

}  // namespace pawl::tools
