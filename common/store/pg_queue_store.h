// QueueStore on Postgres: one statement over the tenant's live rows of the lane.
#pragma once

#include "common/db/pool.h"
#include "common/store/queue_store.h"

namespace pawl::store {

/// Lives on the loop thread. `pool` connects as pawl_api and outlives this.
class PgQueueStore final : public QueueStore {
 public:
  explicit PgQueueStore(db::Pool& pool) : pool_(pool) {}

  void place(Uuid tenant, Uuid exec_id, MonoTime deadline, Done<QueuePlace> done) override;

 private:
  db::Pool& pool_;
};

}  // namespace pawl::store
