// How many tickets a worker may have outstanding, and when its consumers open and close (architecture §6).
// Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace pawl::broker {

/// Prefetch of all consumers together when they open with that many free slots: half of them, at least 1, at
/// most 64; 0 without a free slot. So outstanding deliveries never exceed the free slots, and nothing
/// delivered waits for one.
int prefetch_sum(int free_slots);

/// `sum` over `queues` consumers, differing by at most 1, earlier ones first. With fewer than one for each,
/// the later queues get 0: the caller chooses which queues to consume then.
std::vector<int> split_prefetch(int sum, std::size_t queues);

/// Like split_prefetch, but by how much each queue delivered lately: a small share for each, so that none is
/// shut out, and the rest to those that are busy. All zeros give the even split. `sum` is at least the number
/// of queues.
std::vector<int> weigh_prefetch(int sum, const std::vector<std::uint32_t>& delivered);

/// True when some queue should have at least twice what it has, and used its share up often enough to tell.
bool should_rebalance(const std::vector<int>& now, const std::vector<std::uint32_t>& delivered);

enum class WindowStep : unsigned char {
  kKeep,
  kOpen,   ///< consume with prefetch_sum(free)
  kClose,  ///< cancel: the free slots have fallen to the window
  kGrow,   ///< cancel and open wider: a window opened with few free slots is small
};

/// What a worker with `free_slots` and an open window of `sum` (0 = closed) should do.
WindowStep window_step(int sum, int free_slots);

/// True while acks are kept back: each one would let the broker send another ticket into too few slots.
bool holds_acks(int sum, int free_slots);

}  // namespace pawl::broker
