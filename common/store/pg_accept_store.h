// Accepts executions into Postgres: every request that arrived while the last transaction was under way
// shares the next one. Answers only what it knows; a commit in doubt is looked up, and what is not there is
// written again under the same id.
#pragma once

#include <memory>
#include <vector>

#include "common/base/log.h"
#include "common/base/rng.h"
#include "common/db/batcher.h"
#include "common/db/pool.h"
#include "common/loop/loop.h"
#include "common/store/accept_store.h"
#include "common/store/database_clock.h"
#include "common/store/delays.h"

namespace pawl::store {

/// Lives on the loop thread. `pool` connects as pawl_api and outlives this.
class PgAcceptStore final : public AcceptStore {
 public:
  PgAcceptStore(Loop& loop, Rng& rng, db::Pool& pool, Log log);

  void accept(NewExecution execution, MonoTime deadline, Done<Accepted> done) override;

 private:
  struct Entry {
    NewExecution execution;
    Uuid exec_id;
    MonoTime deadline;
    Done<Accepted> done;
    std::size_t bytes = 0;
    std::string input = {};
  };
  using Entries = std::vector<Entry>;
  using Finished = std::function<void()>;

  void read_clock();
  void enqueue(Entry entry);
  void flush(Entries entries, Finished finished);
  void write(std::shared_ptr<Entries> entries, int tries, Finished finished);
  void written(const std::shared_ptr<Entries>& entries, const db::Rows& rows, const Finished& finished);
  void failed(std::shared_ptr<Entries> entries, const Error& error, int tries, Finished finished);
  void halve(const std::shared_ptr<Entries>& entries, Finished finished);
  void look_up(std::shared_ptr<Entries> entries, Millis pause, Finished finished);
  void find_keys(std::shared_ptr<Entries> entries, Finished finished);
  Entries drop_expired(Entries entries);

  Loop& loop_;
  db::Pool& pool_;
  Log log_;
  UuidGenerator ids_;
  DatabaseClock clock_;
  std::vector<Entry> unclocked_;  // arrived before the database's time was known
  Delays delays_;
  db::Batcher<Entry> batcher_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace pawl::store
