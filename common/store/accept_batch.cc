#include "common/store/accept_batch.h"

#include <algorithm>
#include <set>

#include "common/store/event_body.h"
#include "common/store/limits.h"
#include "common/store/values.h"

namespace pawl::store {
namespace {

// Lock order: plans by hash, then keys by (tenant, key); every batch of every process has the same.
const db::Statement kPlans{"accept_plans", R"sql(
INSERT INTO plans (tenant_id, hash, document)
SELECT * FROM unnest($1::uuid[], $2::bytea[], $3::text[]) AS p(tenant_id, hash, document) ORDER BY 1, 2
ON CONFLICT DO NOTHING)sql"};

// `room` is what fair sharing leaves to each tenant and lane; who has rows waiting to be fed queues behind
// them. (Not EXISTS, which would be hashed: all waiting rows of the tenant, for every batch.)
const db::Statement kAccept{"accept", R"sql(
WITH incoming AS MATERIALIZED (
  SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::bigint[], $5::bytea[], $6::text[],
    $7::text[], $8::bigint[],
      $9::timestamptz[], $10::bigint[], $11::text[], $12::text[], $13::text[], $14::uuid[], $15::text[],
        $16::text[],
      $17::text[], $18::bytea[], $19::boolean[])
    AS i(exec_id, tenant_id, task_id, task_version, plan_hash, input, lane, priority, run_at, timeout_ms,
      labels, limits,
         session_id, retry_of, traceparent, created_by, key, fingerprint, sync)
), keyed AS (
  INSERT INTO idempotency_keys AS k (tenant_id, key, fingerprint, exec_id, sync, expires_at)
  SELECT tenant_id, key, fingerprint, exec_id, sync, now() + $20::interval FROM incoming
  WHERE key IS NOT NULL ORDER BY tenant_id, key
  ON CONFLICT (tenant_id, key) DO UPDATE SET fingerprint = excluded.fingerprint, exec_id = excluded.exec_id,
    sync = excluded.sync, expires_at = excluded.expires_at WHERE k.expires_at <= now()
  RETURNING k.exec_id
), room AS MATERIALIZED (
  SELECT d.tenant_id, d.lane,
    CASE WHEN (SELECT true FROM live f WHERE f.lane = d.lane AND f.tenant_id = d.tenant_id AND f.feed_class
      IS NOT NULL LIMIT 1)
         THEN 0
         ELSE $21::bigint - coalesce((SELECT sum(l.open) FROM lane_load l
                                      WHERE l.tenant_id = d.tenant_id AND l.lane = d.lane), 0) END AS places
  FROM (SELECT DISTINCT tenant_id, lane FROM incoming) d
), won AS MATERIALIZED (
  SELECT i.*, coalesce(i.run_at > now(), false) AS later,
    coalesce(i.run_at <= now(), true)
      AND row_number() OVER (PARTITION BY i.tenant_id, i.lane ORDER BY i.exec_id) <= r.places AS ticketed
  FROM incoming i JOIN room r USING (tenant_id, lane)
  WHERE i.key IS NULL OR i.exec_id IN (SELECT exec_id FROM keyed)
), stored AS (
  INSERT INTO executions (exec_id, tenant_id, created_at, run_at, timeout_ms, task_version, priority,
    retry_of, plan_hash,
    task_id, lane, session_id, traceparent, created_by, labels, limits, input)
  SELECT exec_id, tenant_id, now(), run_at, timeout_ms, task_version, priority, retry_of, plan_hash,
    task_id, lane, session_id, traceparent, created_by, labels::jsonb, limits, input FROM won
), alive AS (
  INSERT INTO live (exec_id, tenant_id, ticketed_at, wake_at, priority, feed_class, status, ready, lane)
  SELECT exec_id, tenant_id, CASE WHEN ticketed THEN now() END, CASE WHEN later THEN run_at END, priority,
    CASE WHEN NOT ticketed AND NOT later THEN CASE WHEN priority >= 7 THEN 0 WHEN priority <= 2 THEN 2 ELSE
      1 END END,
    'pending', ticketed, lane FROM won
), loaded AS (
  INSERT INTO lane_load AS l (tenant_id, lane, shard, open)
  SELECT tenant_id, lane, pg_backend_pid(), count(*) FROM won WHERE ticketed GROUP BY tenant_id, lane
  ON CONFLICT (tenant_id, lane, shard) DO UPDATE SET open = l.open + excluded.open
)
SELECT exec_id AS mine, true AS fresh, exec_id, ticketed AS flag, now() FROM won
UNION ALL
SELECT i.exec_id, false, k.exec_id, k.fingerprint = i.fingerprint, now()
FROM incoming i CROSS JOIN LATERAL (
  SELECT * FROM idempotency_keys h WHERE h.tenant_id = i.tenant_id AND h.key = i.key LIMIT 1) k
WHERE i.key IS NOT NULL AND k.exec_id <> i.exec_id AND k.expires_at > now())sql"};

// Only for those that were stored: a key that was taken leaves nothing behind.
#define PAWL_KEPT_STEP_COLUMNS                                                                            \
  "position, started_at, finished_at, cpu_ms, max_rss_bytes, bytes_in, bytes_out, output_bytes, status, " \
  "attempt, "                                                                                             \
  "max_attempts, path, kind, tool, worker, input, output, failure"
const db::Statement kKeepSteps{"accept_keep_steps", R"sql(
WITH kept AS MATERIALIZED (
  SELECT k.* FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[]) AS k(mine, tenant, old, at)
  WHERE EXISTS (SELECT FROM live l WHERE l.exec_id = k.mine)
), beside AS (
  INSERT INTO blobs (exec_id, tenant_id, path, part, chunk)
  SELECT k.mine, k.tenant, b.path, b.part, b.chunk
  FROM kept k JOIN blobs b ON b.exec_id = k.old AND b.tenant_id = k.tenant AND b.path = k.at
)
INSERT INTO steps (exec_id, tenant_id, )sql" PAWL_KEPT_STEP_COLUMNS R"sql()
SELECT k.mine, k.tenant, )sql" PAWL_KEPT_STEP_COLUMNS R"sql(
FROM kept k JOIN steps s ON s.exec_id = k.old AND s.tenant_id = k.tenant AND s.path = k.at)sql"};
#undef PAWL_KEPT_STEP_COLUMNS

