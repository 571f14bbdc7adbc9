#include "common/loop/loop.h"

#include <uv.h>

#include <csignal>

#include "common/base/assert.h"
#include "common/loop/loop_state.h"
#include "common/loop/uv_handle.h"

namespace pawl {
namespace {

bool any_open(uv_loop_t* loop) {
  bool open = false;
  uv_walk(
      loop,
      [](uv_handle_t* handle, void* found) {
        if (uv_is_closing(handle) == 0) *static_cast<bool*>(found) = true;
      },
      &open);
  return open;
}

}  // namespace

void LoopState::run_posts() {
  std::vector<Post> due;
  // In order of posting, so what this turn posted is a suffix; only older ones are due.
  std::size_t count = 0;
  while (count < posts.size() && posts[count].turn < turn) ++count;
  if (count == posts.size()) {
    due.swap(posts);
  } else {
    const auto end = posts.begin() + static_cast<std::ptrdiff_t>(count);
    due.assign(std::make_move_iterator(posts.begin()), std::make_move_iterator(end));
    posts.erase(posts.begin(), end);
  }
  for (Post& post : due) post.fn();
  if (posts.empty() && turn_end.empty()) uv_idle_stop(&idle);
}

void LoopState::end_turn() {
  for (int pass = 0; pass < kTurnEndPasses && !turn_end.empty(); ++pass) {
    std::vector<std::function<void()>> batch;
    batch.swap(turn_end);
    for (auto& fn : batch) fn();
    batch.clear();
    if (turn_end.empty()) turn_end.swap(batch);  // keeps its capacity
  }
  if (!turn_end.empty()) uv_idle_start(&idle, [](uv_idle_t* i) { LoopState::of(as_handle(i)).run_posts(); });
  ++turn;
}

Loop::Loop() : raw_(std::make_unique<uv_loop_t>()), state_(std::make_unique<LoopState>()) {
  // A write to a socket whose peer is gone must be an error, not the end of the process; libuv's writes raise
  // the signal.
  std::signal(SIGPIPE, SIG_IGN);
  uv_loop_t* loop = raw_.get();
  PAWL_ASSERT(uv_loop_init(loop) == 0, "the kernel gives an epoll descriptor");
  loop->data = state_.get();
  uv_idle_init(loop, &state_->idle);
  uv_prepare_init(loop, &state_->prepare);
  uv_check_init(loop, &state_->check);
  uv_timer_init(loop, &state_->limit);
  const int async = uv_async_init(loop, &state_->async, [](uv_async_t* handle) {
    LoopState& state = LoopState::of(as_handle(handle));
    std::vector<std::function<void()>> woken;
    {
      const std::lock_guard lock(state.woken_mutex);
      woken.swap(state.woken);
    }
    for (auto& fn : woken) fn();
  });
  PAWL_ASSERT(async == 0, "the kernel gives an eventfd");
  uv_prepare_start(&state_->prepare, [](uv_prepare_t* p) { LoopState::of(as_handle(p)).end_turn(); });
  uv_check_start(&state_->check, [](uv_check_t* c) { LoopState::of(as_handle(c)).end_turn(); });
  uv_unref(as_handle(&state_->prepare));
  uv_unref(as_handle(&state_->check));
  uv_unref(as_handle(&state_->async));
}

Loop::~Loop() {
  uv_handle_t* const own[] = {as_handle(&state_->idle), as_handle(&state_->prepare),
                              as_handle(&state_->check), as_handle(&state_->async),
                              as_handle(&state_->limit)};
  for (uv_handle_t* handle : own) uv_close(handle, nullptr);
  state_->posts.clear();
  state_->turn_end.clear();
  // What was closed just before gets its close callback; work on the pool is waited for, as it may touch its
  // owner.
  while (uv_run(raw_.get(), UV_RUN_NOWAIT) != 0 && !any_open(raw_.get())) {
    if (raw_->active_reqs.count > 0) uv_run(raw_.get(), UV_RUN_ONCE);
  }
  PAWL_ASSERT(uv_loop_close(raw_.get()) == 0, "every handle is closed before its loop");
}

void Loop::run() { uv_run(raw_.get(), UV_RUN_DEFAULT); }

void Loop::stop() { uv_stop(raw_.get()); }

void Loop::run_for(Millis longest) {
  uv_update_time(raw_.get());
  uv_timer_start(
      &state_->limit, [](uv_timer_t*) {}, static_cast<std::uint64_t>(longest.count()), 0);
  uv_run(raw_.get(), UV_RUN_ONCE);
  uv_timer_stop(&state_->limit);
}

MonoTime Loop::now() const {
  if (state_->now_turn != state_->turn) {
    state_->now_turn = state_->turn;
    state_->now = std::chrono::steady_clock::now();
  }
  return state_->now;
}

void Loop::post(std::function<void()> fn) {
  state_->posts.push_back({state_->turn, std::move(fn)});
  if (uv_is_active(as_handle(&state_->idle)) == 0) {
    uv_idle_start(&state_->idle, [](uv_idle_t* i) { LoopState::of(as_handle(i)).run_posts(); });
  }
}

void Loop::at_turn_end(std::function<void()> fn) { state_->turn_end.push_back(std::move(fn)); }

void Loop::wake(std::function<void()> fn) {
  {
    const std::lock_guard lock(state_->woken_mutex);
    state_->woken.push_back(std::move(fn));
  }
  uv_async_send(&state_->async);
}

}  // namespace pawl
