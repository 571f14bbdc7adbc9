#include "common/loop/fd_poll.h"

#include <uv.h>

#include <memory>

#include "common/base/assert.h"
#include "common/loop/uv_handle.h"

namespace pawl {

struct FdPoll::Handle {
  uv_poll_t uv{};
  FdEvents watched = FdEvents::kNone;
  std::shared_ptr<std::function<void(FdEvents)>> on_ready;  // shared: it may destroy its poll while it runs

  static void ready(uv_poll_t* poll, int status, int events) {
    auto* self = static_cast<Handle*>(poll->data);
    const auto keep = self->on_ready;
    if (!keep) return;
    unsigned bits = 0;
    if ((events & UV_READABLE) != 0) bits |= static_cast<unsigned>(FdEvents::kRead);
    if ((events & UV_WRITABLE) != 0) bits |= static_cast<unsigned>(FdEvents::kWrite);
    if (status < 0) {
      // libuv has stopped the watch; the owner's next read or write tells what is wrong.
      bits = static_cast<unsigned>(self->watched);
      self->watched = FdEvents::kNone;
    }
    if (bits != 0) (*keep)(static_cast<FdEvents>(bits));
  }
};

FdPoll::FdPoll(Loop& loop, int fd, std::function<void(FdEvents)> on_ready) : handle_(new Handle) {
  handle_->on_ready = std::make_shared<std::function<void(FdEvents)>>(std::move(on_ready));
  PAWL_ASSERT(uv_poll_init(loop.raw(), &handle_->uv, fd) == 0, "the descriptor is open and can be polled");
  handle_->uv.data = handle_;
}

FdPoll::~FdPoll() {
  handle_->on_ready.reset();
  close_and_delete(handle_);
}

void FdPoll::watch(FdEvents events) {
  if (events == handle_->watched) return;
  handle_->watched = events;
  if (events == FdEvents::kNone) {
    uv_poll_stop(&handle_->uv);
    return;
  }
  const int wanted =
      (has(events, FdEvents::kRead) ? UV_READABLE : 0) | (has(events, FdEvents::kWrite) ? UV_WRITABLE : 0);
  PAWL_ASSERT(uv_poll_start(&handle_->uv, wanted, Handle::ready) == 0, "an open descriptor can be watched");
}

FdEvents FdPoll::watched() const { return handle_->watched; }

}  // namespace pawl
