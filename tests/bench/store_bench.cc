// What an execution of one step costs the store: accept, claim, start, finish, in waves of 64, beside the
// four statements of the null engine's narrow rows in the same run. Prints a rate and Postgres' processor
// time per execution for each phase.
#include <dirent.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

#include "common/base/assert.h"
#include "common/db/migrate.h"
#include "common/db/params.h"
#include "common/store/pg_accept_store.h"
#include "common/store/pg_work_store.h"
#include "tests/bench/measure.h"
#include "tests/support/postgres.h"

namespace {

using namespace pawl;

constexpr std::size_t kWave = 64;
constexpr db::Statement kNullInsert{"n_insert",
                                    "INSERT INTO null_executions (exec_id, steps, input) "
                                    "SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::text[])"};
constexpr db::Statement kNullClaim{
    "n_claim",
    "UPDATE null_executions SET epoch = epoch + 1, owner = $2, status = 1, started_at = now() "
    "WHERE exec_id = ANY($1::uuid[]) AND status = 0 RETURNING exec_id, steps"};
constexpr db::Statement kNullEvent{"n_event",
                                   "INSERT INTO null_events (exec_id, seq, body) "
                                   "SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::text[])"};
constexpr db::Statement kNullFinish{
    "n_finish",
    "UPDATE null_executions SET status = 2, finished_at = now(), output = 'null' "
    "WHERE exec_id = ANY($1::uuid[]) AND epoch = 1 AND owner = $2"};

/// Processor seconds of all children of the server, in clock ticks' resolution.
double server_cpu(pid_t postmaster) {
  double ticks = 0;
  DIR* proc = opendir("/proc");
  while (const dirent* entry = readdir(proc)) {
    std::ifstream file(std::string("/proc/") + entry->d_name + "/stat");
    std::string line;
    if (!std::getline(file, line)) continue;
    std::istringstream fields(line.substr(line.rfind(')') + 2));
    std::string state;
    long parent = 0, skip = 0;
    double user = 0, system = 0;
    fields >> state >> parent;
    for (int i = 0; i < 9; ++i) fields >> skip;
    fields >> user >> system;
    if (parent == postmaster) ticks += user + system;
  }
  closedir(proc);
  return ticks / static_cast<double>(sysconf(_SC_CLK_TCK));
}

struct Bench {
  Loop loop;
  SeededRng rng{1};
  testing::PrivatePostgres& server = testing::PrivatePostgres::shared();
  std::unique_ptr<db::Pool> api, worker;
  std::size_t waiting = 0;

