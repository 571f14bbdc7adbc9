// Fair sharing: pending rows beyond a tenant's cap of open tickets get theirs here, in turn over tenants.
#include <utility>

#include "common/store/limits.h"
#include "common/store/pg_work_store.h"
#include "common/store/run.h"
#include "common/store/tickets_sql.h"
#include "common/store/values.h"

namespace pawl::store {

// `lane` and `tenant` walk the index from one lane or tenant with waiting rows to the next, so that its cost
// is that of the tenants, not of the rows. The n-th of each tenant come before the n+1-th of any.
const db::Statement kFeed{"feed", R"sql(
WITH RECURSIVE lane AS (
  (SELECT f.lane FROM live f WHERE f.feed_class IS NOT NULL ORDER BY f.lane LIMIT 1)
  UNION ALL
  SELECT (SELECT f.lane FROM live f WHERE f.feed_class IS NOT NULL AND f.lane > n.lane ORDER BY f.lane LIMIT
    1)
  FROM lane n WHERE n.lane IS NOT NULL
), tenant AS (
  (SELECT l.lane, (SELECT f.tenant_id FROM live f WHERE f.lane = l.lane AND f.feed_class IS NOT NULL
                   ORDER BY f.tenant_id LIMIT 1) AS tenant_id
   FROM lane l WHERE l.lane IS NOT NULL AND ($1::text[] IS NULL OR l.lane = ANY ($1)))
  UNION ALL
  SELECT t.lane, (SELECT f.tenant_id FROM live f WHERE f.lane = t.lane AND f.feed_class IS NOT NULL AND
    f.tenant_id > t.tenant_id
                  ORDER BY f.tenant_id LIMIT 1)
  FROM tenant t WHERE t.tenant_id IS NOT NULL
), room AS MATERIALIZED (
  SELECT t.lane, t.tenant_id, least($2::bigint, greatest(0, $3::bigint - coalesce((SELECT sum(o.open) FROM
    lane_load o
    WHERE o.tenant_id = t.tenant_id AND o.lane = t.lane), 0))) AS places
  FROM tenant t WHERE t.tenant_id IS NOT NULL
), candidate AS MATERIALIZED (
  SELECT c.exec_id, c.nth FROM room r CROSS JOIN LATERAL (
    SELECT f.exec_id, row_number() OVER (ORDER BY f.feed_class, f.exec_id) AS nth FROM live f
    WHERE f.lane = r.lane AND f.tenant_id = r.tenant_id AND f.feed_class IS NOT NULL
    ORDER BY f.feed_class, f.exec_id LIMIT r.places) c
  WHERE r.places > 0 ORDER BY c.nth, c.exec_id LIMIT $2
), locked AS MATERIALIZED (
  -- Row by row over the primary key, whatever the statistics say of an index that was empty when they were made.
  SELECT l.exec_id FROM (SELECT exec_id FROM candidate ORDER BY exec_id) c CROSS JOIN LATERAL (
    SELECT f.exec_id FROM live f WHERE f.exec_id = c.exec_id AND f.feed_class + 0 IS NOT NULL FOR UPDATE SKIP LOCKED) l
), fed AS (
  UPDATE live l SET feed_class = NULL, ready = true, ticketed_at = now() FROM locked k WHERE l.exec_id =
    k.exec_id
  RETURNING l.exec_id, l.tenant_id, l.epoch, l.lane, l.priority
), loaded AS (
  INSERT INTO lane_load AS o (tenant_id, lane, shard, open)
  SELECT tenant_id, lane, pg_backend_pid(), count(*) FROM fed GROUP BY tenant_id, lane ORDER BY tenant_id,
    lane
  ON CONFLICT (tenant_id, lane, shard) DO UPDATE SET open = o.open + excluded.open
)
SELECT f.exec_id, f.tenant_id, f.epoch, f.lane, f.priority, false, x.traceparent
FROM fed f JOIN executions x USING (tenant_id, exec_id) ORDER BY f.exec_id)sql"};

std::vector<Ticket> read_tickets(const db::Rows& rows) {
  std::vector<Ticket> tickets;
  tickets.reserve(rows.size());
  for (std::size_t row = 0; row < rows.size(); ++row) {
    tickets.push_back({rows.uuid(row, 0), rows.uuid(row, 1), static_cast<std::uint32_t>(rows.integer(row, 2)),
                       std::string(rows.text(row, 3)), priority_class(static_cast<int>(rows.integer(row, 4))),
                       rows.boolean(row, 5), std::string(rows.text(row, 6))});
  }
  return tickets;
}

db::Call feed_call(const std::vector<std::string>& lanes, int limit) {
  return {&kFeed, {db::text_array(lanes), db::int_param(limit), db::int_param(kMaxOpenTickets)}};
}

db::Call feed_everywhere_call(int limit) {
  return {&kFeed, {db::null_param(), db::int_param(limit), db::int_param(kMaxOpenTickets)}};
}

void PgWorkStore::feed(std::vector<std::string> lanes, int limit, MonoTime deadline,
                       Done<std::vector<Ticket>> done) {
  std::vector<db::Call> calls;
  calls.push_back(feed_call(lanes, limit));
  run<std::vector<Ticket>>(
      pool_, std::move(calls), {}, deadline, std::move(done),
      [](const AllRows& rows) -> Result<std::vector<Ticket>> { return read_tickets(*rows.front()); });
}

}  // namespace pawl::store
