// Signals and decisions in Postgres: the row's lock first, then one statement that counts, writes and wakes.
#pragma once

#include "common/db/pool.h"
#include "common/store/news_store.h"

namespace pawl::store {

/// Lives on the loop thread. `pool` connects as pawl_api and outlives this.
class PgNewsStore final : public NewsStore {
 public:
  explicit PgNewsStore(db::Pool& pool) : pool_(pool) {}

  void signal(SignalRequest request, MonoTime deadline, Done<ControlOutcome> done) override;
  void approvals(Uuid tenant, Uuid exec_id, MonoTime deadline, Done<ApprovalsRead> done) override;
  void decide(DecisionRequest request, MonoTime deadline, Done<std::optional<ControlOutcome>> done) override;

 private:
  db::Pool& pool_;
};

}  // namespace pawl::store
