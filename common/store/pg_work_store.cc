#include "common/store/pg_work_store.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "common/base/assert.h"
#include "common/json/write.h"
#include "common/store/event_body.h"
#include "common/store/history_sql.h"
#include "common/store/limits.h"
#include "common/store/run.h"
#include "common/store/values.h"

namespace pawl::store {
namespace {

// Where the row is dead it stays so for a worker that believes it lives, which is noted as having survived:
// what it held did not crash. One that knows, and holds nothing, lives again once all it had was given to
// others.
const db::Statement kRenew{"renew", R"sql(
INSERT INTO workers AS w (id, name, host, version, pid, lanes, slots, running, keeper, draining, lease_until)
VALUES ($1, $2, $3, $4, $5, $6::text[], $7, $8, $9, $10, now() + $11 * interval '1 millisecond')
ON CONFLICT (id) DO UPDATE SET running = excluded.running, keeper = excluded.keeper,
  draining = w.draining OR excluded.draining, slots = excluded.slots, survived = w.survived OR w.dead_at IS NOT NULL,
  lease_until = CASE WHEN w.dead_at IS NULL OR ($12 AND w.swept_at IS NOT NULL) THEN excluded.lease_until
    ELSE w.lease_until END,
  dead_at = CASE WHEN $12 AND w.swept_at IS NOT NULL THEN NULL ELSE w.dead_at END,
  seen_present = w.seen_present AND w.dead_at IS NULL,
  absent_since = CASE WHEN w.dead_at IS NULL THEN w.absent_since END,
  swept_at = CASE WHEN $12 THEN NULL ELSE w.swept_at END
RETURNING dead_at IS NULL)sql"};

const db::Statement kInboxes{"inboxes", R"sql(
SELECT h.exec_id, CASE WHEN l.owner = $4 AND l.epoch = h.epoch THEN l.epoch ELSE 0 END, coalesce(l.inbox,
  0), false,
  coalesce(l.cancelling, false), coalesce(l.pausing, false), l.control
FROM unnest($1::uuid[], $2::bigint[], $3::bigint[]) AS h(exec_id, epoch, seen)
LEFT JOIN live l ON l.exec_id = h.exec_id
WHERE l.exec_id IS NULL OR l.owner IS DISTINCT FROM $4 OR l.epoch <> h.epoch OR l.inbox <> h.seen
UNION ALL
SELECT l.exec_id, l.epoch, l.inbox, true, l.cancelling, l.pausing, l.control
FROM unnest($5::uuid[]) AS s(exec_id) JOIN live l ON l.exec_id = s.exec_id WHERE l.owner = $4)sql"};

const db::Statement kInboxRow{"inbox_row", R"sql(
SELECT inbox, cancelling, pausing, control FROM live WHERE exec_id = $1 AND epoch = $2)sql"};

const db::Statement kInboxEvents{"inbox_events", R"sql(
SELECT first_seq, at, epoch, body FROM events WHERE exec_id = $1 AND inbox IS NOT NULL AND last_seq > $2
ORDER BY last_seq)sql"};

// A paused one (its frozen process is gone with the drain) stays paused; the others may be claimed at once.
const db::Statement kRelease{"release", R"sql(
WITH held AS (SELECT * FROM unnest($1::uuid[], $2::bigint[]) AS h(exec_id, epoch)), locked AS MATERIALIZED (
  SELECT l.exec_id FROM live l JOIN held h USING (exec_id) WHERE l.epoch = h.epoch AND l.owner = $3
  ORDER BY l.exec_id FOR UPDATE OF l)
UPDATE live l SET owner = NULL, ready = l.status <> 'paused',
  wake_at = CASE WHEN l.status <> 'paused' THEN now() + interval '5 seconds' END, ticketed_at = now()
FROM locked k WHERE l.exec_id = k.exec_id RETURNING l.exec_id, l.ready)sql"};

const db::Statement kUnregister{"unregister", R"sql(
UPDATE workers SET dead_at = coalesce(dead_at, now()), left_cleanly = true, keeper = false, running = 0
  WHERE id = $1)sql"};
const db::Statement kGiveUpKeeper{"give_up_keeper", R"sql(
UPDATE keeper SET holder = NULL, lease_until = '-infinity' WHERE holder = $1)sql"};
const db::Statement kDropTools{"drop_tools", "DELETE FROM tools WHERE worker = $1"};
const db::Statement kAddTools{"add_tools", R"sql(
INSERT INTO tools (worker, name, descriptor)
SELECT $1, name, descriptor FROM unnest($2::text[], $3::text[]) AS t(name, descriptor))sql"};

}  // namespace

PgWorkStore::PgWorkStore(Loop& loop, db::Pool& pool, Log log)
    : pool_(pool), writer_(loop, pool, std::move(log)), loop_(loop) {}

void PgWorkStore::checkpoint(Checkpoint entry, Done<Saved> done) {
  writer_.add(std::move(entry), std::move(done));
}

void PgWorkStore::load(Uuid tenant, Uuid exec_id, MonoTime deadline, Done<History> done) {
  const db::Params which{db::uuid_param(exec_id), db::uuid_param(tenant)};
  db::Params ledger = which;
  ledger.push_back(db::int_param(0));
  ledger.push_back(db::int_param(std::numeric_limits<std::int64_t>::max()));
  std::vector<db::Call> calls;
  calls.push_back({&kLedgerRows, std::move(ledger)});
  calls.push_back({&kStepRows, which});
  calls.push_back({&kBlobRows, which});
  run<History>(pool_, std::move(calls), {}, deadline, std::move(done),
               [exec_id](const AllRows& rows) -> Result<History> {
                 History history;
                 history.events = TRY(read_ledger(exec_id, *rows[0]));
                 history.events.insert(history.events.begin(), accepted_event(exec_id, uuid_time(exec_id)));
                 history.steps = TRY(read_steps(*rows[1], rows[2].get()));
                 return history;
               });
}

void PgWorkStore::renew(WorkerRow worker, Millis ttl, MonoTime deadline, Done<bool> done) {
  std::vector<db::Call> calls;
  calls.push_back(
      {&kRenew,
       {db::text_param(worker.id), db::text_param(worker.name), db::text_param(worker.host),
        db::text_param(worker.version), db::int_param(worker.pid), db::text_array(worker.lanes),
        db::int_param(worker.slots), db::int_param(worker.running), db::bool_param(worker.keeper),
        db::bool_param(worker.draining), db::int_param(ttl.count()), db::bool_param(worker.again)}});
  run<bool>(pool_, std::move(calls), {}, deadline, std::move(done),
            [](const AllRows& rows) -> Result<bool> { return rows.front()->boolean(0, 0); });
}

void PgWorkStore::inboxes(std::string worker_id, std::vector<ClaimRequest> held,
                          std::vector<std::uint64_t> seen, MonoTime deadline, Done<std::vector<Inbox>> done) {
  PAWL_ASSERT(held.size() == seen.size(), "one number for each that is held");
  db::UuidArray ids, suspects;
  db::IntArray epochs, numbers;
  for (std::size_t i = 0; i < held.size(); ++i) {
    ids.add(held[i].exec_id);
    epochs.add(held[i].epoch);
    numbers.add(static_cast<std::int64_t>(seen[i]));
    suspects_->erase(held[i].exec_id);
  }
  std::erase_if(*suspects_,
                [now = loop_.now()](const auto& suspect) { return now - suspect.second > kSuspectFor; });
  for (const auto& [id, since] : *suspects_) suspects.add(id);
  std::vector<db::Call> calls;
  calls.push_back(
      {&kInboxes,
       {ids.take(), epochs.take(), numbers.take(), db::text_param(std::move(worker_id)), suspects.take()}});
  run<std::vector<Inbox>>(pool_, std::move(calls), {}, deadline, std::move(done),
                          [](const AllRows& all) -> Result<std::vector<Inbox>> {
                            const db::Rows& rows = *all.front();
                            std::vector<Inbox> inboxes;
                            for (std::size_t row = 0; row < rows.size(); ++row) {
                              inboxes.push_back({rows.uuid(row, 0),
                                                 static_cast<std::uint32_t>(rows.integer(row, 1)),
                                                 static_cast<std::uint64_t>(rows.integer(row, 2)),
                                                 rows.boolean(row, 3),
                                                 rows.boolean(row, 4),
                                                 rows.boolean(row, 5),
                                                 std::string(rows.text(row, 6)),
                                                 {}});
                            }
                            return inboxes;
                          });
}

void PgWorkStore::read_inbox(ClaimRequest held, std::uint64_t after_seq, MonoTime deadline,
                             Done<Inbox> done) {
  std::vector<db::Call> calls;
  calls.push_back({&kInboxRow, {db::uuid_param(held.exec_id), db::int_param(held.epoch)}});
  calls.push_back(
      {&kInboxEvents, {db::uuid_param(held.exec_id), db::int_param(static_cast<std::int64_t>(after_seq))}});
  run<Inbox>(pool_, std::move(calls), {}, deadline, std::move(done),
             [held](const AllRows& rows) -> Result<Inbox> {
               Inbox inbox{held.exec_id};
               if (rows[0]->size() == 0) return inbox;
               inbox.epoch = held.epoch;
               inbox.inbox = static_cast<std::uint64_t>(rows[0]->integer(0, 0));
               inbox.cancel_requested = rows[0]->boolean(0, 1);
               inbox.pause_requested = rows[0]->boolean(0, 2);
               inbox.control = rows[0]->text(0, 3);
               inbox.events = TRY(read_ledger(held.exec_id, *rows[1]));
               return inbox;
             });
}

void PgWorkStore::release(std::vector<ClaimRequest> held, std::string worker_id, MonoTime deadline,
                          Done<std::vector<Uuid>> done) {
  db::UuidArray ids;
  db::IntArray epochs;
  for (const ClaimRequest& one : held) {
    ids.add(one.exec_id);
    epochs.add(one.epoch);
  }
  std::vector<db::Call> calls;
  calls.push_back({&kRelease, {ids.take(), epochs.take(), db::text_param(std::move(worker_id))}});
  run<std::vector<Uuid>>(pool_, std::move(calls), {}, deadline, std::move(done),
                         [](const AllRows& rows) -> Result<std::vector<Uuid>> {
                           std::vector<Uuid> released;
                           for (std::size_t row = 0; row < rows.front()->size(); ++row) {
                             if (rows.front()->boolean(row, 1))
                               released.push_back(rows.front()->uuid(row, 0));
                           }
                           return released;
                         });
}

void PgWorkStore::unregister(std::string worker_id, MonoTime deadline, Done<void> done) {
  std::vector<db::Call> calls;
  calls.push_back({&kUnregister, {db::text_param(worker_id)}});
  calls.push_back({&kGiveUpKeeper, {db::text_param(worker_id)}});
  calls.push_back({&kDropTools, {db::text_param(worker_id)}});
  run<void>(pool_, std::move(calls), {}, deadline, std::move(done),
            [](const AllRows&) -> Result<void> { return {}; });
}

void PgWorkStore::publish_tools(std::string worker_id, std::vector<ToolDescriptor> tools, MonoTime deadline,
                                Done<void> done) {
  db::TextArray names, descriptors;
  for (const ToolDescriptor& tool : tools) {
    names.add(tool.name);
    descriptors.add(json::write(tool.descriptor));
  }
  std::vector<db::Call> calls;
  calls.push_back({&kDropTools, {db::text_param(worker_id)}});
  calls.push_back({&kAddTools, {db::text_param(worker_id), names.take(), descriptors.take()}});
  run<void>(pool_, std::move(calls), {}, deadline, std::move(done),
            [](const AllRows&) -> Result<void> { return {}; });
}

}  // namespace pawl::store
