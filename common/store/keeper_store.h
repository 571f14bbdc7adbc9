// What the keeper asks of Postgres each tick. Every act is idempotent, bounded, SKIP LOCKED. A port.
#pragma once

#include <string>
#include <vector>

#include "common/base/ids.h"
#include "common/base/result.h"
#include "common/model/status.h"

namespace pawl::store {

/// A ticket to publish: to the resume queue when the execution has started before.
struct Ticket {
  Uuid exec_id;
  Uuid tenant;
  std::uint32_t epoch = 0;
  std::string lane;
  PriorityClass priority = PriorityClass::kNormal;
  bool resume = false;
  std::string traceparent = {};
};

struct KeeperFinds {
  std::vector<Ticket> orphans;   ///< leases that ran out, owners that died: owner cleared
  std::vector<Ticket> due;       ///< wake_at reached
  std::vector<Ticket> lost;      ///< ticketed but overtaken, returned or never confirmed
  std::vector<Ticket> fed;       ///< run_at reached, or rows that had no ticket yet (fair sharing)
  int quarantined = 0;           ///< crash loops ended as failed/worker_crash_loop
};

class KeeperStore {
 public:
  virtual ~KeeperStore() = default;
  /// Takes or renews the keeper's lease (three ticks). false: somebody else has it.
  virtual void take_turn(std::string worker_id, Millis ttl, MonoTime deadline, Done<bool> done) = 0;
  /// One tick: at most `limit` finds of each kind. `lost_check`: also look for lost tickets (every second tick).
  virtual void tick(int limit, bool lost_check, MonoTime deadline, Done<KeeperFinds> done) = 0;
  /// Says which executions' tickets the broker confirmed (a hint: an unsaid one is only published again later).
  virtual void ticketed(std::vector<Uuid> exec_ids, MonoTime deadline, Done<void> done) = 0;
  /// Partitions ahead, retention, expired idempotency keys; called each minute. Answers rows removed.
  virtual void housekeeping(Millis retention, MonoTime deadline, Done<std::int64_t> done) = 0;
};

}  // namespace pawl::store
