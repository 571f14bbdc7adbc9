#include "common/store/pg_queue_store.h"

#include <utility>

#include "common/db/params.h"
#include "common/store/limits.h"
#include "common/store/run.h"

namespace pawl::store {
namespace {

const db::Statement kPlace{"queue_place", R"sql(
WITH me AS MATERIALIZED (
  SELECT x.exec_id, x.lane, l.feed_class, CASE WHEN x.priority >= 7 THEN 0 WHEN x.priority <= 2 THEN 2 ELSE 1 END AS class
  FROM executions x LEFT JOIN live l ON l.exec_id = x.exec_id WHERE x.tenant_id = $1 AND x.exec_id = $2
), serving AS MATERIALIZED (
  SELECT count(*) AS workers, coalesce(sum(w.slots), 0)::bigint AS slots, coalesce(sum(w.running), 0)::bigint AS running
  FROM workers w, me WHERE w.dead_at IS NULL AND w.lease_until > now() AND NOT w.draining AND me.lane = ANY (w.lanes)
), lately AS MATERIALIZED (
  SELECT avg(extract(epoch FROM f.finished_at - f.started_at) * 1000)::bigint AS ms FROM (
    SELECT x.finished_at, x.started_at FROM executions x, me
    WHERE x.tenant_id = $1 AND x.lane = me.lane AND x.finished_at IS NOT NULL AND x.started_at IS NOT NULL
    ORDER BY x.exec_id DESC LIMIT $3) f
)
SELECT (SELECT count(*) FROM live o WHERE o.tenant_id = $1 AND o.lane = me.lane AND o.status = 'pending' AND o.exec_id <> me.exec_id
    AND (o.ready OR o.feed_class IS NOT NULL)
    AND (CASE WHEN o.priority >= 7 THEN 0 WHEN o.priority <= 2 THEN 2 ELSE 1 END, o.exec_id) < (me.class, me.exec_id)),
  me.feed_class IS NULL, s.workers, s.slots, s.running, lately.ms, now()
FROM me, serving s, lately)sql"};

}  // namespace

void PgQueueStore::place(Uuid tenant, Uuid exec_id, MonoTime deadline, Done<QueuePlace> done) {
  std::vector<db::Call> calls;
  calls.push_back({&kPlace, {db::uuid_param(tenant), db::uuid_param(exec_id), db::int_param(kMeanOf)}});
  run<QueuePlace>(pool_, std::move(calls), {tenant}, deadline, std::move(done),
                  [](const AllRows& all) -> Result<QueuePlace> {
                    const db::Rows& rows = *all.front();
                    if (rows.size() == 0)
                      return fail(ErrorKind::kNotFound, "not_found", "there is no such execution");
                    QueuePlace place{rows.integer(0, 0), rows.boolean(0, 1), rows.integer(0, 2),
                                     rows.integer(0, 3), rows.integer(0, 4), {},
                                     rows.time(0, 6)};
                    if (!rows.is_null(0, 5)) place.mean_run = Millis(rows.integer(0, 5));
                    return place;
                  });
}

}  // namespace pawl::store
