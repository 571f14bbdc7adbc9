// Which executions somebody watches live, so that nothing is published for the others. Told by the API on
// pawl.control and renewed while the watcher stays; bounded and forgetful on purpose (a watcher re-reads the
// ledger once a second).
#pragma once

#include <string>
#include <unordered_map>

#include "common/base/clock.h"
#include "worker/engine/limits.h"

namespace pawl::engine {

class WatchSet {
 public:
  void watch(const std::string& exec_id, MonoTime now) {
    if (until_.size() >= kMaxWatched) prune(now);
    if (until_.size() < kMaxWatched) until_[exec_id] = now + kWatchTtl;
  }
  [[nodiscard]] bool is_watched(const std::string& exec_id, MonoTime now) const {
    const auto found = until_.find(exec_id);
    return found != until_.end() && found->second > now;
  }
  [[nodiscard]] bool empty() const { return until_.empty(); }

 private:
  void prune(MonoTime now) {
    std::erase_if(until_, [now](const auto& entry) { return entry.second <= now; });
  }
  std::unordered_map<std::string, MonoTime> until_;
};

}  // namespace pawl::engine
