// One watched execution: puts what comes live and what is read from the ledger into one gap-free order and
// hands it to its watchers. Shared by all watchers of the execution in this process: one binding, one look at
// the ledger a second.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "api/stream/live_tap.h"
#include "common/model/event.h"

namespace pawl::api::stream {

class LedgerWatcher;

class Feed {
 public:
  /// Everything up to `head` is in the ledger already. `look`: asks for a read of the ledger after head(),
  /// whose rows come back through take().
  Feed(const Uuid& tenant, const Uuid& exec_id, std::uint64_t head, std::function<void()> look);

  /// Subscribes; not in the constructor, because a message may come for it.
  void listen(LiveTap& tap);
  void join(LedgerWatcher& watcher);
  void leave(LedgerWatcher& watcher);

  /// An event in any order, any number of times.
  void take(Event event);

  [[nodiscard]] const Uuid& tenant() const { return tenant_; }
  [[nodiscard]] const Uuid& exec_id() const { return exec_id_; }
  [[nodiscard]] std::uint64_t head() const { return head_; }
  [[nodiscard]] bool is_watched() const { return watching_ > 0; }

  /// When the ledger is read next; kept by the hub.
  MonoTime look_at{};
  bool looking = false, look_again = false;

 private:
  void hear(const json::Value& message);
  void advance(const Event& event);
  void hand_out(const Event& event);

  Uuid tenant_, exec_id_;
  std::uint64_t head_;
  std::function<void()> look_;
  std::vector<LedgerWatcher*> watchers_;  // null: left while handing out
  std::size_t watching_ = 0;
  bool handing_out_ = false;
  std::map<std::uint64_t, Event> early_;  // came before the one before them
  std::unique_ptr<LiveTap::Subscription> subscription_;
};

}  // namespace pawl::api::stream
