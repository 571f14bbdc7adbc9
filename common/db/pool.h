// A few connections that reconnect by themselves with full jitter. Calls wait in a bounded queue for a free
// one.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "common/base/log.h"
#include "common/base/rng.h"
#include "common/db/connection.h"

namespace pawl::db {

struct PoolOptions {
  ConnectionOptions connection;
  int size = 2;
  std::size_t max_waiting = 4096;  ///< more are refused with kOverloaded
  Millis reconnect_initial{100};
  Millis reconnect_max{3000};
};

class Pool {
 public:
  virtual ~Pool() = default;
  /// Queues one transaction. `deadline` bounds waiting and running; past it: kTimeout (in_doubt if it was
  /// sent), or kUnavailable/postgres_unavailable when there was no connection.
  virtual void run(std::vector<Call> calls, std::vector<Uuid> tenants, MonoTime deadline,
                   Done<std::vector<RowsPtr>> done) = 0;
  /// True while at least one connection is up.
  [[nodiscard]] virtual bool healthy() const = 0;
  /// Called each time `healthy` changes.
  virtual void on_health(std::function<void(bool)> listener) = 0;
};

std::unique_ptr<Pool> make_pool(Loop& loop, Rng& rng, Log log, PoolOptions options);

}  // namespace pawl::db
