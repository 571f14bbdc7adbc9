// Single-row inserts on a private Postgres: one commit each, beside the batcher's transactions over unnest.
#include "common/base/assert.h"
#include "common/db/batcher.h"
#include "common/db/params.h"
#include "common/db/pool.h"
#include "tests/bench/measure.h"
#include "tests/support/postgres.h"

namespace {

using pawl::db::RowsPtr;
using Answer = pawl::Result<std::vector<RowsPtr>>;

constexpr pawl::db::Statement kOne{"bench_one", "INSERT INTO rows (id, body) VALUES ($1, $2)"};
constexpr pawl::db::Statement kMany{
    "bench_many", "INSERT INTO rows (id, body) SELECT * FROM unnest($1::bigint[], $2::text[])"};
constexpr pawl::db::Statement kNothing{"bench_nothing", "SELECT 1"};

struct Bench {
  pawl::Loop loop;
  pawl::SeededRng rng{1};
  std::unique_ptr<pawl::db::Pool> pool;
  std::int64_t next_id = 0;
  long done = 0;

  explicit Bench(const std::string& url) {
    pawl::db::PoolOptions options;
    options.connection.url = url;
    options.size = 1;
    pool = pawl::db::make_pool(loop, rng, pawl::Log(), options);
    while (!pool->healthy()) loop.run_for(pawl::Millis(10));
  }
  [[nodiscard]] pawl::MonoTime deadline() const { return loop.now() + pawl::Millis(30'000); }

  /// `total` calls one after the other. Calls a second and microseconds of our processor time a call.
  std::pair<double, double> one_by_one(const pawl::db::Statement& statement, bool with_row, long total) {
    done = 0;
    std::function<void()> next = [&] {
      std::vector<pawl::db::Call> calls(1);
      calls[0].statement = &statement;
      if (with_row)
        calls[0].params = {pawl::db::int_param(next_id++),
                           pawl::db::text_param("a body of some forty characters, no more")};
      pool->run(std::move(calls), {}, deadline(), [&](const Answer& answer) {
        PAWL_ASSERT(answer.has_value(), "the insert works");
        if (++done == total) return loop.stop();
        next();
      });
    };
    const pawl::bench::Stopwatch watch;
    next();
    loop.run();
    return {static_cast<double>(total) / watch.wall(), watch.cpu() * 1e6 / static_cast<double>(total)};
  }

  /// `total` rows from 256 writers that each wait for their own row, through a batcher.
  std::pair<double, double> batched(long total) {
    done = 0;
    using Rows = pawl::db::Batcher<std::int64_t>;
    std::unique_ptr<Rows> batcher;
    const auto flush = [&](std::vector<std::int64_t> batch, std::function<void()> finished) {
      pawl::db::IntArray ids;
      pawl::db::TextArray bodies;
      for (const std::int64_t id : batch) {
        ids.add(id);
        bodies.add("a body of some forty characters, no more");
      }
      std::vector<pawl::db::Call> calls(1);
      calls[0] = {&kMany, {ids.take(), bodies.take()}};
      pool->run(std::move(calls), {}, deadline(), [&, size = batch.size(), finished](const Answer& answer) {
        PAWL_ASSERT(answer.has_value(), "the insert works");
        finished();
        done += static_cast<long>(size);
        if (done >= total) return loop.stop();
        for (std::size_t i = 0; i < size; ++i) PAWL_ASSERT(batcher->add(next_id++), "the queue has room");
      });
    };
    batcher = std::make_unique<Rows>(
        loop, Rows::Limits{}, [](std::int64_t) { return std::size_t{48}; }, flush);
    const pawl::bench::Stopwatch watch;
    for (int i = 0; i < 256; ++i) PAWL_ASSERT(batcher->add(next_id++), "the queue has room");
    loop.run();
    return {static_cast<double>(done) / watch.wall(), watch.cpu() * 1e6 / static_cast<double>(done)};
  }
};

}  // namespace

int main() {
  auto& server = pawl::testing::PrivatePostgres::shared();
  const std::string database = server.create_database();
  server.sql("CREATE TABLE rows (id bigint PRIMARY KEY, body text)", database);
  Bench bench(server.url(database));
  bench.one_by_one(kNothing, false, 500);
  const auto [nothing_rate, nothing_cpu] = bench.one_by_one(kNothing, false, 5000);
  const auto [single_rate, single_cpu] = bench.one_by_one(kOne, true, 3000);
  const auto [batched_rate, batched_cpu] = bench.batched(100'000);
  pawl::bench::print("db_select_1", "calls", nothing_rate, "1/s");
  pawl::bench::print("db_select_1", "client_cpu", nothing_cpu, "us/call");
  pawl::bench::print("db_insert_single", "rows", single_rate, "1/s");
  pawl::bench::print("db_insert_single", "client_cpu", single_cpu, "us/row");
  pawl::bench::print("db_insert_batched", "rows", batched_rate, "1/s");
  pawl::bench::print("db_insert_batched", "client_cpu", batched_cpu, "us/row");
  pawl::bench::print("db_insert_batched", "ratio_to_single", batched_rate / single_rate, "x");
}
