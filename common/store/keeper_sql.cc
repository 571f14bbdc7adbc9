#include "common/store/keeper_sql.h"

namespace pawl::store {

// Presence is an advisory lock that goes with its owner's connection. Missed once it is noted, missed again
// 300 ms later it counts; for one lease after a restart of Postgres, when all connections went, only the
// lease does.
const db::Statement kKeeperDeaths{"keeper_deaths", R"sql(
WITH presence AS MATERIALIZED (
  SELECT (classid::bigint << 32) | objid::bigint AS key FROM pg_locks
  WHERE locktype = 'advisory' AND objsubid = 1 AND granted
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
), look AS MATERIALIZED (
  SELECT w.id, pawl_presence_key(w.id) IN (SELECT key FROM presence) AS present FROM workers w WHERE
    w.dead_at IS NULL
)
UPDATE workers w SET seen_present = w.seen_present OR k.present,
  absent_since = CASE WHEN NOT k.present AND w.seen_present THEN coalesce(w.absent_since, now()) END,
  dead_at = CASE WHEN w.lease_until <= now() THEN now()
    WHEN NOT k.present AND w.seen_present AND w.absent_since <= now() - interval '300 milliseconds'
      AND pg_postmaster_start_time() < now() - $1::bigint * interval '1 millisecond' THEN now() END
FROM look k
WHERE w.id = k.id AND w.dead_at IS NULL
  AND (w.lease_until <= now() OR (k.present AND (NOT w.seen_present OR w.absent_since IS NOT NULL))
       OR (NOT k.present AND w.seen_present)))sql"};

// `live` is walked only while somebody is dead (the filter that asks runs once, before it). A crash counts
// for those whose owner's process died: not after a drain, nor for one that came back and said it survived.
const db::Statement kKeeperOrphans{"keeper_orphans", R"sql(
WITH dead AS MATERIALIZED (
  SELECT id, left_cleanly OR survived AS gently FROM workers WHERE dead_at IS NOT NULL AND swept_at IS NULL
), locked AS MATERIALIZED (
  SELECT l.exec_id, l.tenant_id, l.next_seq, l.epoch, l.rev, l.inbox, l.progress, l.started_at, l.status,
    CASE WHEN d.gently THEN l.crashed_owners ELSE l.crashed_owners || l.owner END AS crashed
  FROM live l JOIN dead d ON l.owner = d.id WHERE (SELECT true FROM dead LIMIT 1)
  ORDER BY l.exec_id LIMIT $1 FOR UPDATE OF l SKIP LOCKED
), looped AS MATERIALIZED (
  SELECT k.* FROM locked k WHERE cardinality(k.crashed) >= $2::bigint AND $2::bigint > 0
    AND (SELECT count(*) FROM unnest(k.crashed) AS c(id) LEFT JOIN workers w ON w.id = c.id
         WHERE NOT coalesce(w.survived, false)) >= $2::bigint
), gone AS (
  DELETE FROM live l USING looped q WHERE l.exec_id = q.exec_id
), ledger AS (
  INSERT INTO events (exec_id, tenant_id, first_seq, last_seq, at, epoch, terminal, body)
  SELECT exec_id, tenant_id, next_seq, next_seq, now(), epoch, true, $4 FROM looped
), ended AS (
  UPDATE executions x SET final_status = 'failed', trouble = 'failed', finished_at = now(), started_at =
    q.started_at,
    failure = $3, progress = q.progress, final_rev = q.rev, final_epoch = q.epoch
  FROM looped q WHERE x.tenant_id = q.tenant_id AND x.exec_id = q.exec_id
), counted AS (
  INSERT INTO final_counts AS c (tenant_id, status, shard, count)
  SELECT tenant_id, 'failed', pg_backend_pid(), count(*) FROM looped GROUP BY tenant_id ORDER BY tenant_id
  ON CONFLICT (tenant_id, status, shard) DO UPDATE SET count = c.count + excluded.count
), freed AS (
  UPDATE live l SET owner = NULL, ready = l.status <> 'paused', wakes = 0, crashed_owners = k.crashed,
    ticketed_at = now(),
    wake_at = CASE WHEN l.status <> 'paused' THEN now() + interval '5 seconds'
      ELSE l.paused_at + (l.control::jsonb->>'timeout_ms')::bigint * interval '1 millisecond' END
  FROM locked k WHERE l.exec_id = k.exec_id AND k.exec_id NOT IN (SELECT exec_id FROM looped)
  RETURNING l.exec_id, l.tenant_id, l.epoch, l.lane, l.priority, l.ready
)
SELECT f.exec_id, f.tenant_id, f.epoch, f.lane, f.priority, true, x.traceparent, false
FROM freed f JOIN executions x USING (tenant_id, exec_id) WHERE f.ready
UNION ALL
SELECT exec_id, tenant_id, epoch, '', 5, true, '', true FROM looped)sql"};

const db::Statement kKeeperSwept{"keeper_swept", R"sql(
UPDATE workers w SET swept_at = now() WHERE w.dead_at IS NOT NULL AND w.swept_at IS NULL
  AND NOT EXISTS (SELECT FROM live l WHERE l.owner = w.id))sql"};

// A pending row whose run_at has come waits for its first ticket like any other; the rest get theirs now, and
// again, ever more slowly, until somebody claims them.
const db::Statement kKeeperDue{"keeper_due", R"sql(
WITH locked AS MATERIALIZED (
  SELECT exec_id FROM live WHERE wake_at <= now() AND status <> 'paused' ORDER BY wake_at LIMIT $1 FOR
    UPDATE SKIP LOCKED
), woken AS (
  UPDATE live l SET ready = l.status <> 'pending', wakes = least(l.wakes + 1, 8), ticketed_at = now(),
    feed_class = CASE WHEN l.status = 'pending' THEN CASE WHEN l.priority >= 7 THEN 0 WHEN l.priority <= 2
      THEN 2 ELSE 1 END END,
    wake_at = CASE WHEN l.status <> 'pending' THEN now() + least(60, 5 * 2 ^ l.wakes) * interval '1 second'
      END
  FROM locked k WHERE l.exec_id = k.exec_id
  RETURNING l.exec_id, l.tenant_id, l.epoch, l.lane, l.priority, l.ready
)
SELECT w.exec_id, w.tenant_id, w.epoch, w.lane, w.priority, true, x.traceparent
FROM woken w JOIN executions x USING (tenant_id, exec_id) WHERE w.ready)sql"};

const db::Statement kKeeperPauses{"keeper_pauses", R"sql(
SELECT tenant_id, exec_id, coalesce(control::jsonb->>'on_timeout', 'resume') FROM live
WHERE wake_at <= now() AND status = 'paused' AND owner IS NULL ORDER BY wake_at LIMIT $1)sql"};

// Lanes are first-in-first-out per class: a ticket older by $4 than the newest that was claimed will not come
// any more. Its new one must be overtaken in its turn before it is made again.
const db::Statement kKeeperOvertaken{"keeper_overtaken", R"sql(
WITH mark AS MATERIALIZED (
  SELECT lane, max(high_claimed) AS high, max(normal_claimed) AS normal, max(low_claimed) AS low FROM
    lane_load GROUP BY lane
), looked AS MATERIALIZED (
  SELECT exec_id, lane, priority, ticketed_at, ready, status FROM live WHERE exec_id > $1 ORDER BY exec_id
    LIMIT $2
), locked AS MATERIALIZED (
  SELECT l.exec_id FROM live l JOIN (
    SELECT k.exec_id FROM looked k JOIN mark m USING (lane)
    WHERE k.ready AND k.status = 'pending' AND k.ticketed_at < $4::bigint * interval '-1 millisecond'
      + CASE WHEN k.priority >= 7 THEN m.high WHEN k.priority <= 2 THEN m.low ELSE m.normal END
    ORDER BY k.exec_id LIMIT $3) o USING (exec_id)
  WHERE l.ready AND l.status = 'pending' ORDER BY l.exec_id FOR UPDATE OF l SKIP LOCKED
), again AS (
  UPDATE live l SET ticketed_at = now(), wakes = least(l.wakes + 1, 8) FROM locked k WHERE l.exec_id =
    k.exec_id
  RETURNING l.exec_id, l.tenant_id, l.epoch, l.lane, l.priority
)
SELECT a.exec_id, a.tenant_id, a.epoch, a.lane, a.priority, false, x.traceparent
FROM again a JOIN executions x USING (tenant_id, exec_id)
UNION ALL
(SELECT exec_id, exec_id, 0, '', 0, false, '' FROM looked
 WHERE (SELECT count(*) FROM looked) >= $2::bigint ORDER BY exec_id DESC LIMIT 1))sql"};

const db::Statement kKeeperEmptyLanes{"keeper_empty_lanes", R"sql(
WITH locked AS MATERIALIZED (
  SELECT exec_id FROM live WHERE lane = ANY ($1::text[]) AND ready AND status = 'pending'
    AND ticketed_at < now() - least(60, 2 ^ wakes) * interval '1 second'
  ORDER BY exec_id LIMIT $2 FOR UPDATE SKIP LOCKED
), again AS (
  UPDATE live l SET ticketed_at = now(), wakes = least(l.wakes + 1, 8) FROM locked k WHERE l.exec_id =
    k.exec_id
  RETURNING l.exec_id, l.tenant_id, l.epoch, l.lane, l.priority
)
SELECT a.exec_id, a.tenant_id, a.epoch, a.lane, a.priority, false, x.traceparent
FROM again a JOIN executions x USING (tenant_id, exec_id))sql"};

}  // namespace pawl::store
