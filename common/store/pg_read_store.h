// What the API reads of executions, from Postgres. Lists are keyset-paged, newest first; each set of filters
// has its own statement, so that one that uses an index is never planned for the one that does not.
#pragma once

#include "common/db/pool.h"
#include "common/loop/loop.h"
#include "common/store/read_store.h"

namespace pawl::store {

/// `pool` connects as pawl_api and outlives this.
class PgReadStore final : public ReadStore {
 public:
  PgReadStore(Loop& loop, db::Pool& pool) : loop_(loop), pool_(pool) {}

  void get(Uuid tenant, Uuid exec_id, MonoTime deadline, Done<ExecutionRow> done) override;
  void steps(Uuid tenant, Uuid exec_id, std::optional<std::string> path, MonoTime deadline,
             Done<std::vector<StepRecord>> done) override;
  void events(Uuid tenant, Uuid exec_id, std::uint64_t after_seq, int limit, MonoTime deadline,
              Done<std::vector<Event>> done) override;
  void list(Uuid tenant, ExecutionFilter filter, Page page, MonoTime deadline,
            Done<ExecutionList> done) override;
  void stats(Uuid tenant, MonoTime deadline, Done<Stats> done) override;
  void workers(MonoTime deadline, Done<std::vector<WorkerRow>> done) override;
  void tools(MonoTime deadline, Done<std::vector<ToolDescriptor>> done) override;

 private:
  Loop& loop_;
  db::Pool& pool_;
};

}  // namespace pawl::store
