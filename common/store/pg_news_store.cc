#include "common/store/pg_news_store.h"

#include <utility>

#include "common/json/write.h"
#include "common/store/event_body.h"
#include "common/store/history_sql.h"
#include "common/store/limits.h"
#include "common/store/run.h"
#include "common/store/values.h"

namespace pawl::store {
namespace {

// The lock comes in a statement of its own: the next one sees what was committed while we waited for it.
const db::Statement kLock{"news_lock", R"sql(
SELECT 1 FROM live WHERE exec_id = $2 AND tenant_id = $1 FOR UPDATE)sql"};

const db::Statement kStatus{"news_status", R"sql(
SELECT coalesce(x.final_status, l.status) FROM executions x LEFT JOIN live l ON l.exec_id = x.exec_id
WHERE x.tenant_id = $1 AND x.exec_id = $2)sql"};

// $4, $5: only if inbox and rev are still these. $6: how the bodies of signals of this name begin, of which
// $7 may wait; those that a step took bear its seq in the step's end. What was taken is only counted when it
// may matter. A paused row is taken as due when it comes back, so that its owner reads the news.
const db::Statement kWrite{"news_write", R"sql(
WITH received AS MATERIALIZED (
  SELECT last_seq FROM events
  WHERE $6::text IS NOT NULL AND exec_id = $2 AND inbox IS NOT NULL AND substr(body, 1, length($6)) = $6
), room AS MATERIALIZED (
  SELECT CASE WHEN $6 IS NULL OR (SELECT count(*) FROM received) < $7::bigint THEN true
    ELSE (SELECT count(*) FROM received) - (
      SELECT count(*) FROM events e, jsonb_array_elements(e.body::jsonb) AS i(item)
      WHERE e.exec_id = $2 AND e.inbox IS NULL AND e.body LIKE '%"signal_seq"%'
        AND (item->'data'->>'signal_seq')::bigint IN (SELECT last_seq FROM received)) < $7::bigint END AS fits
), was AS MATERIALIZED (
  SELECT exec_id, status = 'waiting' AND owner IS NULL AND NOT ready AS woken FROM live
  WHERE exec_id = $2 AND tenant_id = $1 AND ($4::bigint IS NULL OR (inbox = $4 AND rev = $5::bigint))
), moved AS (
  UPDATE live l SET inbox = l.inbox + 1, next_seq = l.next_seq + 1,
    ready = l.ready OR w.woken,
    wakes = CASE WHEN w.woken THEN 0 ELSE l.wakes END,
    wake_at = CASE WHEN w.woken THEN now() + interval '5 seconds' ELSE l.wake_at END,
    ticketed_at = CASE WHEN w.woken THEN now() ELSE l.ticketed_at END,
    held_wake_at = CASE WHEN l.status = 'paused' AND l.owner IS NULL AND l.epoch > 0 THEN l.paused_at ELSE l.held_wake_at END
  FROM was w, room r WHERE l.exec_id = w.exec_id AND r.fits
  RETURNING l.*, w.woken
), ledger AS (
  INSERT INTO events (exec_id, tenant_id, first_seq, last_seq, at, inbox, epoch, body)
  SELECT exec_id, tenant_id, next_seq - 1, next_seq - 1, now(), inbox, epoch, $3 FROM moved
)
SELECT status, owner, woken, lane, epoch FROM moved)sql"};

const db::Statement kClocks{"news_clocks", R"sql(
SELECT coalesce(x.final_status, l.status), coalesce(l.inbox, 0), coalesce(l.rev, 0), l.started_at,
  coalesce(l.paused_total_us, 0) + coalesce((extract(epoch FROM now() - l.paused_at) * 1000000)::bigint, 0), now()
FROM executions x LEFT JOIN live l ON l.exec_id = x.exec_id WHERE x.tenant_id = $1 AND x.exec_id = $2)sql"};

const db::Statement kEvents{"news_events", R"sql(
SELECT first_seq, at, epoch, body FROM events WHERE exec_id = $2 AND tenant_id = $1
  AND (terminal OR body LIKE '%"type":"approval.%' OR body LIKE '%"type":"step.cancelled"%' OR body LIKE '%"type":"step.failed"%')
ORDER BY last_seq)sql"};

tl::unexpected<Error> unknown() {
  return fail(ErrorKind::kNotFound, "not_found", "there is no such execution");
}

std::vector<db::Call> write_calls(const Uuid& tenant, const Uuid& exec_id, NewEvent event,
                                  std::optional<std::int64_t> inbox, std::optional<std::int64_t> rev,
                                  const std::string& prefix) {
  const db::Params which{db::uuid_param(tenant), db::uuid_param(exec_id)};
  db::Params params = which;
  params.push_back(db::text_param("[" + event_items({std::move(event)}) + "]"));
  params.push_back(db::int_param(inbox));
  params.push_back(db::int_param(rev));
  params.push_back(text_or_null_param(prefix));
  params.push_back(db::int_param(kMaxKeptSignals));
  std::vector<db::Call> calls;
  calls.push_back({&kLock, which});
  calls.push_back({&kStatus, which});
  calls.push_back({&kWrite, std::move(params)});
  return calls;
}

ControlOutcome outcome_of(const db::Rows& rows) {
  return {parse_execution_status(rows.text(0, 0)).value_or(ExecutionStatus::kRunning),
          true,
          std::string(rows.text(0, 1)),
          rows.boolean(0, 2),
          std::string(rows.text(0, 3)),
          static_cast<std::uint32_t>(rows.integer(0, 4))};
}

}  // namespace

void PgNewsStore::signal(SignalRequest request, MonoTime deadline, Done<ControlOutcome> done) {
  // The name comes first, so that a prefix of the body tells it.
  const std::string prefix =
      R"([{"type":"signal.received","data":{"name":)" + json::write(json::Value(request.name)) + ",";
  json::Object data{{"name", request.name}, {"payload", std::move(request.payload)}};
  if (!request.actor.empty()) data.set("by", request.actor);
  auto calls = write_calls(request.tenant, request.exec_id,
                           {EventType::kSignalReceived, {}, 0, std::move(data)}, {}, {}, prefix);
  run<ControlOutcome>(pool_, std::move(calls), {request.tenant}, deadline, std::move(done),
                      [](const AllRows& all) -> Result<ControlOutcome> {
                        const db::Rows &locked = *all[0], &status = *all[1], &written = *all[2];
                        if (status.size() == 0) return unknown();
                        if (locked.size() == 0) {
                          return fail(ErrorKind::kConflict, "invalid_state",
                                      "the execution is " + std::string(status.text(0, 0)));
                        }
                        if (written.size() == 1) return outcome_of(written);
                        return fail(ErrorKind::kOverloaded, "too_many_in_flight",
                                    "as many signals of this name as are kept wait already",
                                    "send it again when some were taken");
                      });
}

void PgNewsStore::approvals(Uuid tenant, Uuid exec_id, MonoTime deadline, Done<ApprovalsRead> done) {
  const db::Params which{db::uuid_param(tenant), db::uuid_param(exec_id)};
  std::vector<db::Call> calls;
  calls.push_back({&kClocks, which});
  calls.push_back({&kEvents, which});
  run<ApprovalsRead>(pool_, std::move(calls), {tenant}, deadline, std::move(done),
                     [exec_id](const AllRows& all) -> Result<ApprovalsRead> {
                       const db::Rows& row = *all[0];
                       if (row.size() == 0) return unknown();
                       ApprovalsRead read;
                       read.status =
                           parse_execution_status(row.text(0, 0)).value_or(ExecutionStatus::kFailed);
                       read.inbox = static_cast<std::uint64_t>(row.integer(0, 1));
                       read.rev = static_cast<std::uint64_t>(row.integer(0, 2));
                       read.now = row.time(0, 5);
                       read.items = approvals_of(TRY(read_ledger(exec_id, *all[1])));
                       if (row.is_null(0, 3)) return read;
                       for (Approval& approval : read.items)
                         if (approval.due)
                           approval.expires_at = row.time(0, 3) + Micros{row.integer(0, 4)} + *approval.due;
                       return read;
                     });
}

void PgNewsStore::decide(DecisionRequest request, MonoTime deadline,
                         Done<std::optional<ControlOutcome>> done) {
  json::Object data{{"decision", request.approve ? "approve" : "reject"},
                    {"by", request.actor},
                    {"plan_hash", request.plan_hash}};
  if (!request.comment.empty()) data.set("comment", request.comment);
  if (!request.form.is_null()) data.set("form", std::move(request.form));
  auto calls = write_calls(
      request.tenant, request.exec_id, {EventType::kApprovalDecided, request.path, 0, std::move(data)},
      static_cast<std::int64_t>(request.inbox), static_cast<std::int64_t>(request.rev), "");
  run<std::optional<ControlOutcome>>(pool_, std::move(calls), {request.tenant}, deadline, std::move(done),
                                     [](const AllRows& all) -> Result<std::optional<ControlOutcome>> {
                                       if (all[2]->size() == 0) return std::optional<ControlOutcome>{};
                                       return std::optional(outcome_of(*all[2]));
                                     });
}

}  // namespace pawl::store
