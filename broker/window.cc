#include "broker/window.h"

#include <algorithm>
#include <numeric>

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

std::vector<int> weigh_prefetch(int sum, const std::vector<std::uint32_t>& delivered) {
  const int count = static_cast<int>(delivered.size());
  const auto total = std::accumulate(delivered.begin(), delivered.end(), std::uint64_t{0});
  if (total == 0 || sum <= count) return split_prefetch(sum, delivered.size());
  const int least = std::max(1, sum / (4 * count));
  const int rest = sum - least * count;
  std::vector<int> parts;
  for (const std::uint32_t share : delivered) {
    parts.push_back(least + static_cast<int>(static_cast<std::uint64_t>(rest) * share / total));
  }
  // What rounding left over goes to the busiest.
  const auto busiest = std::max_element(delivered.begin(), delivered.end()) - delivered.begin();
  parts[static_cast<std::size_t>(busiest)] += sum - std::accumulate(parts.begin(), parts.end(), 0);
  return parts;
}

bool should_rebalance(const std::vector<int>& now, const std::vector<std::uint32_t>& delivered) {
  const int sum = std::accumulate(now.begin(), now.end(), 0);
  const auto total = std::accumulate(delivered.begin(), delivered.end(), std::uint64_t{0});
  if (total == 0) return false;
  const auto wanted = weigh_prefetch(sum, delivered);
  for (std::size_t i = 0; i < now.size(); ++i) {
    // A share that was used up several times over is what holds its queue back, however slow the claims are.
    const bool is_used_up = delivered[i] >= 4 * static_cast<std::uint32_t>(now[i]);
    if (is_used_up && wanted[i] >= 2 * now[i]) return true;
  }
  return false;
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
