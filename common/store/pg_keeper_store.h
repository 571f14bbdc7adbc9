// What the keeper asks of Postgres each tick. Two keepers at once do no harm: every act is bounded and skips
// what is locked.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "common/base/log.h"
#include "common/db/pool.h"
#include "common/loop/loop.h"
#include "common/store/keeper_store.h"
#include "common/store/pg_control_store.h"

namespace pawl::store {

/// Lives on the loop thread. `pool` connects as pawl_worker and outlives this.
class PgKeeperStore final : public KeeperStore {
 public:
  PgKeeperStore(Loop& loop, db::Pool& pool, Log log)
      : pool_(pool), control_(loop, pool), log_(std::move(log)) {}

  void take_turn(std::string worker_id, Millis ttl, MonoTime deadline, Done<bool> done) override;
  void tick(KeeperTick what, MonoTime deadline, Done<KeeperFinds> done) override;
  void housekeeping(Millis retention, MonoTime deadline, Done<std::int64_t> done) override;

 private:
  struct Pause;
  void end_pauses(std::shared_ptr<KeeperFinds> finds, std::shared_ptr<std::vector<Pause>> pauses,
                  MonoTime deadline, Done<KeeperFinds> done);
  void retire(std::vector<std::string> days, std::int64_t removed, MonoTime deadline,
              Done<std::int64_t> done);

  db::Pool& pool_;
  PgControlStore control_;
  Log log_;
  Uuid window_from_{};  // where the look for overtaken tickets goes on
};

}  // namespace pawl::store
