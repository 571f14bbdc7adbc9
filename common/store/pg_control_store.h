// Control requests in Postgres: read the row, decide by the table, write guarded by what was read; again when
// it has moved.
#pragma once

#include <memory>
#include <string>

#include "common/db/pool.h"
#include "common/loop/loop.h"
#include "common/store/control_store.h"
#include "common/store/control_table.h"

namespace pawl::store {

/// Lives on the loop thread. `pool` connects as pawl_api (or pawl_worker, for the keeper) and outlives this.
class PgControlStore final : public ControlStore {
 public:
  PgControlStore(Loop& loop, db::Pool& pool) : loop_(loop), pool_(pool) {}

  void control(ControlRequest request, MonoTime deadline, Done<ControlOutcome> done) override;

 private:
  struct Row;
  struct Attempt;
  void read(std::shared_ptr<Attempt> attempt);
  void decide(const std::shared_ptr<Attempt>& attempt, const Row& row);
  void write(const std::shared_ptr<Attempt>& attempt, const Row& row, const ControlMove& move);

  Loop& loop_;
  db::Pool& pool_;
};

}  // namespace pawl::store
