#include "common/store/pg_breaker_store.h"

#include <utility>

#include "common/store/limits.h"
#include "common/store/run.h"
#include "common/store/values.h"

namespace pawl::store {
namespace {

// The left time is computed where the end was set, so that no host's clock comes between.
#define PAWL_BREAKER_COLUMNS                                                                                 \
  "tenant_id, tool, target, state, generation, openings, CASE WHEN open_until IS NOT NULL THEN greatest(0, " \
  "ceil(extract(epoch FROM open_until - clock_timestamp()) * 1000))::bigint END, permits, changed_at"

const db::Statement kMove{"breaker_move", R"sql(
INSERT INTO breakers AS b (tenant_id, tool, target, state, generation, openings, open_until, permits)
VALUES ($1, $2, $3, $4::breaker_state, $5::bigint + 1, $6, now() + $7::bigint * interval '1 millisecond', $8)
ON CONFLICT (tenant_id, tool, target) DO UPDATE SET state = excluded.state, generation = excluded.generation,
  openings = excluded.openings, open_until = excluded.open_until, permits = excluded.permits, changed_at = now()
WHERE b.generation = $5::bigint
RETURNING 1)sql"};
const db::Statement kOrder{"breaker_order", R"sql(
INSERT INTO breakers AS b (tenant_id, tool, target, state, generation, openings, open_until, permits)
SELECT $1::uuid, $2::text, $3::text, $4::breaker_state, 1, $5::int, now() + $6::bigint * interval '1 millisecond', null
WHERE $4::breaker_state <> 'half_open'
  OR EXISTS (SELECT FROM breakers WHERE tenant_id = $1::uuid AND tool = $2::text AND target = $3::text)
ON CONFLICT (tenant_id, tool, target) DO UPDATE SET state = excluded.state, generation = b.generation + 1,
  openings = excluded.openings, open_until = excluded.open_until, permits = null, changed_at = now()
WHERE excluded.state <> 'half_open' OR b.state <> 'closed'
RETURNING 1)sql"};
const db::Statement kGet{"breaker_get", "SELECT " PAWL_BREAKER_COLUMNS
                                        " FROM breakers WHERE tenant_id = $1 AND tool = $2 AND target = $3"};
const db::Statement kChanged{"breaker_changed",
                             "SELECT " PAWL_BREAKER_COLUMNS
                             " FROM breakers WHERE changed_at > now() - $1::bigint * interval "
                             "'1 millisecond' ORDER BY changed_at DESC LIMIT $2"};
const db::Statement kNotClosed{"breaker_not_closed", "SELECT " PAWL_BREAKER_COLUMNS
                                                     " FROM breakers WHERE state <> 'closed' "
                                                     "ORDER BY changed_at DESC LIMIT $1"};
const db::Statement kList{"breaker_list", "SELECT " PAWL_BREAKER_COLUMNS
                                          " FROM breakers WHERE tenant_id = $1 AND (tool, target) > ($2, $3) "
                                          "ORDER BY tool, target LIMIT $4"};

BreakerRow read_row(const db::Rows& rows, std::size_t row) {
  BreakerRow read;
  read.key = {rows.uuid(row, 0), std::string(rows.text(row, 1)), std::string(rows.text(row, 2))};
  read.state = rows.text(row, 3);
  read.generation = static_cast<std::uint64_t>(rows.integer(row, 4));
  read.openings = static_cast<int>(rows.integer(row, 5));
  if (!rows.is_null(row, 6)) read.remaining = Millis{rows.integer(row, 6)};
  read.holder = rows.text(row, 7);
  read.changed_at = rows.time(row, 8);
  return read;
}

Result<std::vector<BreakerRow>> read_rows(const AllRows& all) {
  std::vector<BreakerRow> read;
  for (std::size_t row = 0; row < all.front()->size(); ++row) read.push_back(read_row(*all.front(), row));
  return read;
}

db::Param millis_param(const std::optional<Millis>& time) {
  return db::int_param(time ? std::optional<std::int64_t>(time->count()) : std::nullopt);
}

db::Call get_call(const BreakerKey& key) {
  return {&kGet, {db::uuid_param(key.tenant), db::text_param(key.tool), db::text_param(key.target)}};
}

}  // namespace

void PgBreakerStore::compare_and_set(BreakerRow row, std::uint64_t expected, MonoTime deadline,
                                     Done<BreakerMove> done) {
  std::vector<db::Call> calls;
  calls.push_back(
      {&kMove,
       {db::uuid_param(row.key.tenant), db::text_param(row.key.tool), db::text_param(row.key.target),
        db::text_param(row.state), db::int_param(static_cast<std::int64_t>(expected)),
        db::int_param(row.openings), millis_param(row.remaining), text_or_null_param(row.holder)}});
  calls.push_back(get_call(row.key));
  run<BreakerMove>(pool_, std::move(calls), {row.key.tenant}, deadline, std::move(done),
                   [](const AllRows& rows) -> Result<BreakerMove> {
                     if (rows[1]->size() == 0)
                       return fail(ErrorKind::kInternal, "internal", "a breaker's row vanished");
                     return BreakerMove{rows[0]->size() == 1, read_row(*rows[1], 0)};
                   });
}

void PgBreakerStore::order(BreakerRow row, MonoTime deadline, Done<BreakerRow> done) {
  std::vector<db::Call> calls;
  calls.push_back(
      {&kOrder,
       {db::uuid_param(row.key.tenant), db::text_param(row.key.tool), db::text_param(row.key.target),
        db::text_param(row.state), db::int_param(row.openings), millis_param(row.remaining)}});
  calls.push_back(get_call(row.key));
  run<BreakerRow>(pool_, std::move(calls), {row.key.tenant}, deadline, std::move(done),
                  [](const AllRows& rows) -> Result<BreakerRow> {
                    if (rows[0]->size() == 0 || rows[1]->size() == 0)
                      return fail(ErrorKind::kConflict, "illegal_transition",
                                  "a closed breaker can't be set to half-open");
                    return read_row(*rows[1], 0);
                  });
}

void PgBreakerStore::changed(std::optional<Millis> within, MonoTime deadline,
                             Done<std::vector<BreakerRow>> done) {
  std::vector<db::Call> calls;
  if (within)
    calls.push_back(
        {&kChanged, {millis_param(within), db::int_param(static_cast<std::int64_t>(kMaxBreakersRead))}});
  else
    calls.push_back({&kNotClosed, {db::int_param(static_cast<std::int64_t>(kMaxBreakersRead))}});
  run<std::vector<BreakerRow>>(pool_, std::move(calls), {}, deadline, std::move(done), read_rows);
}

void PgBreakerStore::list(Uuid tenant, std::optional<BreakerKey> after, int limit, MonoTime deadline,
                          Done<std::vector<BreakerRow>> done) {
  std::vector<db::Call> calls;
  calls.push_back({&kList,
                   {db::uuid_param(tenant), db::text_param(after ? after->tool : ""),
                    db::text_param(after ? after->target : ""), db::int_param(limit)}});
  run<std::vector<BreakerRow>>(pool_, std::move(calls), {tenant}, deadline, std::move(done), read_rows);
}

}  // namespace pawl::store
