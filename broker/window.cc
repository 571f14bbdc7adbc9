#include "broker/window.h"

#include <algorithm>

#include "broker/limits.h"

namespace pawl::broker {

int prefetch_sum(int free_slots) {
  if (free_slots <= 0) return 0;
  return std::clamp(free_slots / 2, 1, kMaxPrefetch);
}

std::vector<int> split_prefetch(int sum, std::size_t queues) {
  std::vector<int> parts(queues, 0);
  if (queues == 0) return parts;
  const int count = static_cast<int>(queues);
  for (int i = 0; i < count; ++i)
    parts[static_cast<std::size_t>(i)] = sum / count + (i < sum % count ? 1 : 0);
  return parts;
}

bool holds_acks(int sum, int free_slots) {
  if (sum == 0) return false;
  // A window of one may use the last slot, or a worker with one slot could never work.
  return sum == 1 ? free_slots < 1 : free_slots <= sum;
}

WindowStep window_step(int sum, int free_slots) {
  if (sum == 0) return free_slots > 0 ? WindowStep::kOpen : WindowStep::kKeep;
  if (holds_acks(sum, free_slots)) return WindowStep::kClose;
  const int wanted = prefetch_sum(free_slots);
  return wanted >= 2 * sum ? WindowStep::kGrow : WindowStep::kKeep;
}

}  // namespace pawl::broker
