// Circuit breakers in Postgres. Times are the database's: hosts' clocks decide nothing.
#pragma once

#include "common/db/pool.h"
#include "common/store/breaker_store.h"

namespace pawl::store {

/// `pool` outlives this; as pawl_worker every tenant is seen, as pawl_api only the caller's.
class PgBreakerStore final : public BreakerStore {
 public:
  explicit PgBreakerStore(db::Pool& pool) : pool_(pool) {}

  void compare_and_set(BreakerRow row, std::uint64_t expected, MonoTime deadline,
                       Done<BreakerMove> done) override;
  void order(BreakerRow row, MonoTime deadline, Done<BreakerRow> done) override;
  void changed(std::optional<Millis> within, MonoTime deadline, Done<std::vector<BreakerRow>> done) override;
  void list(Uuid tenant, std::optional<BreakerKey> after, int limit, MonoTime deadline,
            Done<std::vector<BreakerRow>> done) override;

 private:
  db::Pool& pool_;
};

}  // namespace pawl::store
