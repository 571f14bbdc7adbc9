// Claiming: the deliveries that arrived together become ours in one statement.
#include <algorithm>
#include <utility>

#include "common/store/event_body.h"
#include "common/store/pg_work_store.h"
#include "common/store/run.h"
#include "common/store/values.h"

namespace pawl::store {
namespace {

// The worker's row is share-locked, so the keeper can't declare it dead while a claim of its is open. A row
// that is ours already comes back too: the answer to its first claim was lost. lane_load forgets the first
// starts' open tickets and notes how far the lane has been claimed, from which the keeper tells which tickets
// were overtaken.
const db::Statement kClaim{"claim", R"sql(
WITH ticket AS (
  SELECT * FROM unnest($1::uuid[], $2::bigint[]) AS t(exec_id, epoch) ORDER BY exec_id
), me AS MATERIALIZED (
  SELECT id FROM workers WHERE id = $3 AND dead_at IS NULL AND lease_until > now() FOR SHARE
), got AS (
  UPDATE live l SET epoch = l.epoch + 1, owner = me.id, ready = false, status = 'running', wake_at = NULL,
    held_wake_at = NULL,
    wakes = 0, waiting_for = NULL, started_at = coalesce(l.started_at, now())
  FROM ticket t, me
  WHERE l.exec_id = t.exec_id
    AND ((l.ready AND l.epoch = t.epoch) OR (l.owner = me.id AND l.epoch IN (t.epoch, t.epoch + 1)))
  RETURNING l.*
), loaded AS (
  INSERT INTO lane_load AS o (tenant_id, lane, shard, open, high_claimed, normal_claimed, low_claimed)
  SELECT tenant_id, lane, pg_backend_pid(), -count(*), max(ticketed_at) FILTER (WHERE priority >= 7),
    max(ticketed_at) FILTER (WHERE priority BETWEEN 3 AND 6), max(ticketed_at) FILTER (WHERE priority <= 2)
  FROM got WHERE epoch = 1 GROUP BY tenant_id, lane ORDER BY tenant_id, lane
  ON CONFLICT (tenant_id, lane, shard) DO UPDATE SET open = o.open + excluded.open,
    high_claimed = greatest(o.high_claimed, excluded.high_claimed),
    normal_claimed = greatest(o.normal_claimed, excluded.normal_claimed),
    low_claimed = greatest(o.low_claimed, excluded.low_claimed)
), waiting AS MATERIALIZED (
  SELECT d.lane, coalesce((SELECT true FROM live f WHERE f.lane = d.lane AND f.feed_class IS NOT NULL LIMIT
    1), false) AS backlog
  FROM (SELECT DISTINCT lane FROM got) d
)
SELECT g.exec_id, g.tenant_id, x.task_id, x.task_version, x.plan_hash, x.input, x.limits, g.lane,
  g.priority, x.traceparent,
  g.epoch, g.rev, g.inbox, g.next_seq, w.backlog, g.cancelling, g.pausing, g.control,
    coalesce(cardinality(g.crashed_owners), 0),
  x.created_at, g.started_at, x.timeout_ms, g.paused_total_us, now(),
  x.retry_of IS NOT NULL
FROM got g JOIN waiting w USING (lane)
JOIN executions x ON x.tenant_id = g.tenant_id AND x.exec_id = g.exec_id AND x.exec_id BETWEEN $4 AND $5
ORDER BY g.exec_id)sql"};

Claimed read_claimed(const db::Rows& rows, std::size_t row) {
  Claimed c;
  c.exec_id = rows.uuid(row, 0);
  c.tenant = rows.uuid(row, 1);
  c.task_id = rows.text(row, 2);
  c.task_version = static_cast<int>(rows.integer(row, 3));
  c.plan_hash = to_sha256(rows.text(row, 4));
  c.input = value_of(rows.text(row, 5));
  c.limits = value_of(rows.text(row, 6));
  c.lane = rows.text(row, 7);
  c.priority = static_cast<int>(rows.integer(row, 8));
  c.traceparent = rows.text(row, 9);
  c.epoch = static_cast<std::uint32_t>(rows.integer(row, 10));
  c.rev = static_cast<std::uint64_t>(rows.integer(row, 11));
  c.inbox = static_cast<std::uint64_t>(rows.integer(row, 12));
  c.next_seq = static_cast<std::uint64_t>(rows.integer(row, 13));
  c.first = c.rev == 0;
  c.backlog = rows.boolean(row, 14);
  c.cancel_requested = rows.boolean(row, 15);
  c.pause_requested = rows.boolean(row, 16);
  c.control = rows.text(row, 17);
  c.crashes = static_cast<int>(rows.integer(row, 18));
  c.created_at = rows.time(row, 19);
  c.started_at = rows.time(row, 20);
  if (!rows.is_null(row, 21)) c.timeout = Millis(rows.integer(row, 21));
  c.paused_total = Micros(rows.integer(row, 22));
  c.database_now = rows.time(row, 23);
  c.repeats = rows.boolean(row, 24);
  return c;
}

}  // namespace

void PgWorkStore::claim(std::vector<ClaimRequest> tickets, std::string worker_id, MonoTime deadline,
                        Done<std::vector<Claimed>> done) {
  // The lock order of the room, and each row once.
  std::sort(tickets.begin(), tickets.end(), [](const ClaimRequest& a, const ClaimRequest& b) {
    return a.exec_id != b.exec_id ? a.exec_id < b.exec_id : a.epoch > b.epoch;
  });
  tickets.erase(
      std::unique(tickets.begin(), tickets.end(),
                  [](const ClaimRequest& a, const ClaimRequest& b) { return a.exec_id == b.exec_id; }),
      tickets.end());
  db::UuidArray ids;
  db::IntArray epochs;
  std::vector<Uuid> asked;
  for (const ClaimRequest& ticket : tickets) {
    ids.add(ticket.exec_id);
    epochs.add(ticket.epoch);
    asked.push_back(ticket.exec_id);
  }
  const Uuid low = asked.empty() ? Uuid{} : asked.front();
  const Uuid high = asked.empty() ? Uuid{} : asked.back();
  std::vector<db::Call> calls;
  calls.push_back({&kClaim,
                   {ids.take(), epochs.take(), db::text_param(std::move(worker_id)), db::uuid_param(low),
                    db::uuid_param(high)}});
  pool_.run(std::move(calls), {}, deadline,
            [&loop = loop_, asked = std::move(asked), suspects = suspects_,
             done = std::move(done)](Result<AllRows> result) {
              if (!result) {
                if (db::is_in_doubt(result.error())) {
                  for (const Uuid& id : asked) suspects->emplace(id, loop.now());
                }
                return done(fail(as_port_error(result.error())));
              }
              for (const Uuid& id : asked) suspects->erase(id);
              const db::Rows& rows = *result->front();
              std::vector<Claimed> claimed;
              claimed.reserve(rows.size());
              for (std::size_t row = 0; row < rows.size(); ++row) claimed.push_back(read_claimed(rows, row));
              done(std::move(claimed));
            });
}

}  // namespace pawl::store
