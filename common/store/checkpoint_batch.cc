#include "common/store/checkpoint_batch.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "common/base/assert.h"
#include "common/store/event_body.h"
#include "common/store/limits.h"
#include "common/store/values.h"

namespace pawl::store {
namespace {

// Rows are locked first, in id order (lock order of the room: live by id, then lane_load, then final_counts).
// `fresh` is the inbox rule: without it only the settled part goes in. $1..$2 bound the ids, so that only
// their days' partitions are opened.
const db::Statement kCheckpoint{"checkpoint", R"sql(
WITH entry AS MATERIALIZED (
  SELECT * FROM unnest($3::uuid[], $4::uuid[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[],
    $9::bigint[], $10::text[],
      $11::text[], $12::text[], $13::text[], $14::text[]::execution_status[], $15::bigint[],
        $16::timestamptz[], $17::text[],
      $18::boolean[], $19::boolean[], $20::boolean[], $21::text[], $22::bigint[], $23::text[])
    AS e(exec_id, tenant_id, epoch, rev, inbox_seen, settled_n, onward_n, settled, onward, phase, progress,
      status, mode,
         wake_at, waiting_for, calendar, step_committed, compensates, output, output_bytes, failure)
), held AS MATERIALIZED (
  SELECT e.*, l.next_seq, l.inbox, l.inbox = e.inbox_seen AS fresh, l.progress AS old_progress, l.started_at
  FROM entry e JOIN live l ON l.exec_id = e.exec_id AND l.epoch = e.epoch AND l.rev = e.rev
  ORDER BY e.exec_id FOR UPDATE OF l
), going AS (
  UPDATE live l SET
    rev = l.rev + 1,
    next_seq = l.next_seq + h.settled_n + CASE WHEN h.fresh THEN h.onward_n ELSE 0 END,
    held_back = NOT h.fresh,
    phase = coalesce(h.phase, l.phase),
    progress = coalesce(h.progress, l.progress),
    compensates = l.compensates OR h.compensates,
    crashed_owners = CASE WHEN h.step_committed THEN NULL ELSE l.crashed_owners END,
    status = CASE WHEN NOT h.fresh THEN l.status ELSE h.status END,
    owner = CASE WHEN h.fresh AND h.mode = 1 THEN NULL ELSE l.owner END,
    waiting_for = CASE WHEN h.fresh THEN h.waiting_for ELSE l.waiting_for END,
    calendar = h.fresh AND h.calendar,
    wake_at = CASE WHEN h.fresh AND h.mode = 1 THEN h.wake_at ELSE l.wake_at END,
    paused_at = CASE WHEN NOT h.fresh THEN l.paused_at WHEN h.status = 'paused' THEN coalesce(l.paused_at,
      now()) END,
    paused_total_us = CASE WHEN NOT h.fresh OR h.status = 'paused' OR l.paused_at IS NULL THEN
      l.paused_total_us
      ELSE l.paused_total_us + (extract(epoch FROM now() - l.paused_at) * 1000000)::bigint END
  FROM held h WHERE l.exec_id = h.exec_id AND NOT (h.mode = 3 AND h.fresh)
), gone AS (
  DELETE FROM live l USING held h WHERE l.exec_id = h.exec_id AND h.mode = 3 AND h.fresh
), ledger AS (
  INSERT INTO events (exec_id, tenant_id, first_seq, last_seq, at, epoch, terminal, body)
  SELECT exec_id, tenant_id, next_seq, next_seq + n - 1, now(), epoch, mode = 3 AND fresh,
    '[' || concat_ws(',', settled, CASE WHEN fresh THEN onward END) || ']'
  FROM (SELECT h.*, settled_n + CASE WHEN fresh THEN onward_n ELSE 0 END AS n FROM held h) w WHERE n > 0
), results AS (
  INSERT INTO steps (exec_id, tenant_id, position, started_at, finished_at, cpu_ms, max_rss_bytes, bytes_in,
    bytes_out,
    output_bytes, status, attempt, max_attempts, path, kind, tool, worker, input, output, failure)
  SELECT s.exec_id, s.tenant_id, position, s.started_at, s.finished_at, cpu_ms, max_rss_bytes, bytes_in,
    bytes_out,
    s.output_bytes, s.status, attempt, max_attempts, path, kind, tool, worker, input, s.output, s.failure
  FROM unnest($24::uuid[], $25::bigint[], $26::timestamptz[], $27::timestamptz[], $28::bigint[],
    $29::bigint[], $30::bigint[],
      $31::bigint[], $32::bigint[], $33::text[]::step_status[], $34::bigint[], $35::bigint[], $36::text[],
        $37::text[],
      $38::text[], $39::text[], $40::text[], $41::text[], $42::text[], $47::uuid[], $48::boolean[])
    AS s(exec_id, position, started_at, finished_at, cpu_ms, max_rss_bytes, bytes_in, bytes_out,
      output_bytes, status, attempt,
         max_attempts, path, kind, tool, worker, input, output, failure, tenant_id, onward)
  -- IS TRUE keeps this from becoming a join of two lists without an index: it is one hashed set, asked once a step.
  WHERE (s.exec_id IN (SELECT exec_id FROM held)) IS TRUE
    AND (NOT s.onward OR (s.exec_id IN (SELECT exec_id FROM held WHERE fresh)) IS TRUE)
), beside AS (
  INSERT INTO blobs (exec_id, tenant_id, path, part, chunk)
  SELECT h.exec_id, h.tenant_id, b.path, b.part, b.chunk
  FROM unnest($43::uuid[], $44::text[], $45::bigint[], $46::text[], $49::boolean[])
    AS b(exec_id, path, part, chunk, onward)
  JOIN held h ON h.exec_id = b.exec_id WHERE h.fresh OR NOT b.onward
), ended AS (
  UPDATE executions x SET final_status = h.status, trouble = nullif(h.status, 'completed'), finished_at =
    now(),
    started_at = h.started_at, output = h.output, output_bytes = h.output_bytes, failure = h.failure,
    progress = coalesce(h.progress, h.old_progress), final_rev = h.rev + 1, final_epoch = h.epoch
  FROM held h
  WHERE x.tenant_id = h.tenant_id AND x.exec_id = h.exec_id AND h.mode = 3 AND h.fresh AND x.exec_id BETWEEN
    $1 AND $2
), counted AS (
  INSERT INTO final_counts AS c (tenant_id, status, shard, count)
  SELECT tenant_id, status, pg_backend_pid(), count(*) FROM held WHERE mode = 3 AND fresh GROUP BY
    tenant_id, status
  ORDER BY tenant_id, status
  ON CONFLICT (tenant_id, status, shard) DO UPDATE SET count = c.count + excluded.count
)
SELECT exec_id, rev + 1, next_seq + settled_n + CASE WHEN fresh THEN onward_n ELSE 0 END, inbox, fresh,
  now() FROM held)sql"};

struct EntryColumns {
  db::UuidArray exec, tenant;
  db::IntArray epoch, rev, inbox, settled_n, onward_n, mode, output_bytes;
  db::TextArray settled, onward, phase, progress, status, waiting, output, failure;
  db::TimeArray wake_at;
  db::BoolArray calendar, committed, compensates;

  void add(const EncodedCheckpoint& e, bool beside) {
    exec.add(e.exec_id);
    tenant.add(e.tenant);
    epoch.add(e.epoch);
    rev.add(static_cast<std::int64_t>(e.rev));
    inbox.add(static_cast<std::int64_t>(e.inbox_seen));
    settled_n.add(e.settled_count);
    onward_n.add(e.onward_count);
    add_or_null(settled, e.settled);
    add_or_null(onward, e.onward);
    add_or_null(phase, e.phase);
    add_or_null(progress, e.progress);
    status.add(e.status);
    mode.add(static_cast<std::int64_t>(e.mode));
    wake_at.add_optional(e.wake_at);
    add_or_null(waiting, e.waiting_for);
    calendar.add(e.calendar);
    committed.add(e.step_committed);
    compensates.add(e.compensates);
    add_or_null(output, beside ? std::string_view() : e.output);
    beside ? output_bytes.add(static_cast<std::int64_t>(e.output.size())) : output_bytes.add_null();
    add_or_null(failure, e.failure);
  }
  void take(db::Params& out) {
    const auto add = [&out](auto&... columns) { (out.push_back(columns.take()), ...); };
    add(exec, tenant, epoch, rev, inbox, settled_n, onward_n, settled, onward, phase, progress, status, mode,
        wake_at, waiting, calendar, committed, compensates, output, output_bytes, failure);
  }
};

void add_unless_zero(db::IntArray& column, std::int64_t value) {
  value == 0 ? column.add_null() : column.add(value);
}

struct StepColumns {
  db::UuidArray exec, tenant;
  db::IntArray position, cpu, rss, in, out_bytes, output_bytes, attempt, max_attempts;
  db::TimeArray started, finished;
  db::TextArray status, path, kind, tool, worker, input, output, failure;
  db::BoolArray onward;

  void add(const EncodedCheckpoint& entry, const EncodedCheckpoint::Step& step, bool beside) {
    const StepRecord& r = step.record;
    exec.add(entry.exec_id);
    tenant.add(entry.tenant);
    position.add(r.position);
    started.add_optional(r.started_at);
    finished.add_optional(r.finished_at);
    add_unless_zero(cpu, r.resources.cpu_ms);
    add_unless_zero(rss, r.resources.max_rss_bytes);
    add_unless_zero(in, r.resources.bytes_in);
    add_unless_zero(out_bytes, r.resources.bytes_out);
    beside ? output_bytes.add(static_cast<std::int64_t>(step.output.size())) : output_bytes.add_null();
    status.add(to_string(r.status));
    attempt.add(r.attempt);
    max_attempts.add(r.max_attempts);
    path.add(r.path);
    kind.add(r.kind);
    add_or_null(tool, r.tool);
    add_or_null(worker, r.worker);
    add_or_null(input, step.input);
    add_or_null(output, beside ? std::string_view() : step.output);
    add_or_null(failure, step.failure);
    onward.add(step.onward);
  }
  void take(db::Params& out) {
    const auto add = [&out](auto&... columns) { (out.push_back(columns.take()), ...); };
    add(exec, position, started, finished, cpu, rss, in, out_bytes, output_bytes, status, attempt,
        max_attempts, path, kind, tool, worker, input, output, failure);
  }
};

struct BlobColumns {
  db::UuidArray exec;
  db::TextArray path, chunk;
  db::IntArray part;
  db::BoolArray onward;

  void add(const Uuid& exec_id, std::string_view at, std::string_view text, bool goes_onward) {
    for (std::int64_t number = 0; !text.empty(); ++number) {
      // A chunk is text of its own: never cut inside a character.
      std::size_t length = std::min(text.size(), kBlobChunk);
      while (length < text.size() && (static_cast<unsigned char>(text[length]) & 0xC0u) == 0x80u) --length;
      exec.add(exec_id);
      path.add(at);
      part.add(number);
      chunk.add(text.substr(0, length));
      onward.add(goes_onward);
      text.remove_prefix(length);
    }
  }
};

EncodedCheckpoint::Mode mode_of(const Checkpoint& entry) {
  if (entry.final) return EncodedCheckpoint::Mode::kFinish;
  if (!entry.park) return EncodedCheckpoint::Mode::kGoOn;
  return entry.park->keep ? EncodedCheckpoint::Mode::kKeep : EncodedCheckpoint::Mode::kPark;
}

}  // namespace

const db::Statement kCheckpointLookUp{"checkpoint_look_up", R"sql(
SELECT i.exec_id, coalesce(l.epoch, x.final_epoch, -1), coalesce(l.rev, x.final_rev, 0),
  coalesce(l.next_seq, 0),
  coalesce(l.inbox, 0), coalesce(l.held_back, false), l.exec_id IS NULL, now()
FROM unnest($1::uuid[], $2::uuid[]) AS i(exec_id, tenant_id)
LEFT JOIN live l ON l.exec_id = i.exec_id
LEFT JOIN executions x ON l.exec_id IS NULL AND x.tenant_id = i.tenant_id AND x.exec_id = i.exec_id)sql"};

std::size_t EncodedCheckpoint::bytes() const {
  std::size_t total = 256 + settled.size() + onward.size() + progress.size() + waiting_for.size() +
                      output.size() + failure.size();
  for (const Step& step : steps) total += 256 + step.input.size() + step.output.size() + step.failure.size();
  return total;
}

EncodedCheckpoint encode(Checkpoint entry) {
  PAWL_ASSERT(!(entry.park && entry.final), "an execution either parks or ends");
  EncodedCheckpoint out{entry.exec_id, entry.tenant, entry.epoch, entry.rev, entry.inbox_seen};
  out.mode = mode_of(entry);
  if (entry.final && std::none_of(entry.onward.begin(), entry.onward.end(),
                                  [](const NewEvent& e) { return is_terminal(e.type); })) {
    entry.onward.push_back({terminal_event(entry.final->status)});
  }
  out.settled_count = ledger_count(entry.settled);
  out.onward_count = ledger_count(entry.onward);
  out.settled = event_items(entry.settled);
  out.onward = event_items(entry.onward);
  out.phase = to_string(entry.phase);
  out.progress = text_of(entry.progress);
  out.step_committed = entry.step_committed;
  out.compensates = entry.compensates;
  ExecutionStatus status = ExecutionStatus::kRunning;
  if (entry.park) {
    status = entry.park->status;
    out.wake_at = entry.park->wake_at;
    out.waiting_for = text_of(entry.park->waiting_for);
    out.calendar = entry.park->calendar;
  }
  if (entry.final) {
    status = entry.final->status;
    out.output = text_of(entry.final->output);
    if (entry.final->failure) out.failure = text_of(to_json(*entry.final->failure));
  }
  out.status = to_string(status);
  const std::size_t settled_steps = entry.steps.size();
  std::move(entry.onward_steps.begin(), entry.onward_steps.end(), std::back_inserter(entry.steps));
  for (StepRecord& record : entry.steps) {
    EncodedCheckpoint::Step step{
        {}, text_of(record.input), text_of(record.output), {}, out.steps.size() >= settled_steps};
    if (record.failure) step.failure = text_of(to_json(*record.failure));
    record.input = {};
    record.output = {};
    step.record = std::move(record);
    out.steps.push_back(std::move(step));
  }
  return out;
}

db::Call checkpoint_call(std::span<const EncodedCheckpoint* const> entries) {
  EntryColumns columns;
  StepColumns steps;
  BlobColumns blobs;
  for (const EncodedCheckpoint* e : entries) {
    const bool beside = e->output.size() > kInlineOutput;
    columns.add(*e, beside);
    if (beside) blobs.add(e->exec_id, "", e->output, true);
    for (const EncodedCheckpoint::Step& step : e->steps) {
      const bool step_beside = step.output.size() > kInlineOutput;
      steps.add(*e, step, step_beside);
      if (step_beside) blobs.add(e->exec_id, step.record.path, step.output, step.onward);
    }
  }
  db::Params params{db::uuid_param(entries.front()->exec_id), db::uuid_param(entries.back()->exec_id)};
  columns.take(params);
  steps.take(params);
  params.push_back(blobs.exec.take());
  params.push_back(blobs.path.take());
  params.push_back(blobs.part.take());
  params.push_back(blobs.chunk.take());
  params.push_back(steps.tenant.take());
  params.push_back(steps.onward.take());
  params.push_back(blobs.onward.take());
  return {&kCheckpoint, std::move(params)};
}

}  // namespace pawl::store
