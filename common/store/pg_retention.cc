// Housekeeping, each minute: days ahead, what has expired, counters of backends that are gone, days that are
// over.
#include <utility>

#include "common/store/limits.h"
#include "common/store/pg_keeper_store.h"
#include "common/store/run.h"
#include "common/store/values.h"

namespace pawl::store {
namespace {

const db::Statement kPartitions{"keeper_partitions", "SELECT pawl_make_partitions($1::int)"};

const db::Statement kExpiredKeys{"keeper_expired_keys", R"sql(
DELETE FROM idempotency_keys WHERE ctid = ANY (ARRAY (
  SELECT ctid FROM idempotency_keys WHERE expires_at <= now() LIMIT $1)))sql"};

// Rows of backends that are gone are added up in shard 0. Nobody writes them any more, so nobody waits.
const db::Statement kFoldLoad{"keeper_fold_load", R"sql(
WITH old AS (
  DELETE FROM lane_load WHERE shard <> 0 AND shard NOT IN (SELECT pid FROM pg_stat_activity WHERE pid IS NOT
    NULL) RETURNING *
)
INSERT INTO lane_load AS o (tenant_id, lane, shard, open, high_claimed, normal_claimed, low_claimed)
SELECT tenant_id, lane, 0, sum(open), max(high_claimed), max(normal_claimed), max(low_claimed) FROM old
GROUP BY tenant_id, lane ORDER BY tenant_id, lane
ON CONFLICT (tenant_id, lane, shard) DO UPDATE SET open = o.open + excluded.open,
  high_claimed = greatest(o.high_claimed, excluded.high_claimed),
  normal_claimed = greatest(o.normal_claimed, excluded.normal_claimed),
  low_claimed = greatest(o.low_claimed, excluded.low_claimed))sql"};
const db::Statement kFoldCounts{"keeper_fold_counts", R"sql(
WITH old AS (
  DELETE FROM final_counts WHERE shard <> 0 AND shard NOT IN (SELECT pid FROM pg_stat_activity WHERE pid IS
    NOT NULL) RETURNING *
)
INSERT INTO final_counts AS c (tenant_id, status, shard, count)
SELECT tenant_id, status, 0, sum(count) FROM old GROUP BY tenant_id, status ORDER BY tenant_id, status
ON CONFLICT (tenant_id, status, shard) DO UPDATE SET count = c.count + excluded.count)sql"};

// Counters and rows change in the same transactions, so one snapshot shows both; a difference would be a
// bug's, and would starve a tenant for ever.
const db::Statement kTrueUp{"keeper_true_up", R"sql(
WITH counted AS (
  SELECT tenant_id, lane, count(*) AS open FROM live WHERE status = 'pending' AND ready AND feed_class IS
    NULL GROUP BY 1, 2
), noted AS (SELECT tenant_id, lane, sum(open) AS open FROM lane_load GROUP BY 1, 2)
INSERT INTO lane_load AS o (tenant_id, lane, shard, open)
SELECT n.tenant_id, n.lane, 0, coalesce(c.open, 0) - n.open FROM noted n LEFT JOIN counted c USING
  (tenant_id, lane)
WHERE coalesce(c.open, 0) <> n.open ORDER BY 1, 2
ON CONFLICT (tenant_id, lane, shard) DO UPDATE SET open = o.open + excluded.open)sql"};

const db::Statement kOldWorkers{"keeper_old_workers", R"sql(
DELETE FROM workers WHERE swept_at < now() - interval '1 day')sql"};
const db::Statement kDeadTools{"keeper_dead_tools", R"sql(
DELETE FROM tools t WHERE NOT EXISTS (SELECT FROM workers w WHERE w.id = t.worker AND w.dead_at IS
  NULL))sql"};

// Days that are wholly older than the retention, oldest first.
const db::Statement kOldDays{"keeper_old_days", R"sql(
SELECT to_char(d.day, 'YYYY-MM-DD') FROM (
  SELECT to_date(right(c.relname, 8), 'YYYYMMDD') AS day FROM pg_inherits i JOIN pg_class c ON c.oid =
    i.inhrelid
  WHERE i.inhparent = 'executions'::regclass) d
WHERE (d.day + 1)::timestamp AT TIME ZONE 'UTC' < now() - $1::bigint * interval '1 millisecond'
  AND d.day < (now() AT TIME ZONE 'UTC')::date - 1
ORDER BY d.day LIMIT 3)sql"};

#define PAWL_DAY_IDS                                                          \
  " BETWEEN pawl_id_floor($1::text::date::timestamp AT TIME ZONE 'UTC') AND " \
  "pawl_id_floor(($1::text::date + 1)::timestamp AT TIME ZONE 'UTC') "

const db::Statement kUnfinishedOfDay{"keeper_unfinished_of_day",
                                     "SELECT EXISTS (SELECT FROM live WHERE exec_id" PAWL_DAY_IDS ")"};
const db::Statement kUncountDay{"keeper_uncount_day",
                                "INSERT INTO final_counts AS c (tenant_id, status, shard, count) "
                                "SELECT tenant_id, final_status, 0, -count(*) FROM executions WHERE "
                                "final_status IS NOT NULL AND exec_id" PAWL_DAY_IDS
                                "GROUP BY 1, 2 ORDER BY 1, 2 ON CONFLICT (tenant_id, status, shard) "
                                "DO UPDATE SET count = c.count + excluded.count"};
const db::Statement kDropDay{"keeper_drop_day", "SELECT pawl_drop_day($1::text::date)"};
const db::Statement kDropVotes{"keeper_drop_votes", "DELETE FROM approval_votes WHERE exec_id" PAWL_DAY_IDS};
const db::Statement kDropApprovals{"keeper_drop_approvals",
                                   "DELETE FROM approvals WHERE exec_id" PAWL_DAY_IDS};
const db::Statement kDropSignals{"keeper_drop_signals", "DELETE FROM signals WHERE exec_id" PAWL_DAY_IDS};

// A day with unfinished executions loses its finished ones in batches.
const db::Statement kThinDay{
    "keeper_thin_day",
    "WITH ids AS MATERIALIZED (SELECT tenant_id, exec_id, final_status FROM executions "
    "WHERE final_status IS NOT NULL AND exec_id" PAWL_DAY_IDS
    "LIMIT $2), "
    "b AS (DELETE FROM blobs t USING ids WHERE t.exec_id = ids.exec_id), "
    "e AS (DELETE FROM events t USING ids WHERE t.exec_id = ids.exec_id), "
    "s AS (DELETE FROM steps t USING ids WHERE t.exec_id = ids.exec_id), "
    "l AS (DELETE FROM step_logs t USING ids WHERE t.exec_id = ids.exec_id), "
    "n AS (INSERT INTO final_counts AS c (tenant_id, status, shard, count) "
    "SELECT tenant_id, final_status, 0, -count(*) FROM ids GROUP BY 1, 2 ORDER BY 1, 2 "
    "ON CONFLICT (tenant_id, status, shard) DO UPDATE SET count = c.count + excluded.count) "
    "DELETE FROM executions t USING ids WHERE t.tenant_id = ids.tenant_id AND t.exec_id = ids.exec_id"};
#undef PAWL_DAY_IDS

}  // namespace

void PgKeeperStore::housekeeping(Millis retention, MonoTime deadline, Done<std::int64_t> done) {
  std::vector<db::Call> calls;
  calls.push_back({&kPartitions, {db::int_param(kPartitionsAhead)}});
  calls.push_back({&kExpiredKeys, {db::int_param(kRetentionBatch)}});
  calls.push_back({&kFoldLoad, {}});
  calls.push_back({&kFoldCounts, {}});
  calls.push_back({&kTrueUp, {}});
  calls.push_back({&kOldWorkers, {}});
  calls.push_back({&kDeadTools, {}});
  calls.push_back({&kOldDays, {db::int_param(retention.count())}});
  struct Round {
    std::int64_t removed = 0;
    std::vector<std::string> days;
  };
  run<Round>(
      pool_, std::move(calls), {}, deadline,
      [this, deadline, done = std::move(done)](Result<Round> round) mutable {
        if (!round) return done(fail(round.error()));
        retire(std::move(round->days), round->removed, deadline, std::move(done));
      },
      [](const AllRows& rows) -> Result<Round> {
        Round round;
        round.removed = rows[1]->affected();
        for (std::size_t row = 0; row < rows.back()->size(); ++row)
          round.days.emplace_back(rows.back()->text(row, 0));
        return round;
      });
}

// One day after the other: dropped whole where nothing in it is unfinished, thinned otherwise.
void PgKeeperStore::retire(std::vector<std::string> days, std::int64_t removed, MonoTime deadline,
                           Done<std::int64_t> done) {
  if (days.empty()) return done(removed);
  const std::string day = days.back();
  days.pop_back();
  std::vector<db::Call> look;
  look.push_back({&kUnfinishedOfDay, {db::text_param(day)}});
  run<bool>(
      pool_, std::move(look), {}, deadline,
      [this, day, days = std::move(days), removed, deadline,
       done = std::move(done)](Result<bool> unfinished) mutable {
        if (!unfinished) return done(fail(unfinished.error()));
        std::vector<db::Call> calls;
        if (*unfinished) {
          calls.push_back({&kThinDay, {db::text_param(day), db::int_param(kRetentionBatch)}});
        } else {
          for (const db::Statement* statement :
               {&kUncountDay, &kDropVotes, &kDropApprovals, &kDropSignals, &kDropDay}) {
            calls.push_back({statement, {db::text_param(day)}});
          }
        }
        run<std::int64_t>(
            pool_, std::move(calls), {}, deadline,
            [this, days = std::move(days), removed, deadline,
             done = std::move(done)](Result<std::int64_t> more) mutable {
              if (!more) return done(fail(more.error()));
              retire(std::move(days), removed + *more, deadline, std::move(done));
            },
            [](const AllRows& rows) -> Result<std::int64_t> { return rows.front()->affected(); });
      },
      [](const AllRows& rows) -> Result<bool> { return rows.front()->boolean(0, 0); });
}

}  // namespace pawl::store
