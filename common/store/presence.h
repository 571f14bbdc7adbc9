// A worker's presence: an advisory lock on a connection of its own. When the process dies its connection
// goes, and with it the lock, which the keeper sees within a tick; the lease would take seconds.
#pragma once

#include <memory>
#include <string>

#include "common/base/log.h"
#include "common/base/rng.h"
#include "common/db/connection.h"
#include "common/loop/loop.h"
#include "common/store/delays.h"

namespace pawl::store {

/// Takes the lock of `worker_id` and holds it until it is destroyed; a lost connection is made again at once,
/// then with full jitter (the keeper lets 300 ms pass). Loop thread only.
class Presence {
 public:
  Presence(Loop& loop, Rng& rng, Log log, db::ConnectionOptions connection, std::string worker_id);
  ~Presence();
  Presence(const Presence&) = delete;
  Presence& operator=(const Presence&) = delete;

  [[nodiscard]] bool held() const { return held_; }

 private:
  void connect();
  void take();
  void again();

  Loop& loop_;
  Rng& rng_;
  Log log_;
  db::ConnectionOptions options_;
  std::string worker_id_;
  std::unique_ptr<db::Connecting> connecting_;
  std::unique_ptr<db::Connection> connection_;
  bool held_ = false;
  int failures_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  Delays delays_;
};

}  // namespace pawl::store
