#include "common/store/pg_read_store.h"

#include <algorithm>
#include <utility>

#include "common/store/event_body.h"
#include "common/store/execution_sql.h"
#include "common/store/history_sql.h"
#include "common/store/limits.h"
#include "common/store/run.h"
#include "common/store/values.h"

namespace pawl::store {
namespace {

const db::Statement kGet{"execution_get", "SELECT " PAWL_EXECUTION_COLUMNS PAWL_EXECUTION_PAYLOADS
                                          " FROM executions x LEFT JOIN live l ON l.exec_id = x.exec_id"
                                          " WHERE x.tenant_id = $1 AND x.exec_id = $2"};
const db::Statement kExists{"execution_exists",
                            "SELECT created_at FROM executions WHERE tenant_id = $1 AND exec_id = $2"};

const db::Statement kFinalCounts{"stats_final", R"sql(
SELECT status, sum(count) FROM final_counts WHERE tenant_id = $1 GROUP BY status)sql"};
const db::Statement kLiveCounts{"stats_live", R"sql(
SELECT status, lane, count(*), count(*) FILTER (WHERE owner IS NOT NULL),
  count(*) FILTER (WHERE owner IS NULL AND (ready OR feed_class IS NOT NULL))
FROM live WHERE tenant_id = $1 GROUP BY status, lane)sql"};
const db::Statement kWorkerCount{
    "stats_workers", "SELECT count(*) FROM workers WHERE dead_at IS NULL AND lease_until > now()"};

const db::Statement kWorkers{"workers", R"sql(
SELECT id, name, host, version, pid, lanes, slots, running, keeper, draining, lease_until FROM workers
WHERE dead_at IS NULL AND lease_until > now() ORDER BY id)sql"};
const db::Statement kTools{"tools", R"sql(
SELECT DISTINCT ON (t.name) t.name, t.descriptor, count(*) OVER (PARTITION BY t.name) FROM tools t
JOIN workers w ON w.id = t.worker AND w.dead_at IS NULL AND w.lease_until > now() ORDER BY t.name, t.seen_at
  DESC)sql"};

tl::unexpected<Error> no_execution() {
  return fail(ErrorKind::kNotFound, "not_found", "there is no such execution");
}

}  // namespace

void PgReadStore::get(Uuid tenant, Uuid exec_id, MonoTime deadline, Done<ExecutionRow> done) {
  std::vector<db::Call> calls;
  calls.push_back({&kGet, {db::uuid_param(tenant), db::uuid_param(exec_id)}});
  calls.push_back({&kBlobOf, {db::uuid_param(exec_id), db::uuid_param(tenant), db::text_param("")}});
  run<ExecutionRow>(pool_, std::move(calls), {tenant}, deadline, std::move(done),
                    [](const AllRows& all) -> Result<ExecutionRow> {
                      const db::Rows& rows = *all[0];
                      if (rows.size() == 0) return no_execution();
                      ExecutionRow row = read_execution(rows, 0);
                      row.input = value_of(rows.text(0, 25));
                      if (rows.is_null(0, 27)) {
                        row.output = value_of(rows.text(0, 26));
                      } else {
                        std::string text;
                        for (std::size_t part = 0; part < all[1]->size(); ++part)
                          text.append(all[1]->text(part, 1));
                        row.output = value_of(text);
                      }
                      return row;
                    });
}

void PgReadStore::steps(Uuid tenant, Uuid exec_id, std::optional<std::string> path, MonoTime deadline,
                        Done<std::vector<StepRecord>> done) {
  const db::Params which{db::uuid_param(exec_id), db::uuid_param(tenant)};
  std::vector<db::Call> calls;
  calls.push_back({&kExists, {db::uuid_param(tenant), db::uuid_param(exec_id)}});
  if (path) {
    db::Params one = which;
    one.push_back(db::text_param(*path));
    calls.push_back({&kStepRow, one});
    calls.push_back({&kBlobOf, one});
  } else {
    calls.push_back({&kStepRows, which});
  }
  run<std::vector<StepRecord>>(pool_, std::move(calls), {tenant}, deadline, std::move(done),
                               [](const AllRows& rows) -> Result<std::vector<StepRecord>> {
                                 if (rows[0]->size() == 0) return no_execution();
                                 return read_steps(*rows[1], rows.size() > 2 ? rows[2].get() : nullptr);
                               });
}

void PgReadStore::events(Uuid tenant, Uuid exec_id, std::uint64_t after_seq, int limit, MonoTime deadline,
                         Done<std::vector<Event>> done) {
  const int wanted = std::clamp(limit, 1, kMaxPage);
  std::vector<db::Call> calls;
  calls.push_back({&kExists, {db::uuid_param(tenant), db::uuid_param(exec_id)}});
  // A row has at least one event, so `wanted` rows are enough; the first may begin before `after_seq`.
  calls.push_back({&kLedgerRows,
                   {db::uuid_param(exec_id), db::uuid_param(tenant),
                    db::int_param(static_cast<std::int64_t>(after_seq)), db::int_param(wanted)}});
  run<std::vector<Event>>(pool_, std::move(calls), {tenant}, deadline, std::move(done),
                          [exec_id, after_seq, wanted](const AllRows& rows) -> Result<std::vector<Event>> {
                            if (rows[0]->size() == 0) return no_execution();
                            std::vector<Event> events = TRY(read_ledger(exec_id, *rows[1]));
                            if (after_seq == 0)
                              events.insert(events.begin(), accepted_event(exec_id, rows[0]->time(0, 0)));
                            std::erase_if(events,
                                          [after_seq](const Event& event) { return event.seq <= after_seq; });
                            if (events.size() > static_cast<std::size_t>(wanted)) {
                              events.erase(events.begin() + wanted, events.end());
                            }
                            return events;
                          });
}

void PgReadStore::stats(Uuid tenant, MonoTime deadline, Done<Stats> done) {
  std::vector<db::Call> calls;
  calls.push_back({&kFinalCounts, {db::uuid_param(tenant)}});
  calls.push_back({&kLiveCounts, {db::uuid_param(tenant)}});
  calls.push_back({&kWorkerCount, {}});
  run<Stats>(pool_, std::move(calls), {tenant}, deadline, std::move(done),
             [](const AllRows& rows) -> Result<Stats> {
               Stats stats;
               for (std::size_t row = 0; row < rows[0]->size(); ++row)
                 stats.by_status[std::string(rows[0]->text(row, 0))] = rows[0]->integer(row, 1);
               for (std::size_t row = 0; row < rows[1]->size(); ++row) {
                 stats.by_status[std::string(rows[1]->text(row, 0))] += rows[1]->integer(row, 2);
                 Stats::Lane& lane = stats.lanes[std::string(rows[1]->text(row, 1))];
                 lane.running += rows[1]->integer(row, 3);
                 lane.queued += rows[1]->integer(row, 4);
               }
               stats.workers = rows[2]->integer(0, 0);
               return stats;
             });
}

void PgReadStore::workers(MonoTime deadline, Done<std::vector<WorkerRow>> done) {
  std::vector<db::Call> calls;
  calls.push_back({&kWorkers, {}});
  run<std::vector<WorkerRow>>(pool_, std::move(calls), {}, deadline, std::move(done),
                              [](const AllRows& all) -> Result<std::vector<WorkerRow>> {
                                const db::Rows& rows = *all.front();
                                std::vector<WorkerRow> workers;
                                for (std::size_t row = 0; row < rows.size(); ++row) {
                                  WorkerRow worker;
                                  worker.id = rows.text(row, 0);
                                  worker.name = rows.text(row, 1);
                                  worker.host = rows.text(row, 2);
                                  worker.version = rows.text(row, 3);
                                  worker.pid = rows.integer(row, 4);
                                  worker.lanes = to_texts(rows.text(row, 5));
                                  worker.slots = static_cast<int>(rows.integer(row, 6));
                                  worker.running = static_cast<int>(rows.integer(row, 7));
                                  worker.keeper = rows.boolean(row, 8);
                                  worker.draining = rows.boolean(row, 9);
                                  worker.lease_until = rows.time(row, 10);
                                  workers.push_back(std::move(worker));
                                }
                                return workers;
                              });
}

void PgReadStore::tools(MonoTime deadline, Done<std::vector<ToolDescriptor>> done) {
  std::vector<db::Call> calls;
  calls.push_back({&kTools, {}});
  run<std::vector<ToolDescriptor>>(
      pool_, std::move(calls), {}, deadline, std::move(done),
      [](const AllRows& all) -> Result<std::vector<ToolDescriptor>> {
        const db::Rows& rows = *all.front();
        std::vector<ToolDescriptor> tools;
        for (std::size_t row = 0; row < rows.size(); ++row) {
          tools.push_back({std::string(rows.text(row, 0)), value_of(rows.text(row, 1)),
                           static_cast<int>(rows.integer(row, 2))});
        }
        return tools;
      });
}

}  // namespace pawl::store
