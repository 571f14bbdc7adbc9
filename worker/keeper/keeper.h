// The keeper: the worker whose turn it is looks after what nobody holds. Each tick it asks the store for
// expired leases, due timers, lost tickets and rows to be fed, and publishes their tickets. Every act is
// idempotent: two at once do no harm.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "broker/ports.h"
#include "common/base/log.h"
#include "common/loop/timer.h"
#include "common/store/keeper_store.h"

namespace pawl::keeper {

struct Options {
  std::string worker_id;
  std::vector<std::string> lanes;
  Millis interval{250};
  Millis lease{15'000};
  int quarantine_after = 5;
  Millis retention{std::chrono::hours(24 * 30)};
};

struct KeeperStats {
  std::uint64_t ticks = 0, orphans = 0, due = 0, lost = 0, fed = 0, quarantined = 0, removed = 0,
                failed_ticks = 0;
};

class Keeper {
 public:
  Keeper(Loop& loop, store::KeeperStore& store, broker::TicketPublisher& publisher,
         broker::LaneDepths& depths, Log log, Options options);
  ~Keeper();

  void start();
  void stop();
  /// It is this worker's turn.
  [[nodiscard]] bool is_keeper() const { return is_keeper_; }
  [[nodiscard]] const KeeperStats& stats() const { return stats_; }

 private:
  void tick();
  void look_at_depths();
  void work(std::vector<std::string> empty_lanes);
  void found(const store::KeeperFinds& finds);
  void publish(const std::vector<store::Ticket>& tickets);
  void keep_house();

  Loop& loop_;
  store::KeeperStore& store_;
  broker::TicketPublisher& publisher_;
  broker::LaneDepths& depths_;
  Log log_;
  Options options_;
  KeeperStats stats_;
  bool is_keeper_ = false, busy_ = false;
  std::uint64_t turns_ = 0;
  std::map<std::string, int> empty_looks_;  // lane: looks in a row that saw it empty
  MonoTime next_housekeeping_{};
  Timer timer_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace pawl::keeper
