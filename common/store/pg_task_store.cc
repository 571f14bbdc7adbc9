#include "common/store/pg_task_store.h"

#include <algorithm>
#include <utility>

#include "common/store/event_body.h"
#include "common/store/limits.h"
#include "common/store/run.h"
#include "common/store/values.h"

namespace pawl::store {
namespace {

// The row lock on the task makes versions follow each other. A row in the answer says what became of it:
// 'made', 'same', or 'moved' when another version than $5 is the current one.
const db::Statement kLock{"task_lock", R"sql(
INSERT INTO tasks (tenant_id, task_id, version, removed_at) VALUES ($1, $2, 0, now())
ON CONFLICT (tenant_id, task_id) DO UPDATE SET version = tasks.version)sql"};
const db::Statement kHold{"task_hold",
                          "SELECT 1 FROM tasks WHERE tenant_id = $1 AND task_id = $2 FOR UPDATE"};
const db::Statement kPut{"task_put", R"sql(
WITH old AS MATERIALIZED (
  SELECT t.version, t.removed_at IS NOT NULL AS removed, v.plan_hash, v.created_at FROM tasks t
  LEFT JOIN task_versions v ON v.tenant_id = t.tenant_id AND v.task_id = t.task_id AND v.version = t.version
  WHERE t.tenant_id = $1 AND t.task_id = $2
), verdict AS MATERIALIZED (
  SELECT *, CASE WHEN $5::int IS NOT NULL AND (removed OR version <> $5) THEN 'moved'
                 WHEN NOT removed AND plan_hash = $3 THEN 'same' ELSE 'made' END AS what FROM old
), plan AS (
  INSERT INTO plans (tenant_id, hash, document) SELECT $1, $3, $4 FROM verdict WHERE what = 'made' ON
    CONFLICT DO NOTHING
), made AS (
  INSERT INTO task_versions (tenant_id, task_id, version, plan_hash, document)
  SELECT $1, $2, version + 1, $3, $4 FROM verdict WHERE what = 'made'
), moved AS (
  UPDATE tasks t SET version = v.version + 1, removed_at = NULL, created_at = CASE WHEN removed THEN now()
    ELSE t.created_at END
  FROM verdict v WHERE t.tenant_id = $1 AND t.task_id = $2 AND v.what = 'made'
)
SELECT what, CASE WHEN what = 'made' THEN version + 1 ELSE version END, removed,
  CASE WHEN what = 'same' THEN created_at ELSE now() END FROM verdict)sql"};

const db::Statement kGet{"task_get", R"sql(
SELECT v.task_id, v.version, v.plan_hash, v.document, v.created_at FROM tasks t
JOIN task_versions v ON v.tenant_id = t.tenant_id AND v.task_id = t.task_id AND v.version =
  coalesce(nullif($3::int, 0), t.version)
WHERE t.tenant_id = $1 AND t.task_id = $2 AND t.removed_at IS NULL)sql"};

// $3, $4: the position after which the page starts, null for the newest.
const db::Statement kList{"task_list", R"sql(
SELECT v.task_id, v.version, v.plan_hash, v.document, v.created_at, t.created_at FROM tasks t
JOIN task_versions v USING (tenant_id, task_id, version)
WHERE t.tenant_id = $1 AND t.removed_at IS NULL AND position(lower($2) IN lower(t.task_id)) > 0
  AND ($3::timestamptz IS NULL OR (t.created_at, t.task_id) < ($3, $4))
ORDER BY t.created_at DESC, t.task_id DESC LIMIT $5)sql"};

const db::Statement kVersions{"task_versions", R"sql(
SELECT v.task_id, v.version, v.plan_hash, v.document, v.created_at FROM tasks t JOIN task_versions v USING
  (tenant_id, task_id)
WHERE t.tenant_id = $1 AND t.task_id = $2 AND t.removed_at IS NULL ORDER BY v.version DESC LIMIT $3)sql"};

const db::Statement kRemove{"task_remove", R"sql(
UPDATE tasks SET removed_at = now() WHERE tenant_id = $1 AND task_id = $2 AND removed_at IS NULL RETURNING
  1)sql"};

const db::Statement kPlan{"plan", "SELECT document FROM plans WHERE tenant_id = $1 AND hash = $2"};

tl::unexpected<Error> no_task() { return fail(ErrorKind::kNotFound, "not_found", "there is no such task"); }

TaskVersion read_version(const db::Rows& rows, std::size_t row) {
  return {std::string(rows.text(row, 0)), static_cast<int>(rows.integer(row, 1)),
          to_sha256(rows.text(row, 2)), value_of(rows.text(row, 3)), rows.time(row, 4)};
}

std::string cursor_of(WallTime at, std::string_view task_id) {
  return std::to_string(at.time_since_epoch().count()) + ":" + std::string(task_id);
}

}  // namespace

void PgTaskStore::put(Uuid tenant, std::string task_id, json::Value document, Sha256 hash,
                      std::optional<int> if_match, MonoTime deadline, Done<PutTask> done) {
  std::vector<db::Call> calls;
  calls.push_back({if_match ? &kHold : &kLock, {db::uuid_param(tenant), db::text_param(task_id)}});
  calls.push_back(
      {&kPut,
       {db::uuid_param(tenant), db::text_param(task_id), hash_param(hash), db::text_param(text_of(document)),
        if_match ? db::int_param(*if_match) : db::null_param()}});
  run<PutTask>(
      pool_, std::move(calls), {tenant}, deadline, std::move(done),
      [task_id, document, hash](const AllRows& all) -> Result<PutTask> {
        const db::Rows& rows = *all.back();
        if (rows.size() == 0 || rows.text(0, 0) == "moved") {
          return fail(ErrorKind::kConflict, "precondition_failed", "another version is the current one");
        }
        PutTask put{{task_id, static_cast<int>(rows.integer(0, 1)), hash, document, rows.time(0, 3)}};
        put.created = rows.boolean(0, 2);
        return put;
      });
}

void PgTaskStore::get(Uuid tenant, std::string task_id, int version, MonoTime deadline,
                      Done<TaskVersion> done) {
  std::vector<db::Call> calls;
  calls.push_back(
      {&kGet, {db::uuid_param(tenant), db::text_param(std::move(task_id)), db::int_param(version)}});
  run<TaskVersion>(pool_, std::move(calls), {tenant}, deadline, std::move(done),
                   [](const AllRows& rows) -> Result<TaskVersion> {
                     if (rows.front()->size() == 0) return no_task();
                     return read_version(*rows.front(), 0);
                   });
}

void PgTaskStore::list(Uuid tenant, std::string query, Page page, MonoTime deadline, Done<TaskList> done) {
  const int limit = std::clamp(page.limit, 1, kMaxPage);
  db::Param at = db::null_param();
  std::string id;
  if (!page.cursor.empty()) {
    const std::size_t colon = page.cursor.find(':');
    const std::string digits = page.cursor.substr(0, colon);
    if (colon == std::string::npos || digits.empty() || digits.size() > 18 ||
        !std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; })) {
      return loop_.post([done = std::move(done)] {
        done(fail(ErrorKind::kInvalid, "invalid_cursor", "that is no cursor of this list"));
      });
    }
    at = db::time_param(WallTime(Micros(std::stoll(digits))));
    id = page.cursor.substr(colon + 1);
  }
  std::vector<db::Call> calls;
  calls.push_back({&kList,
                   {db::uuid_param(tenant), db::text_param(std::move(query)), std::move(at),
                    db::text_param(std::move(id)), db::int_param(limit + 1)}});
  run<TaskList>(pool_, std::move(calls), {tenant}, deadline, std::move(done),
                [limit](const AllRows& all) -> Result<TaskList> {
                  const db::Rows& rows = *all.front();
                  TaskList list;
                  for (std::size_t row = 0; row < rows.size() && row < static_cast<std::size_t>(limit);
                       ++row) {
                    list.items.push_back(read_version(rows, row));
                  }
                  if (rows.size() > list.items.size())
                    list.next = cursor_of(rows.time(list.items.size() - 1, 5), list.items.back().task_id);
                  return list;
                });
}