  explicit Bench(const std::string& database) {
    const auto pool = [&](const char* role) {
      db::PoolOptions options;
      options.connection.url = server.url(database);
      options.connection.role = role;
      return db::make_pool(loop, rng, Log(), options);
    };
    api = pool("pawl_api");
    worker = pool("pawl_worker");
    while (!api->healthy() || !worker->healthy()) loop.run_for(Millis(10));
  }
  [[nodiscard]] MonoTime deadline() const { return loop.now() + Millis(30'000); }
  void settle() {
    while (waiting > 0) loop.run_for(Millis(100));
  }
  /// Runs `wave` over all waves and prints what one execution of it cost.
  template <typename Wave>
  void phase(const char* workload, const char* name, std::size_t total, Wave wave) {
    const double before = server_cpu(server.pid());
    const bench::Stopwatch watch;
    for (std::size_t from = 0; from < total; from += kWave) {
      wave(from);
      settle();
    }
    const double count = static_cast<double>(total);
    bench::print(workload, (std::string(name) + "_per_second").c_str(), count / watch.wall(), "1/s");
    bench::print(workload, (std::string(name) + "_client_cpu").c_str(), watch.cpu() * 1e6 / count, "us");
    bench::print(workload, (std::string(name) + "_postgres_cpu").c_str(),
                 (server_cpu(server.pid()) - before) * 1e6 / count, "us");
  }
};

store::Checkpoint first_entry(const Uuid& id, const Uuid& tenant) {
  store::Checkpoint entry;
  entry.exec_id = id;
  entry.tenant = tenant;
  entry.epoch = 1;
  entry.onward = {{EventType::kExecutionStarted}, {EventType::kStepStarted, "a", 1}};
  return entry;
}

store::Checkpoint last_entry(const Uuid& id, const Uuid& tenant) {
  store::Checkpoint entry = first_entry(id, tenant);
  entry.rev = 1;
  StepRecord step;
  step.path = "a";
  step.kind = "tool";
  step.tool = "echo";
  step.output = json::Object{};
  step.worker = "w1";
  entry.steps.push_back(std::move(step));
  entry.settled = {{EventType::kStepCommitted, "a", 1}};
  entry.onward = {{EventType::kExecutionCompleted}};
  entry.step_committed = true;
  entry.final = store::Final{};
  return entry;
}

void register_worker(Bench& bench, store::PgWorkStore& work) {
  store::WorkerRow row;
  row.id = row.name = "w1";
  row.lanes = {"default"};
  ++bench.waiting;
  work.renew(row, Millis(600'000), bench.deadline(), [&](const auto&) { --bench.waiting; });
  bench.settle();
}

store::NewExecution one_request(const Uuid& tenant, std::size_t number) {
  store::NewExecution e;
  e.tenant = tenant;
  e.task_id = "bench-1";
  e.task_version = 1;
  e.input = json::Object{{"n", static_cast<std::int64_t>(number)}};
  return e;
}

void measure_store(Bench& bench, std::size_t total) {
  store::PgAcceptStore accept(bench.loop, bench.rng, *bench.api, Log());
  store::PgWorkStore work(bench.loop, *bench.worker, Log());
  const Uuid tenant = UuidGenerator(bench.rng).next(SystemClock().wall());
  std::vector<Uuid> ids(total);
  std::vector<store::Claimed> claimed;
  claimed.reserve(total);
  register_worker(bench, work);
  const auto one_wave = [&](std::size_t from) {
    bench.waiting = kWave;
    for (std::size_t i = from; i < from + kWave; ++i) {
      accept.accept(one_request(tenant, i), bench.deadline(), [&, i](const Result<store::Accepted>& a) {
        PAWL_ASSERT(a.has_value(), "it is accepted");
        ids[i] = a->exec_id;
        --bench.waiting;
      });
    }
  };
  const auto claim_wave = [&](std::size_t from) {
    std::vector<store::ClaimRequest> tickets;
    for (std::size_t i = from; i < from + kWave; ++i) tickets.push_back({ids[i], 0});
    bench.waiting = 1;
    work.claim(std::move(tickets), "w1", bench.deadline(), [&](Result<std::vector<store::Claimed>> c) {
      PAWL_ASSERT(c.has_value() && c->size() == kWave, "all are claimed");
      claimed.insert(claimed.end(), c->begin(), c->end());
      --bench.waiting;
    });
  };
  const auto save_wave = [&](std::size_t from, bool last) {
    bench.waiting = kWave;
    for (std::size_t i = from; i < from + kWave; ++i) {
      work.checkpoint(last ? last_entry(claimed[i].exec_id, tenant) : first_entry(claimed[i].exec_id, tenant),
                      [&](const Result<store::Saved>& saved) {
                        PAWL_ASSERT(saved.has_value() && saved->kind == store::Saved::Kind::kSaved,
                                    "it is saved");
                        --bench.waiting;
                      });
    }
  };
  // Interleaved as they are in life, so that the cap of open tickets is never met: 4 waves of each at a time.
  constexpr std::size_t kBlock = 4 * kWave;
  const double before = server_cpu(bench.server.pid());
  const bench::Stopwatch watch;
  for (std::size_t from = 0; from + kBlock <= total; from += kBlock) {
    const auto each = [&](auto wave) {
      for (std::size_t at = from; at < from + kBlock; at += kWave) {
        wave(at);
        bench.settle();
      }
    };
    each([&](std::size_t at) { one_wave(at); });
    each(claim_wave);
    each([&](std::size_t at) { save_wave(at, false); });
    each([&](std::size_t at) { save_wave(at, true); });
  }
  const double count = static_cast<double>(total);
  bench::print("store", "executions_per_second", count / watch.wall(), "1/s");
  bench::print("store", "client_cpu", watch.cpu() * 1e6 / count, "us");
  bench::print("store", "postgres_cpu", (server_cpu(bench.server.pid()) - before) * 1e6 / count, "us");
  // And each phase on its own, with the tickets beyond the cap given by hand.
  claimed.clear();
  bench.phase("store", "accept", total, [&](std::size_t from) { one_wave(from); });
  bench.server.sql("UPDATE live SET ready = true, feed_class = NULL WHERE NOT ready", "bench");
  bench.server.sql("VACUUM ANALYZE live", "bench");
  bench.phase("store", "claim", total, claim_wave);
  bench.phase("store", "start", total, [&](std::size_t from) { save_wave(from, false); });
  bench.phase("store", "finish", total, [&](std::size_t from) { save_wave(from, true); });
}

void measure_null(Bench& bench, std::size_t total) {
  UuidGenerator ids(bench.rng);
  std::vector<Uuid> all(total);
  for (Uuid& id : all) id = ids.next(SystemClock().wall());
  const auto run = [&](const db::Statement& statement, db::Params params) {
    std::vector<db::Call> calls;
    calls.push_back({&statement, std::move(params)});
    bench.waiting = 1;
    bench.worker->run(std::move(calls), {}, bench.deadline(), [&](const Result<std::vector<db::RowsPtr>>& r) {
      PAWL_ASSERT(r.has_value(), "the null engine works");
      --bench.waiting;
    });
  };
  const auto rows = [&](std::size_t from, const char* text) {
    db::UuidArray exec;
    db::IntArray number;
    db::TextArray body;
    for (std::size_t i = from; i < from + kWave; ++i) {
      exec.add(all[i]);
      number.add(1);
      body.add(text);
    }
    return db::Params{exec.take(), number.take(), body.take()};
  };
  const auto some = [&](std::size_t from) { return db::uuid_array(std::span(all).subspan(from, kWave)); };
  bench.phase("null_rows", "accept", total,
              [&](std::size_t from) { run(kNullInsert, rows(from, "{\"n\":1}")); });
  bench.phase("null_rows", "claim", total, [&](std::size_t from) {
    run(kNullClaim, {some(from), db::text_param("w1")});
  });
  bench.phase("null_rows", "start", total,
              [&](std::size_t from) { run(kNullEvent, rows(from, "{\"step\":\"a\"}")); });
  bench.phase("null_rows", "finish", total, [&](std::size_t from) {
    run(kNullFinish, {some(from), db::text_param("w1")});
  });
}

}  // namespace

int main(int argc, char** argv) {
  const std::size_t total = (argc > 1 ? static_cast<std::size_t>(std::stoul(argv[1])) : 20'480) / 256 * 256;
  auto& server = testing::PrivatePostgres::shared();
  server.sql("CREATE DATABASE bench");
  PAWL_ASSERT(db::migrate(server.url("bench")).has_value(), "the schema is made");
  server.sql(
      "CREATE TABLE null_executions (exec_id uuid PRIMARY KEY, status int NOT NULL DEFAULT 0, epoch int NOT "
      "NULL DEFAULT 0, "
      "steps int NOT NULL, owner text, started_at timestamptz, finished_at timestamptz, input text, output "
      "text) "
      "WITH (fillfactor = 60); CREATE TABLE null_events (exec_id uuid, seq int, body text, PRIMARY KEY "
      "(exec_id, seq)); "
      "GRANT ALL ON null_executions, null_events TO pawl_worker",
      "bench");
  Bench bench("bench");
  measure_null(bench, total);
  measure_store(bench, total);
}
