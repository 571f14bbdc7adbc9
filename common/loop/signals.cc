#include "common/loop/signals.h"

#include <uv.h>

#include "common/base/assert.h"
#include "common/loop/uv_handle.h"

namespace pawl {

struct SignalWatch::Handle {
  uv_signal_t uv{};
  std::shared_ptr<std::function<void()>> fn;  // shared: it may destroy its watch while it runs
};

SignalWatch::SignalWatch(Loop& loop, int signal, std::function<void()> fn) : handle_(new Handle) {
  handle_->fn = std::make_shared<std::function<void()>>(std::move(fn));
  PAWL_ASSERT(uv_signal_init(loop.raw(), &handle_->uv) == 0, "the kernel gives the signal pipe");
  handle_->uv.data = handle_;
  const int started = uv_signal_start(
      &handle_->uv,
      [](uv_signal_t* uv, int) {
        const auto keep = static_cast<Handle*>(uv->data)->fn;
        if (keep) (*keep)();
      },
      signal);
  PAWL_ASSERT(started == 0, "the signal can be caught");
  uv_unref(as_handle(&handle_->uv));
}

SignalWatch::~SignalWatch() {
  handle_->fn.reset();
  close_and_delete(handle_);
}

}  // namespace pawl
