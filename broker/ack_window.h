// Which delivery tags of one channel are still open, and the fewest acks that settle those that are done.
// Pure.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>

namespace pawl::broker {

/// Tags of a channel come in order, each one more than the last. Bounded by the prefetch of the channel.
class AckWindow {
 public:
  /// A delivery arrived. False, and nothing changes, when its tag does not follow the last one.
  [[nodiscard]] bool delivered(std::uint64_t tag);
  /// It may be acked. False when the tag is unknown or was settled before.
  [[nodiscard]] bool settle(std::uint64_t tag);
  /// Calls `ack(tag, multiple)` for all that is settled: one multiple ack for the run at the front, single
  /// acks behind a gap.
  void flush(const std::function<void(std::uint64_t tag, bool multiple)>& ack);
  /// The channel is gone.
  void clear();

  /// Delivered and not acked, settled or not: what counts against the prefetch.
  [[nodiscard]] std::size_t unacked() const { return unacked_; }
  [[nodiscard]] bool has_settled() const { return settled_ > 0; }

 private:
  enum class State : std::uint8_t { kOpen, kSettled, kAcked };

  std::deque<State> states_;
  std::uint64_t first_ = 1;  // tag of the front
  std::size_t unacked_ = 0;
  std::size_t settled_ = 0;
};

}  // namespace pawl::broker
