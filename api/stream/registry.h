// All open streams of this process: pings them, ends those whose key was revoked, ends all when the process
// stops.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <unordered_map>

#include "api/auth/authenticator.h"
#include "api/stream/watcher.h"
#include "common/loop/timer.h"

namespace pawl::api::stream {

struct StreamStats {
  std::size_t open = 0;
  std::uint64_t opened = 0, finished = 0, went = 0, too_slow = 0, revoked = 0;
};

class Registry {
 public:
  Registry(Loop& loop, Authenticator& authenticator);
  ~Registry();

  /// Errors: kOverloaded/overloaded while kMaxWatchers are open, or the process stops.
  [[nodiscard]] Result<void> admit() const;
  void add(std::shared_ptr<Watcher> watcher);
  /// The last reference goes on a later turn.
  void remove(Watcher& watcher);
  /// A key was revoked: its streams end now.
  void revoke(const Uuid& key_id);
  /// Ends all streams and admits none any more.
  void stop();

  [[nodiscard]] Loop& loop() { return loop_; }
  [[nodiscard]] StreamStats stats() const;
  void count(Farewell why);
  void count_gone() { ++stats_.went; }

 private:
  void tick();
  void check_keys();
  void each(const std::function<void(Watcher&)>& fn);

  Loop& loop_;
  Authenticator& authenticator_;
  std::unordered_map<Watcher*, std::shared_ptr<Watcher>> watchers_;
  StreamStats stats_;
  bool stopping_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  Timer timer_;
};

}  // namespace pawl::api::stream
