// What a Loop keeps beside uv_loop_t: posted calls, end-of-turn calls, calls from other threads, the shared
// read buffers. Seen only inside common/loop.
#pragma once

#include <uv.h>

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "common/base/clock.h"
#include "common/loop/limits.h"

namespace pawl {

struct LoopState {
  struct Post {
    std::uint64_t turn;
    std::function<void()> fn;
  };

  uv_idle_t idle{};        // active while something is posted, so that the loop does not wait
  uv_prepare_t prepare{};  // ends the turn of timers and posts
  uv_check_t check{};      // ends the turn of I/O
  uv_async_t async{};
  uv_timer_t limit{};  // bounds run_for

  std::uint64_t turn = 1;
  std::uint64_t now_turn = 0;  // the turn `now` was read in
  MonoTime now{};

  std::vector<Post> posts;
  std::vector<std::function<void()>> turn_end;

  std::mutex woken_mutex;
  std::vector<std::function<void()>> woken;  // guarded by woken_mutex

  std::array<char, kReadBufferBytes> read_buffer{};
  std::array<char, kReadBufferBytes> plain_buffer{};  // what TLS decrypted out of read_buffer

  static LoopState& of(uv_loop_t* loop) { return *static_cast<LoopState*>(loop->data); }
  static LoopState& of(const uv_handle_t* handle) { return of(handle->loop); }

  void run_posts();
  void end_turn();
};

}  // namespace pawl
