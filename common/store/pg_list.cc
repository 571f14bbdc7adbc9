// The list of executions. Where an execution is found depends on its status: unfinished ones in `live`, those
// that ended badly by the index on `trouble`, completed ones (most of all) on the way through the primary
// key.
#include <algorithm>
#include <map>
#include <memory>
#include <utility>

#include "common/json/write.h"
#include "common/store/event_body.h"
#include "common/store/execution_sql.h"
#include "common/store/limits.h"
#include "common/store/pg_read_store.h"
#include "common/store/run.h"
#include "common/store/values.h"

namespace pawl::store {
namespace {

// Hosts' clocks make the time inside an id only about that of acceptance: the bounds by id leave an hour,
// created_at decides.
constexpr Millis kClockSlack{3'600'000};

/// A statement per text, kept for the life of the process: connections remember them by name. At most 128
/// filters exist.
const db::Statement& interned(const std::string& sql) {
  struct Owned {
    std::string name, sql;
    db::Statement statement;
  };
  static std::map<std::string, std::unique_ptr<Owned>> statements;
  auto& slot = statements[sql];
  if (!slot) {
    slot = std::make_unique<Owned>(Owned{"execution_list_" + std::to_string(statements.size()), sql, {}});
    slot->statement = {slot->name.c_str(), slot->sql.c_str()};
  }
  return slot->statement;
}

struct Sources {
  bool any = false, unfinished = false, trouble = false, completed = false;
};

Sources sources_of(const std::vector<ExecutionStatus>& statuses) {
  Sources sources;
  sources.any = statuses.empty();
  for (const ExecutionStatus status : statuses) {
    if (!is_final(status))
      sources.unfinished = true;
    else if (status == ExecutionStatus::kCompleted)
      sources.completed = true;
    else
      sources.trouble = true;
  }
  return sources;
}

// $1 tenant, $2 ids below, $3 ids from, $4 limit, $5 statuses, $6 task, $7 session, $8 labels, $9 created
// after, $10 before
std::string list_sql(const ExecutionFilter& filter) {
  std::string where = " AND x.exec_id < $2 AND x.exec_id >= $3";
  if (!filter.task_id.empty()) where += " AND x.task_id = $6::text";
  if (!filter.session_id.empty()) where += " AND x.session_id = $7::text";
  if (!filter.labels.empty()) where += " AND x.labels @> $8::jsonb";
  if (filter.created_after) where += " AND x.created_at > $9::timestamptz";
  if (filter.created_before) where += " AND x.created_at < $10::timestamptz";
  const std::string newest = " ORDER BY x.exec_id DESC LIMIT $4";
  const Sources sources = sources_of(filter.statuses);
  std::string ids;
  const auto add = [&ids](const std::string& select) {
    ids += (ids.empty() ? "(" : " UNION ALL (") + select + ")";
  };
  if (sources.any || sources.completed) {
    add("SELECT x.exec_id FROM executions x WHERE x.tenant_id = $1" + where +
        (sources.any ? "" : " AND x.final_status = 'completed'") + newest);
  }
  if (sources.trouble) {
    add("SELECT t.exec_id FROM unnest($5::text[]) AS s(status) CROSS JOIN LATERAL (SELECT x.exec_id FROM "
        "executions x "
        "WHERE x.tenant_id = $1 AND x.trouble = s.status::execution_status AND x.trouble IS NOT NULL" +
        where + newest + ") t");
  }
  if (sources.unfinished) {
    add("SELECT x.exec_id FROM live v JOIN executions x ON x.tenant_id = v.tenant_id AND x.exec_id = "
        "v.exec_id "
        "WHERE v.tenant_id = $1 AND v.status = ANY ($5::text[]::execution_status[]) AND v.exec_id < $2 AND "
        "v.exec_id >= $3" +
        where + " ORDER BY v.exec_id DESC LIMIT $4");
  }
  // Every parameter has a type, whichever of them this statement uses.
  return "WITH given AS (SELECT $5::text[], $6::text, $7::text, $8::jsonb, $9::timestamptz, "
         "$10::timestamptz), "
         "chosen AS MATERIALIZED (SELECT exec_id FROM (" +
         ids +
         ") i ORDER BY exec_id DESC LIMIT $4) "
         "SELECT " PAWL_EXECUTION_COLUMNS
         " FROM chosen c JOIN executions x ON x.tenant_id = $1 AND x.exec_id = c.exec_id "
         "LEFT JOIN live l ON l.exec_id = x.exec_id ORDER BY x.exec_id DESC";
}

db::Params list_params(const Uuid& tenant, const ExecutionFilter& filter, const Uuid& below, int limit) {
  Uuid high = below, low{};
  if (filter.created_before) high = std::min(high, uuid_floor(*filter.created_before + kClockSlack));
  if (filter.created_after) low = uuid_floor(std::max(WallTime{}, *filter.created_after - kClockSlack));
  std::vector<std::string> statuses;
  for (const ExecutionStatus status : filter.statuses) statuses.emplace_back(to_string(status));
  json::Object labels;
  for (const auto& [key, value] : filter.labels) labels.set(key, value);
  return {db::uuid_param(tenant),
          db::uuid_param(high),
          db::uuid_param(low),
          db::int_param(limit),
          db::text_array(statuses),
          db::text_param(filter.task_id),
          db::text_param(filter.session_id),
          db::text_param(json::write(json::Value(std::move(labels)))),
          db::time_param(filter.created_after),
          db::time_param(filter.created_before)};
}

}  // namespace

void PgReadStore::list(Uuid tenant, ExecutionFilter filter, Page page, MonoTime deadline,
                       Done<ExecutionList> done) {
  Uuid below;
  below.bytes.fill(0xFF);
  if (!page.cursor.empty()) {
    const auto cursor = Uuid::parse(page.cursor);
    if (!cursor) {
      return loop_.post([done = std::move(done)] {
        done(fail(ErrorKind::kInvalid, "invalid_cursor", "that is no cursor of this list"));
      });
    }
    below = *cursor;
  }
  const int limit = std::clamp(page.limit, 1, kMaxPage);
  std::vector<db::Call> calls;
  calls.push_back({&interned(list_sql(filter)), list_params(tenant, filter, below, limit + 1)});
  run<ExecutionList>(pool_, std::move(calls), {tenant}, deadline, std::move(done),
                     [limit](const AllRows& all) -> Result<ExecutionList> {
                       const db::Rows& rows = *all.front();
                       ExecutionList list;
                       for (std::size_t row = 0; row < rows.size() && row < static_cast<std::size_t>(limit);
                            ++row) {
                         list.items.push_back(read_execution(rows, row));
                       }
                       if (rows.size() > list.items.size()) list.next = list.items.back().exec_id.to_string();
                       return list;
                     });
}

}  // namespace pawl::store
