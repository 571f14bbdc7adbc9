// Watching all executions of a tenant, for dashboards: their execution.* events, filtered. The tenant's
// newest ledger rows are read twice a second while somebody watches, once for all its watchers; workers and
// broker have no part in it.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "api/stream/registry.h"
#include "common/loop/timer.h"
#include "common/model/status.h"
#include "common/store/stream_store.h"

namespace pawl::api::stream {

struct OverviewRequest {
  std::vector<ExecutionStatus> statuses = {};  ///< of the execution after the event; empty: all
  std::string task_id = {};
  std::map<std::string, std::string> labels = {};
  std::optional<WallTime> since = {};  ///< a client that comes back: from this event on
};

/// The status an execution has after an event; nullopt where it tells nothing about it. Pure.
std::optional<ExecutionStatus> status_after(EventType type);
/// Does a watcher with this request want the event? Pure.
bool matches(const OverviewRequest& request, const store::TenantEvent& event);
/// The event as watchers get it: with task_id, status and labels; its id says where to go on. Pure.
Frames overview_frames(const store::TenantEvent& event);

class Overview;

class OverviewWatcher final : public Watcher {
 public:
  OverviewWatcher(Registry& registry, const Principal& principal, Overview& overview,
                  OverviewRequest request);
  void open(const MakeOutlet& make);
  void offer(const store::TenantEvent& event, Frames& frames);
  [[nodiscard]] const Uuid& tenant() const { return tenant_; }
  [[nodiscard]] const OverviewRequest& request() const { return request_; }

 private:
  void detach() override;

  Overview& overview_;
  Uuid tenant_;
  OverviewRequest request_;
};

class Overview {
 public:
  Overview(Loop& loop, Registry& registry, store::StreamStore& store);
  void watch(const Principal& principal, OverviewRequest request, const MakeOutlet& make);

 private:
  friend class OverviewWatcher;
  struct Tail {
    std::optional<WallTime> since;  // the newest event seen; nothing yet: the clock has to be asked first
    std::map<std::pair<Uuid, std::uint64_t>, WallTime> known;
    std::vector<OverviewWatcher*> watchers;
    bool reading = false, is_behind = false;
  };
  void leave(OverviewWatcher& watcher);
  void catch_up(const std::shared_ptr<OverviewWatcher>& watcher);
  void poll();
  void poll(const Uuid& tenant, Tail& tail);
  void hand_out(Tail& tail, const std::vector<store::TenantEvent>& events);

  Loop& loop_;
  Registry& registry_;
  store::StreamStore& store_;
  std::unordered_map<Uuid, Tail> tails_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  Timer timer_;
};

}  // namespace pawl::api::stream
