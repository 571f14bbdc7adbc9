// Circuit breakers as all workers and operators see them: one row per (tenant, tool, target), moved by
// compare-and-set on its generation. A port; PgBreakerStore and FakeBreakerStore implement it. What a state
// means is worker/core/resilience's business; here it is a word.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/base/ids.h"
#include "common/base/result.h"

namespace pawl::store {

struct BreakerKey {
  Uuid tenant;
  std::string tool;
  std::string target;  ///< "host:port"
  friend bool operator==(const BreakerKey&, const BreakerKey&) = default;
};

struct BreakerRow {
  BreakerKey key;
  std::string state = "closed";  ///< closed open half_open forced_open disabled metrics_only
  std::uint64_t generation = 0;  ///< set by the store
  int openings = 0;              ///< reopenings since the last close
  /// Of the open time; of a half-open row: how long its holder may probe. Empty: for ever.
  std::optional<Millis> remaining = {};
  std::string holder = {};  ///< the worker that probes a half-open target; "" = nobody yet
  WallTime changed_at{};    ///< set by the store
};

/// The row there now; `is_ours`: this call wrote it.
struct BreakerMove {
  bool is_ours = false;
  BreakerRow row;
};

class BreakerStore {
 public:
  virtual ~BreakerStore() = default;
  /// Writes `row` as generation `expected` + 1 if the row there is of generation `expected` (0: there is
  /// none).
  virtual void compare_and_set(BreakerRow row, std::uint64_t expected, MonoTime deadline,
                               Done<BreakerMove> done) = 0;
  /// An operator's order: written over whatever is there.
  /// Errors: kConflict/illegal_transition for half_open where the breaker is closed or unknown.
  virtual void order(BreakerRow row, MonoTime deadline, Done<BreakerRow> done) = 0;
  /// Rows that changed within the last `within`; without it, all that are not closed. Of every tenant.
  virtual void changed(std::optional<Millis> within, MonoTime deadline,
                       Done<std::vector<BreakerRow>> done) = 0;
  /// Rows of a tenant by tool and target, after `after` (its key; empty: from the start), at most `limit`.
  virtual void list(Uuid tenant, std::optional<BreakerKey> after, int limit, MonoTime deadline,
                    Done<std::vector<BreakerRow>> done) = 0;
};

}  // namespace pawl::store
