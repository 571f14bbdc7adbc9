// Everybody who watches one execution: a feed for each watched execution, their ledgers read together.
#pragma once

#include <memory>
#include <unordered_map>
#include <vector>

#include "api/stream/feed.h"
#include "api/stream/ledger_watcher.h"
#include "api/stream/live_tap.h"
#include "api/stream/registry.h"
#include "common/loop/timer.h"
#include "common/store/read_store.h"
#include "common/store/stream_store.h"

namespace pawl::api::stream {

class Hub {
 public:
  Hub(Loop& loop, Registry& registry, LiveTap& tap, store::ReadStore& reads, store::StreamStore& store);
  ~Hub();

  /// `position` was read just now: the execution is there and the caller's.
  void watch(const Principal& principal, const LedgerRequest& request, const store::LedgerPosition& position,
             const MakeOutlet& make);
  [[nodiscard]] std::size_t feeds() const { return feeds_.size(); }

 private:
  Feed& feed_of(const Uuid& tenant, const Uuid& exec_id, std::uint64_t head);
  void tick();
  void look(const Uuid& exec_id);
  void read_tails();
  void read(const std::vector<store::LedgerTail>& asked, Result<std::vector<Event>> events);

  Loop& loop_;
  Registry& registry_;
  LiveTap& tap_;
  store::ReadStore& reads_;
  store::StreamStore& store_;
  std::unordered_map<Uuid, std::unique_ptr<Feed>> feeds_;
  std::vector<Uuid> due_;  // feeds whose ledger is to be read
  bool reading_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  Timer timer_;
};

}  // namespace pawl::api::stream