bool keeps(const AcceptRow& row) { return !row.execution->kept.empty(); }

db::Call keep_call(std::span<const AcceptRow> rows) {
  db::UuidArray mine, tenants, old;
  db::TextArray paths;
  for (const AcceptRow& row : rows) {
    for (const std::string& path : row.execution->kept) {
      mine.add(row.exec_id);
      tenants.add(row.execution->tenant);
      old.add_optional(Uuid::parse(row.execution->retry_of));
      paths.add(path);
    }
  }
  return {&kKeepSteps, {mine.take(), tenants.take(), old.take(), paths.take()}};
}

db::Call plans_call(std::span<const AcceptRow> rows) {
  db::UuidArray tenants;
  db::BytesArray hashes;
  db::TextArray documents;
  std::set<std::pair<Uuid, Sha256>> seen;
  for (const AcceptRow& row : rows) {
    const NewExecution& e = *row.execution;
    if (!e.plan || !seen.insert({e.tenant, e.plan_hash}).second) continue;
    tenants.add(e.tenant);
    hashes.add(view_of(e.plan_hash));
    documents.add(text_of(*e.plan));
  }
  return {&kPlans, {tenants.take(), hashes.take(), documents.take()}};
}

struct AcceptColumns {
  db::UuidArray exec, tenant, retry_of;
  db::IntArray version, priority, timeout;
  db::TextArray task, input, lane, labels, limits, session, trace, by, key;
  db::BytesArray hash, fingerprint;
  db::TimeArray run_at;
  db::BoolArray sync;

  void add(const AcceptRow& row) {
    const NewExecution& e = *row.execution;
    exec.add(row.exec_id);
    tenant.add(e.tenant);
    add_or_null(task, e.task_id);
    version.add(e.task_version);
    hash.add(view_of(e.plan_hash));
    add_or_null(input, *row.input);
    lane.add(e.lane);
    priority.add(e.priority);
    run_at.add_optional(e.run_at);
    e.timeout ? timeout.add(e.timeout->count()) : timeout.add_null();
    add_or_null(labels, text_of(e.labels));
    add_or_null(limits, text_of(e.limits));
    add_or_null(session, e.session_id);
    retry_of.add_optional(Uuid::parse(e.retry_of));
    add_or_null(trace, e.traceparent);
    add_or_null(by, e.created_by);
    add_or_null(key, e.idempotency_key);
    e.idempotency_key.empty() ? fingerprint.add_null() : fingerprint.add(view_of(e.fingerprint));
    sync.add(e.sync);
  }

  db::Params take() {
    db::Params out;
    const auto add = [&out](auto&... columns) { (out.push_back(columns.take()), ...); };
    add(exec, tenant, task, version, hash, input, lane, priority, run_at, timeout, labels, limits, session,
        retry_of, trace, by, key, fingerprint, sync);
    out.push_back(db::text_param(std::to_string(kIdempotencyKept.count()) + " milliseconds"));
    out.push_back(db::int_param(kMaxOpenTickets));
    return out;
  }
};

}  // namespace

const db::Statement kAcceptLookUp{"accept_look_up", R"sql(
SELECT e.exec_id, e.created_at, coalesce(l.ready, false)
FROM unnest($1::uuid[], $2::uuid[]) AS i(exec_id, tenant_id)
JOIN executions e USING (tenant_id, exec_id) LEFT JOIN live l ON l.exec_id = e.exec_id)sql"};

const db::Statement kAcceptFindKeys{"accept_find_keys", R"sql(
SELECT i.mine, k.exec_id, k.fingerprint = i.fingerprint
FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::bytea[]) AS i(mine, tenant_id, key, fingerprint)
JOIN idempotency_keys k USING (tenant_id, key))sql"};

const db::Statement kDatabaseNow{"database_now", "SELECT now()"};

std::vector<db::Call> accept_calls(std::span<const AcceptRow> rows) {
  std::vector<db::Call> calls;
  if (std::any_of(rows.begin(), rows.end(),
                  [](const AcceptRow& row) { return row.execution->plan.has_value(); })) {
    calls.push_back(plans_call(rows));
  }
  AcceptColumns columns;
  for (const AcceptRow& row : rows) columns.add(row);
  calls.push_back({&kAccept, columns.take()});
  if (std::any_of(rows.begin(), rows.end(), keeps)) calls.push_back(keep_call(rows));
  return calls;
}

std::size_t accept_answer(std::span<const AcceptRow> rows) {
  return std::any_of(rows.begin(), rows.end(),
                     [](const AcceptRow& row) { return row.execution->plan.has_value(); })
             ? 1
             : 0;
}

std::vector<Uuid> tenants_of(std::span<const AcceptRow> rows) {
  std::set<Uuid> tenants;
  for (const AcceptRow& row : rows) tenants.insert(row.execution->tenant);
  return {tenants.begin(), tenants.end()};
}

}  // namespace pawl::store
