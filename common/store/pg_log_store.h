// What steps printed, in Postgres.
#pragma once

#include "common/db/pool.h"
#include "common/store/log_store.h"

namespace pawl::store {

/// `pool` connects as pawl_worker to write, as pawl_api to read, and outlives this.
class PgLogStore final : public LogWriter, public LogReader {
 public:
  explicit PgLogStore(db::Pool& pool) : pool_(pool) {}

  void append(std::vector<LogPiece> pieces, MonoTime deadline, Done<void> done) override;
  void read(Uuid tenant, Uuid exec_id, std::string path, LogPosition after, MonoTime deadline,
            Done<LogPage> done) override;

 private:
  db::Pool& pool_;
};

}  // namespace pawl::store
