// Watches any descriptor on the loop: libpq's and libcurl's sockets, inotify, a pidfd. The descriptor stays
// its owner's.
#pragma once

#include <cstdint>
#include <functional>

#include "common/loop/loop.h"

namespace pawl {

/// Bits; kReadWrite is both.
enum class FdEvents : std::uint8_t { kNone = 0, kRead = 1, kWrite = 2, kReadWrite = 3 };

[[nodiscard]] constexpr bool has(FdEvents set, FdEvents one) {
  return (static_cast<unsigned>(set) & static_cast<unsigned>(one)) != 0;
}

class FdPoll {
 public:
  /// `fd` must be open, pollable (no regular file) and stay open until this is destroyed; one FdPoll per
  /// descriptor. It is made non-blocking. Watches nothing until `watch`.
  FdPoll(Loop& loop, int fd, std::function<void(FdEvents)> on_ready);
  ~FdPoll();
  FdPoll(const FdPoll&) = delete;
  FdPoll& operator=(const FdPoll&) = delete;

  /// What to wait for from now on (level-triggered). An error on the descriptor is reported as what was asked
  /// for.
  void watch(FdEvents events);
  [[nodiscard]] FdEvents watched() const;

 private:
  struct Handle;
  Handle* handle_;
};

}  // namespace pawl