void PgTaskStore::versions(Uuid tenant, std::string task_id, MonoTime deadline, Done<TaskList> done) {
  std::vector<db::Call> calls;
  calls.push_back(
      {&kVersions, {db::uuid_param(tenant), db::text_param(std::move(task_id)), db::int_param(kMaxPage)}});
  run<TaskList>(pool_, std::move(calls), {tenant}, deadline, std::move(done),
                [](const AllRows& all) -> Result<TaskList> {
                  TaskList list;
                  for (std::size_t row = 0; row < all.front()->size(); ++row)
                    list.items.push_back(read_version(*all.front(), row));
                  if (list.items.empty()) return no_task();
                  return list;
                });
}

void PgTaskStore::remove(Uuid tenant, std::string task_id, MonoTime deadline, Done<void> done) {
  std::vector<db::Call> calls;
  calls.push_back({&kRemove, {db::uuid_param(tenant), db::text_param(std::move(task_id))}});
  run<void>(pool_, std::move(calls), {tenant}, deadline, std::move(done),
            [](const AllRows& rows) -> Result<void> {
              if (rows.front()->size() == 0) return no_task();
              return {};
            });
}

void PgPlanStore::plan(Uuid tenant, Sha256 hash, MonoTime deadline, Done<json::Value> done) {
  std::vector<db::Call> calls;
  calls.push_back({&kPlan, {db::uuid_param(tenant), hash_param(hash)}});
  run<json::Value>(pool_, std::move(calls), {tenant}, deadline, std::move(done),
                   [](const AllRows& rows) -> Result<json::Value> {
                     if (rows.front()->size() == 0)
                       return fail(ErrorKind::kNotFound, "not_found", "there is no such plan");
                     return value_of(rows.front()->text(0, 0));
                   });
}

}  // namespace pawl::store
