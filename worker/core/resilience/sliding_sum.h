// A sum over the last `span` of time. Exact to the instant while few instants are in it, coarser under load,
// always bounded.
#pragma once

#include <deque>

#include "common/base/clock.h"
#include "worker/core/resilience/limits.h"

namespace pawl::resilience {

/// `Tally` is a struct of counts with += and -=. What is exactly one span old has left.
template <typename Tally>
class SlidingSum {
 public:
  explicit SlidingSum(Millis span) : span_(span) {}

  void add(const Tally& tally, MonoTime now) {
    trim(now);
    total_ += tally;
    if (!slots_.empty() && slots_.back().at == now) {
      slots_.back().tally += tally;
      return;
    }
    if (slots_.size() == kMaxWindowSlots) halve();
    slots_.push_back({now, tally});
  }

  void trim(MonoTime now) {
    while (!slots_.empty() && now - slots_.front().at >= span_) {
      total_ -= slots_.front().tally;
      slots_.pop_front();
    }
  }

  void clear() {
    slots_.clear();
    total_ = {};
  }

  [[nodiscard]] const Tally& total() const { return total_; }

  struct Slot {
    MonoTime at;
    Tally tally;
  };
  /// Oldest first.
  [[nodiscard]] const std::deque<Slot>& slots() const { return slots_; }
  [[nodiscard]] Millis span() const { return span_; }

 private:
  /// Joins neighbours at the later instant: a call may stay a little too long, never leave too early.
  void halve() {
    std::deque<Slot> joined;
    for (std::size_t i = 0; i + 1 < slots_.size(); i += 2) {
      Slot slot = slots_[i + 1];
      slot.tally += slots_[i].tally;
      joined.push_back(slot);
    }
    if (slots_.size() % 2 == 1) joined.push_back(slots_.back());
    slots_.swap(joined);
  }

  Millis span_;
  std::deque<Slot> slots_;
  Tally total_{};
};

}  // namespace pawl::resilience
