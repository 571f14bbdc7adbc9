// One client that watches one execution. Sends only the event after the last one that went by, so that
// whatever happens it sees each once and in order: live from the feed, or from the ledger while it is behind.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "api/stream/event_types.h"
#include "api/stream/feed.h"
#include "api/stream/watcher.h"
#include "common/loop/timer.h"
#include "common/store/read_store.h"
#include "common/store/stream_store.h"

namespace pawl::api::stream {

/// What a client asked for.
struct LedgerRequest {
  Uuid exec_id;
  std::uint64_t after_seq = 0;
  TypeSet types = {};
};

class LedgerWatcher final : public Watcher {
 public:
  LedgerWatcher(Registry& registry, const Principal& principal, store::ReadStore& reads,
                const LedgerRequest& request, const store::LedgerPosition& position);

  /// Answers the client and begins. `feed` is null for an execution that has ended.
  void open(const MakeOutlet& make, Feed* feed);
  /// From the feed: an event in order, or a live-only one.
  void offer(const Event& event, Frames& frames);

 private:
  void catch_up();
  void read_page(Result<std::vector<Event>> page);
  void pass(const Event& event, Frames& frames);
  void again_in(Millis delay);
  void detach() override;

  store::ReadStore& reads_;
  Feed* feed_ = nullptr;
  Uuid tenant_, exec_id_;
  std::uint64_t cursor_;  // the last event that went by
  std::uint64_t after_;   // nothing up to this one is sent
  TypeSet types_;
  bool is_live_ = false, reading_ = false;
  std::unique_ptr<Timer> timer_;  // only while it waits
};

}  // namespace pawl::api::stream
