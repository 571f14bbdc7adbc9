#include "common/store/pg_control_store.h"

#include <utility>
#include <vector>

#include "common/json/write.h"
#include "common/store/event_body.h"
#include "common/store/limits.h"
#include "common/store/run.h"
#include "common/store/values.h"

namespace pawl::store {
namespace {

const db::Statement kRead{"control_read", R"sql(
SELECT coalesce(x.final_status, l.status), coalesce(l.inbox, 0), coalesce(l.epoch, x.final_epoch, 0), l.owner,
  coalesce(l.cancelling, false), coalesce(l.pausing, false), coalesce(l.compensates, false),
    coalesce(l.ready, false),
  l.waiting_for IS NOT NULL OR l.held_wake_at IS NOT NULL, coalesce(l.held_wake_at <= l.paused_at, false),
    l.lane, l.priority,
  coalesce(l.rev + l.inbox + l.epoch, x.final_rev + (1::bigint << 40)), l.feed_class IS NOT NULL,
    x.traceparent
FROM executions x LEFT JOIN live l ON l.exec_id = x.exec_id WHERE x.tenant_id = $1 AND x.exec_id = $2)sql"};

// The guard is all that the decision looked at. A row that was about to be taken is due at once when it comes
// back.
const db::Statement kWrite{"control_write", R"sql(
WITH moved AS (
  UPDATE live l SET inbox = l.inbox + 1, next_seq = l.next_seq + $8::int, cancelling = $9, pausing = $10,
    control = coalesce($11, l.control), status = $12::text::execution_status,
    ready = CASE $7::text WHEN 'mark' THEN l.ready ELSE $7 = 'wake' END,
    wakes = 0,
    wake_at = CASE $7 WHEN 'mark' THEN l.wake_at
      WHEN 'park' THEN now() + $13::bigint * interval '1 millisecond'
      WHEN 'pending' THEN CASE WHEN l.held_wake_at > now() THEN l.held_wake_at END
      WHEN 'waiting' THEN CASE WHEN l.calendar THEN l.held_wake_at ELSE l.held_wake_at + (now() -
        l.paused_at) END
      ELSE now() + interval '5 seconds' END,
    held_wake_at = CASE $7 WHEN 'mark' THEN l.held_wake_at
      WHEN 'park' THEN CASE WHEN l.ready AND l.epoch > 0 THEN now() ELSE l.wake_at END END,
    feed_class = CASE $7 WHEN 'mark' THEN l.feed_class
      WHEN 'pending' THEN CASE WHEN l.held_wake_at > now() THEN NULL
        WHEN l.priority >= 7 THEN 0 WHEN l.priority <= 2 THEN 2 ELSE 1 END END,
    paused_at = CASE $7 WHEN 'mark' THEN l.paused_at WHEN 'park' THEN now() END,
    paused_total_us = CASE WHEN $7 IN ('mark', 'park') OR l.paused_at IS NULL OR l.started_at IS NULL THEN
      l.paused_total_us
      ELSE l.paused_total_us + (extract(epoch FROM now() - l.paused_at) * 1000000)::bigint END
  WHERE l.exec_id = $2 AND l.tenant_id = $1 AND l.status = $3::text::execution_status AND l.inbox = $4 AND
    l.epoch = $5
    AND l.owner IS NOT DISTINCT FROM $6 AND l.ready = $14
  RETURNING l.*
), uncounted AS (
  INSERT INTO lane_load AS o (tenant_id, lane, shard, open)
  SELECT tenant_id, lane, pg_backend_pid(), -1 FROM moved WHERE $15
  ON CONFLICT (tenant_id, lane, shard) DO UPDATE SET open = o.open + excluded.open
), ledger AS (
  INSERT INTO events (exec_id, tenant_id, first_seq, last_seq, at, inbox, epoch, body)
  SELECT exec_id, tenant_id, next_seq - 1, next_seq - 1, now(), inbox, epoch, $16 FROM moved WHERE $8::int > 0
)
SELECT exec_id FROM moved)sql"};

const db::Statement kEnd{"control_end", R"sql(
WITH gone AS (
  DELETE FROM live l WHERE l.exec_id = $2 AND l.tenant_id = $1 AND l.status = $3::text::execution_status AND
    l.inbox = $4
    AND l.epoch = $5 AND l.owner IS NULL AND l.ready = $6
  RETURNING l.*
), uncounted AS (
  INSERT INTO lane_load AS o (tenant_id, lane, shard, open)
  SELECT tenant_id, lane, pg_backend_pid(), -1 FROM gone WHERE $7
  ON CONFLICT (tenant_id, lane, shard) DO UPDATE SET open = o.open + excluded.open
), counted AS (
  INSERT INTO final_counts AS c (tenant_id, status, shard, count)
  SELECT tenant_id, 'cancelled', pg_backend_pid(), 1 FROM gone
  ON CONFLICT (tenant_id, status, shard) DO UPDATE SET count = c.count + excluded.count
), ledger AS (
  INSERT INTO events (exec_id, tenant_id, first_seq, last_seq, at, inbox, epoch, terminal, body)
  SELECT exec_id, tenant_id, next_seq, next_seq, now(), inbox + 1, epoch, true, $8 FROM gone
), ended AS (
  UPDATE executions x SET final_status = 'cancelled', trouble = 'cancelled', finished_at = now(), started_at
    = g.started_at,
    progress = g.progress, final_rev = g.rev, final_epoch = g.epoch
  FROM gone g WHERE x.tenant_id = $1 AND x.exec_id = $2
)
SELECT exec_id FROM gone)sql"};

std::string_view act_name(ControlAct act) {
  switch (act) {
    case ControlAct::kMark: return "mark";
    case ControlAct::kWake: return "wake";
    case ControlAct::kPark: return "park";
    case ControlAct::kBackToPending: return "pending";
    case ControlAct::kBackToWaiting: return "waiting";
    default: return "";
  }
}

}  // namespace

struct PgControlStore::Row {
  ControlState state;
  std::int64_t inbox = 0, epoch = 0, etag = 0;
  std::string owner, lane, traceparent;
  bool ready = false;
  bool counted = false;  ///< its first ticket is open, and lane_load knows
  int priority = 5;
};

struct PgControlStore::Attempt {
  ControlRequest request;
  MonoTime deadline;
  Done<ControlOutcome> done;
};

void PgControlStore::control(ControlRequest request, MonoTime deadline, Done<ControlOutcome> done) {
  read(std::make_shared<Attempt>(Attempt{std::move(request), deadline, std::move(done)}));
}

void PgControlStore::read(std::shared_ptr<Attempt> attempt) {
  const ControlRequest& request = attempt->request;
  std::vector<db::Call> calls;
  calls.push_back({&kRead, {db::uuid_param(request.tenant), db::uuid_param(request.exec_id)}});
  run<Row>(
      pool_, std::move(calls), {request.tenant}, attempt->deadline,
      [this, attempt](Result<Row> row) {
        if (row)
          decide(attempt, *row);
        else
          attempt->done(fail(row.error()));
      },
      [](const AllRows& all) -> Result<Row> {
        const db::Rows& rows = *all.front();
        if (rows.size() == 0) return fail(ErrorKind::kNotFound, "not_found", "there is no such execution");
        Row row;
        row.state.status = parse_execution_status(rows.text(0, 0)).value_or(ExecutionStatus::kFailed);
        row.inbox = rows.integer(0, 1);
        row.epoch = rows.integer(0, 2);
        row.owner = rows.text(0, 3);
        row.ready = rows.boolean(0, 7);
        row.state.owned = !rows.is_null(0, 3);
        row.state.started = row.epoch > 0;
        row.state.cancelling = rows.boolean(0, 4);
        row.state.pausing = rows.boolean(0, 5);
        row.state.compensates = rows.boolean(0, 6);
        row.state.waits = rows.boolean(0, 8);
        row.state.runnable = rows.boolean(0, 9);
        row.lane = rows.text(0, 10);
        row.priority = rows.is_null(0, 11) ? 5 : static_cast<int>(rows.integer(0, 11));
        row.etag = rows.integer(0, 12);
        row.counted = row.state.status == ExecutionStatus::kPending && row.ready && !rows.boolean(0, 13);
        row.traceparent = rows.text(0, 14);
        return row;
      });
}

void PgControlStore::decide(const std::shared_ptr<Attempt>& attempt, const Row& row) {
  const ControlRequest& request = attempt->request;
  if (request.if_match && static_cast<std::int64_t>(*request.if_match) != row.etag) {
    return attempt->done(
        fail(ErrorKind::kConflict, "precondition_failed", "the execution has changed since"));
  }
  const ControlMove move = control_move(request.kind, row.state);
  if (!move.allowed) {
    return attempt->done(fail(ErrorKind::kConflict, "invalid_state",
                              "the execution is " + std::string(to_string(row.state.status)) +
                                  (row.state.cancelling ? " and being cancelled" : "")));
  }
  if (move.act == ControlAct::kNothing)
    return attempt->done(ControlOutcome{move.status, move.changed, {}, false, row.lane, {}});
  write(attempt, row, move);
}

void PgControlStore::write(const std::shared_ptr<Attempt>& attempt, const Row& row, const ControlMove& move) {
  const ControlRequest& request = attempt->request;
  std::string body = "[]";
  if (move.event) {
    json::Object data;
    if (!request.reason.empty()) data.set("reason", request.reason);
    if (!request.actor.empty()) data.set("by", request.actor);
    body = "[" +
           event_items(
               {NewEvent{*move.event, {}, 0, data.empty() ? json::Value() : json::Value(std::move(data))}}) +
           "]";
  }
  db::Params params{db::uuid_param(request.tenant), db::uuid_param(request.exec_id),
                    db::text_param(to_string(row.state.status)), db::int_param(row.inbox),
                    db::int_param(row.epoch)};
  std::vector<db::Call> calls;
  if (move.act == ControlAct::kEndCancelled) {
    params.push_back(db::bool_param(row.ready));
    params.push_back(db::bool_param(row.counted));
    params.push_back(db::text_param(body));
    calls.push_back({&kEnd, std::move(params)});
  } else {
    json::Object control;
    if (!request.reason.empty()) control.set("reason", request.reason);
    if (request.pause_timeout) {
      control.set("timeout_ms", request.pause_timeout->count());
      control.set("on_timeout", request.cancel_on_timeout ? "cancel" : "resume");
    }
    params.push_back(text_or_null_param(row.owner));
    params.push_back(db::text_param(act_name(move.act)));
    params.push_back(db::int_param(move.event ? 1 : 0));
    params.push_back(db::bool_param(move.cancelling));
    params.push_back(db::bool_param(move.pausing));
    params.push_back(db::text_param(json::write(json::Value(std::move(control)))));
    params.push_back(
        db::text_param(to_string(move.act == ControlAct::kMark ? row.state.status : move.status)));
    params.push_back(request.pause_timeout ? db::int_param(request.pause_timeout->count())
                                           : db::null_param());
    params.push_back(db::bool_param(row.ready));
    params.push_back(db::bool_param(row.counted && move.act != ControlAct::kMark));
    params.push_back(db::text_param(body));
    calls.push_back({&kWrite, std::move(params)});
  }
  ControlOutcome outcome{move.status, true,
                         row.owner,   move.act == ControlAct::kWake,
                         row.lane,    static_cast<std::uint32_t>(row.epoch)};
  run<bool>(
      pool_, std::move(calls), {request.tenant}, attempt->deadline,
      [this, attempt, outcome = std::move(outcome)](Result<bool> written) mutable {
        if (!written) return attempt->done(fail(written.error()));
        if (*written) return attempt->done(std::move(outcome));
        if (loop_.now() >= attempt->deadline) {
          return attempt->done(fail(ErrorKind::kTimeout, "unavailable", "the execution moved too fast"));
        }
        read(attempt);  // it moved between the look and the write
      },
      [](const AllRows& rows) -> Result<bool> { return rows.front()->size() == 1; });
}

}  // namespace pawl::store
