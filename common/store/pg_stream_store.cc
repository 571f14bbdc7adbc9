#include "common/store/pg_stream_store.h"

#include <algorithm>
#include <utility>

#include "common/store/event_body.h"
#include "common/store/run.h"
#include "common/store/values.h"

namespace pawl::store {
namespace {

const db::Statement kPosition{"stream_position", R"sql(
SELECT x.final_status IS NOT NULL, coalesce(l.next_seq - 1, (
    SELECT e.last_seq FROM events e WHERE e.exec_id = x.exec_id AND e.tenant_id = x.tenant_id
    ORDER BY e.last_seq DESC LIMIT 1), 1)
FROM executions x LEFT JOIN live l ON l.exec_id = x.exec_id WHERE x.tenant_id = $1 AND x.exec_id = $2)sql"};

const db::Statement kTails{"stream_tails", R"sql(
SELECT w.id, e.first_seq, e.at, e.epoch, e.body
FROM unnest($1::uuid[], $2::uuid[], $3::bigint[]) AS w(id, tenant, after)
CROSS JOIN LATERAL (
  SELECT first_seq, at, epoch, body FROM events WHERE exec_id = w.id AND tenant_id = w.tenant AND last_seq > w.after
  ORDER BY last_seq LIMIT $4) e)sql"};

// The accepted event has no row: it is `executions` itself, found by the time in its id.
const db::Statement kRecentAccepted{"stream_recent_accepted", R"sql(
SELECT x.exec_id, x.created_at, x.task_id, x.labels FROM executions x
WHERE x.tenant_id = $1 AND x.created_at >= $2
  AND x.exec_id >= pawl_id_floor(greatest($2::timestamptz, now() - interval '5 minutes') - interval '1 second')
ORDER BY x.exec_id LIMIT $3)sql"};
const db::Statement kRecentRows{"stream_recent_rows", R"sql(
SELECT e.exec_id, e.first_seq, e.at, e.epoch, e.body, x.task_id, x.labels
FROM (SELECT * FROM events
      WHERE at >= greatest($2::timestamptz, now() - interval '5 minutes') AND tenant_id = $1 AND position('"type":"execution.' IN body) > 0
      ORDER BY at, exec_id, last_seq LIMIT $3) e
JOIN executions x ON x.tenant_id = $1 AND x.exec_id = e.exec_id ORDER BY e.at, e.exec_id, e.last_seq)sql"};
const db::Statement kNow{"stream_now", "SELECT now()"};

const db::Statement kMakeTicket{"stream_make_ticket", "SELECT pawl_ticket_make($1, $2, $3, $4::int)"};
const db::Statement kUseTicket{"stream_use_ticket", "SELECT pawl_ticket_use($1)"};

}  // namespace

void PgStreamStore::position(Uuid tenant, Uuid exec_id, MonoTime deadline, Done<LedgerPosition> done) {
  std::vector<db::Call> calls;
  calls.push_back({&kPosition, {db::uuid_param(tenant), db::uuid_param(exec_id)}});
  run<LedgerPosition>(
      pool_, std::move(calls), {tenant}, deadline, std::move(done),
      [](const AllRows& all) -> Result<LedgerPosition> {
        const db::Rows& rows = *all.front();
        if (rows.size() == 0) return fail(ErrorKind::kNotFound, "not_found", "there is no such execution");
        return LedgerPosition{static_cast<std::uint64_t>(rows.integer(0, 1)), rows.boolean(0, 0)};
      });
}

void PgStreamStore::tails(std::vector<LedgerTail> tails, int limit, MonoTime deadline,
                          Done<std::vector<Event>> done) {
  db::UuidArray ids, tenants;
  db::IntArray after;
  std::vector<Uuid> all_tenants;
  for (const LedgerTail& tail : tails) {
    ids.add(tail.exec_id);
    tenants.add(tail.tenant);
    after.add(static_cast<std::int64_t>(tail.after_seq));
    all_tenants.push_back(tail.tenant);
  }
  std::sort(all_tenants.begin(), all_tenants.end());
  all_tenants.erase(std::unique(all_tenants.begin(), all_tenants.end()), all_tenants.end());
  std::vector<db::Call> calls;
  calls.push_back({&kTails, {ids.take(), tenants.take(), after.take(), db::int_param(limit)}});
  run<std::vector<Event>>(
      pool_, std::move(calls), std::move(all_tenants), deadline, std::move(done),
      [](const AllRows& all) -> Result<std::vector<Event>> {
        const db::Rows& rows = *all.front();
        std::vector<Event> events;
        for (std::size_t row = 0; row < rows.size(); ++row) {
          auto unpacked = TRY(unpack_events(
              rows.uuid(row, 0), static_cast<std::uint64_t>(rows.integer(row, 1)), rows.time(row, 2),
              static_cast<std::uint32_t>(rows.integer(row, 3)), rows.text(row, 4)));
          events.insert(events.end(), std::make_move_iterator(unpacked.begin()),
                        std::make_move_iterator(unpacked.end()));
        }
        return events;
      });
}

void PgStreamStore::recent(Uuid tenant, WallTime since, int limit, MonoTime deadline,
                           Done<std::vector<TenantEvent>> done) {
  const db::Params which{db::uuid_param(tenant), db::time_param(since), db::int_param(limit)};
  std::vector<db::Call> calls;
  calls.push_back({&kRecentAccepted, which});
  calls.push_back({&kRecentRows, which});
  run<std::vector<TenantEvent>>(
      pool_, std::move(calls), {tenant}, deadline, std::move(done),
      [](const AllRows& all) -> Result<std::vector<TenantEvent>> {
        std::vector<TenantEvent> found;
        const db::Rows& accepted = *all[0];
        for (std::size_t row = 0; row < accepted.size(); ++row) {
          found.push_back({accepted_event(accepted.uuid(row, 0), accepted.time(row, 1)),
                           std::string(accepted.text(row, 2)), value_of(accepted.text(row, 3))});
        }
        const db::Rows& rows = *all[1];
        for (std::size_t row = 0; row < rows.size(); ++row) {
          auto unpacked = TRY(unpack_events(
              rows.uuid(row, 0), static_cast<std::uint64_t>(rows.integer(row, 1)), rows.time(row, 2),
              static_cast<std::uint32_t>(rows.integer(row, 3)), rows.text(row, 4)));
          for (Event& event : unpacked) {
            if (!to_string(event.type).starts_with("execution.")) continue;
            found.push_back({std::move(event), std::string(rows.text(row, 5)), value_of(rows.text(row, 6))});
          }
        }
        std::stable_sort(found.begin(), found.end(),
                         [](const TenantEvent& a, const TenantEvent& b) { return a.event.at < b.event.at; });
        return found;
      });
}

void PgStreamStore::now(MonoTime deadline, Done<WallTime> done) {
  std::vector<db::Call> calls;
  calls.push_back({&kNow, {}});
  run<WallTime>(pool_, std::move(calls), {}, deadline, std::move(done),
                [](const AllRows& rows) -> Result<WallTime> { return rows.front()->time(0, 0); });
}

void PgStreamStore::make_ticket(Sha256 ticket, Uuid key_id, Millis lifetime, int most, MonoTime deadline,
                                Done<void> done) {
  std::vector<db::Call> calls;
  calls.push_back(
      {&kMakeTicket,
       {hash_param(ticket), db::uuid_param(key_id), db::int_param(lifetime.count()), db::int_param(most)}});
  run<void>(pool_, std::move(calls), {}, deadline, std::move(done), [](const AllRows& rows) -> Result<void> {
    if (rows.front()->boolean(0, 0)) return {};
    return fail(ErrorKind::kOverloaded, "rate_limited",
                "this key has too many unused tickets; wait until they expire");
  });
}

void PgStreamStore::use_ticket(Sha256 ticket, MonoTime deadline, Done<Sha256> done) {
  std::vector<db::Call> calls;
  calls.push_back({&kUseTicket, {hash_param(ticket)}});
  run<Sha256>(pool_, std::move(calls), {}, deadline, std::move(done),
              [](const AllRows& rows) -> Result<Sha256> {
                if (rows.front()->size() == 0)
                  return fail(ErrorKind::kNotFound, "not_found", "there is no such ticket");
                return to_sha256(rows.front()->text(0, 0));
              });
}

}  // namespace pawl::store
