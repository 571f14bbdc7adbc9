// What streams read, from Postgres.
#pragma once

#include "common/db/pool.h"
#include "common/store/stream_store.h"

namespace pawl::store {

/// `pool` connects as pawl_api and outlives this.
class PgStreamStore final : public StreamStore {
 public:
  explicit PgStreamStore(db::Pool& pool) : pool_(pool) {}

  void position(Uuid tenant, Uuid exec_id, MonoTime deadline, Done<LedgerPosition> done) override;
  void tails(std::vector<LedgerTail> tails, int limit, MonoTime deadline,
             Done<std::vector<Event>> done) override;
  void recent(Uuid tenant, WallTime since, int limit, MonoTime deadline,
              Done<std::vector<TenantEvent>> done) override;
  void now(MonoTime deadline, Done<WallTime> done) override;
  void make_ticket(Sha256 ticket, Uuid key_id, Millis lifetime, int most, MonoTime deadline,
                   Done<void> done) override;
  void use_ticket(Sha256 ticket, MonoTime deadline, Done<Sha256> done) override;

 private:
  db::Pool& pool_;
};

}  // namespace pawl::store
