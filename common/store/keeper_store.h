// What the keeper asks of Postgres each tick. Every act is idempotent, bounded, SKIP LOCKED. A port.
#pragma once

#include <string>
#include <vector>

#include "common/base/ids.h"
#include "common/base/result.h"
#include "common/model/status.h"
#include "common/store/ticket.h"

namespace pawl::store {

struct KeeperTick {
  int limit = 256;                 ///< finds of each kind
  Millis lease{15000};             ///< presence is ignored for so long after a restart of Postgres
  int quarantine_after = 5;        ///< crashed owner processes
  bool look_for_overtaken = true;  ///< every second tick is enough
  std::vector<std::string> empty_lanes =
      {};  ///< whose broker queues were seen empty for two ticks: all their tickets are lost
};

struct KeeperFinds {
  std::vector<Ticket> orphans;  ///< leases that ran out, owners that died: owner cleared
  std::vector<Ticket> due;      ///< wake_at reached
  std::vector<Ticket> lost;     ///< ticketed but overtaken, returned or never confirmed
  std::vector<Ticket> fed;      ///< run_at reached, or rows that had no ticket yet (fair sharing)
  int quarantined = 0;          ///< crash loops ended as failed/worker_crash_loop
};

class KeeperStore {
 public:
  virtual ~KeeperStore() = default;
  /// Takes or renews the keeper's lease (three ticks). false: somebody else has it.
  virtual void take_turn(std::string worker_id, Millis ttl, MonoTime deadline, Done<bool> done) = 0;
  /// One tick. Whatever it finds has its next publication already set (5 s later, then doubling to 60 s), so
  /// nothing need be said when a publish fails. A pause that ran out is resumed or cancelled as it asked.
  virtual void tick(KeeperTick what, MonoTime deadline, Done<KeeperFinds> done) = 0;
  /// Partitions ahead, retention, expired idempotency keys; called each minute. Answers rows removed.
  virtual void housekeeping(Millis retention, MonoTime deadline, Done<std::int64_t> done) = 0;
};

}  // namespace pawl::store
