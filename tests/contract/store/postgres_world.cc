// The real store: a database of its own per test, copied from one that was migrated once, with the roles that
// processes use.
#include "tests/contract/store/postgres_world.h"
#include "common/db/migrate.h"
#include "common/store/pg_accept_store.h"
#include "common/store/pg_breaker_store.h"
#include "common/store/pg_control_store.h"
#include "common/store/pg_keeper_store.h"
#include "common/store/pg_key_store.h"
#include "common/store/pg_read_store.h"
#include "common/store/pg_task_store.h"
#include "common/store/pg_work_store.h"

namespace pawl::testing {
namespace {

const std::string& migrated_template() {
  static const std::string name = [] {
    std::string made = PrivatePostgres::shared().create_database();
    const auto report = db::migrate(PrivatePostgres::shared().url(made));
    EXPECT_TRUE(report) << report.error().message;
    return made;
  }();
  return name;
}

db::PoolOptions pool_options(const std::string& url, const char* role) {
  db::PoolOptions options;
  options.connection.url = url;
  options.connection.role = role;
  options.connection.application_name = role;
  return options;
}

class PostgresWorld final : public StoreWorld {
 public:
  PostgresWorld(Loop& loop, std::string database)
      : database_(std::move(database)),
        api_pool_(db::make_pool(loop, rng_, Log(),
                                pool_options(PrivatePostgres::shared().url(database_), "pawl_api"))),
        worker_pool_(db::make_pool(loop, rng_, Log(),
                                   pool_options(PrivatePostgres::shared().url(database_), "pawl_worker"))),
        accept_(loop, rng_, *api_pool_, Log()),
        tasks_(loop, *api_pool_),
        plans_(*worker_pool_),
        read_(loop, *api_pool_),
        control_(loop, *api_pool_),
        work_(loop, *worker_pool_, Log()),
        keeper_(loop, *worker_pool_, Log()),
        keys_(*api_pool_),
        breakers_(*worker_pool_) {}

  store::AcceptStore& accept() override { return accept_; }
  store::TaskStore& tasks() override { return tasks_; }
  store::PlanStore& plans() override { return plans_; }
  store::ReadStore& read() override { return read_; }
  store::ControlStore& control() override { return control_; }
  store::WorkStore& work() override { return work_; }
  store::KeeperStore& keeper() override { return keeper_; }
  store::KeyStore& keys() override { return keys_; }
  store::BreakerStore& breakers() override { return breakers_; }

  void age(Millis by) override {
    const std::string interval = "interval '" + std::to_string(by.count()) + " milliseconds'";
    PrivatePostgres::shared().sql(
        "UPDATE live SET wake_at = wake_at - " + interval + ", held_wake_at = held_wake_at - " + interval +
            ", ticketed_at = ticketed_at - " + interval + ", paused_at = paused_at - " + interval +
            "; UPDATE workers SET lease_until = lease_until - " + interval +
            "; UPDATE idempotency_keys SET expires_at = expires_at - " + interval +
            "; UPDATE keeper SET lease_until = lease_until - " + interval + " WHERE isfinite(lease_until)" +
            "; UPDATE lane_load SET normal_claimed = normal_claimed - " + interval,
        database_);
  }
  [[nodiscard]] const std::string& database() const { return database_; }

 private:
  std::string database_;
  SeededRng rng_{entropy_seed()};
  std::unique_ptr<db::Pool> api_pool_, worker_pool_;
  store::PgAcceptStore accept_;
  store::PgTaskStore tasks_;
  store::PgPlanStore plans_;
  store::PgReadStore read_;
  store::PgControlStore control_;
  store::PgWorkStore work_;
  store::PgKeeperStore keeper_;
  store::PgKeyStore keys_;
  store::PgBreakerStore breakers_;
};

}  // namespace

std::unique_ptr<StoreWorld> make_postgres_world(Loop& loop) {
  return std::make_unique<PostgresWorld>(loop,
                                         PrivatePostgres::shared().create_database(migrated_template()));
}

std::unique_ptr<StoreWorld> make_postgres_world(Loop& loop, const std::string& database) {
  return std::make_unique<PostgresWorld>(loop, database);
}

std::string database_of(const StoreWorld& world) {
  return dynamic_cast<const PostgresWorld&>(world).database();
}

}  // namespace pawl::testing
