#include "common/store/history_sql.h"

#include <map>
#include <string>
#include <utility>

#include "common/store/event_body.h"

namespace pawl::store {

#define PAWL_STEP_COLUMNS                                                                                    \
  "SELECT path, kind, tool, status, attempt, max_attempts, position, input, output, output_bytes, failure, " \
  "started_at, "                                                                                             \
  "finished_at, worker, cpu_ms, max_rss_bytes, bytes_in, bytes_out FROM steps WHERE exec_id = $1 AND "       \
  "tenant_id = $2 "

const db::Statement kLedgerRows{"ledger_rows", R"sql(
SELECT first_seq, at, epoch, body FROM events WHERE exec_id = $1 AND tenant_id = $2 AND last_seq > $3
ORDER BY last_seq LIMIT $4)sql"};
const db::Statement kStepRows{"step_rows", PAWL_STEP_COLUMNS "ORDER BY position, path"};
const db::Statement kStepRow{"step_row", PAWL_STEP_COLUMNS "AND path = $3"};
const db::Statement kBlobRows{"blob_rows", R"sql(
SELECT path, chunk FROM blobs WHERE exec_id = $1 AND tenant_id = $2 AND path <> '' ORDER BY path, part)sql"};
const db::Statement kBlobOf{"blob_of", R"sql(
SELECT path, chunk FROM blobs WHERE exec_id = $1 AND tenant_id = $2 AND path = $3 ORDER BY part)sql"};

#undef PAWL_STEP_COLUMNS

Result<std::vector<Event>> read_ledger(const Uuid& exec_id, const db::Rows& rows) {
  std::vector<Event> events;
  for (std::size_t row = 0; row < rows.size(); ++row) {
    auto unpacked =
        TRY(unpack_events(exec_id, static_cast<std::uint64_t>(rows.integer(row, 0)), rows.time(row, 1),
                          static_cast<std::uint32_t>(rows.integer(row, 2)), rows.text(row, 3)));
    events.insert(events.end(), std::make_move_iterator(unpacked.begin()),
                  std::make_move_iterator(unpacked.end()));
  }
  return events;
}

namespace {

std::optional<WallTime> time_at(const db::Rows& rows, std::size_t row, int column) {
  if (rows.is_null(row, column)) return std::nullopt;
  return rows.time(row, column);
}
std::int64_t count_at(const db::Rows& rows, std::size_t row, int column) {
  return rows.is_null(row, column) ? 0 : rows.integer(row, column);
}

}  // namespace

Result<std::vector<StepRecord>> read_steps(const db::Rows& rows, const db::Rows* blobs) {
  std::map<std::string, std::string, std::less<>> beside;
  if (blobs != nullptr) {
    for (std::size_t row = 0; row < blobs->size(); ++row)
      beside[std::string(blobs->text(row, 0))].append(blobs->text(row, 1));
  }
  std::vector<StepRecord> steps;
  steps.reserve(rows.size());
  for (std::size_t row = 0; row < rows.size(); ++row) {
    StepRecord step;
    step.path = rows.text(row, 0);
    step.kind = rows.text(row, 1);
    step.tool = rows.text(row, 2);
    step.status = parse_step_status(rows.text(row, 3)).value_or(StepStatus::kFailed);
    step.attempt = static_cast<int>(rows.integer(row, 4));
    step.max_attempts = static_cast<int>(rows.integer(row, 5));
    step.position = rows.integer(row, 6);
    step.input = value_of(rows.text(row, 7));
    if (rows.is_null(row, 9)) {
      step.output = value_of(rows.text(row, 8));
    } else if (const auto found = beside.find(step.path); found != beside.end()) {
      step.output = value_of(found->second);
    } else {
      step.output = json::Object{{"$stored_bytes", rows.integer(row, 9)}};
    }
    if (!rows.is_null(row, 10)) step.failure = TRY(failure_from_json(value_of(rows.text(row, 10))));
    step.started_at = time_at(rows, row, 11);
    step.finished_at = time_at(rows, row, 12);
    step.worker = rows.text(row, 13);
    step.resources = {count_at(rows, row, 14), count_at(rows, row, 15), count_at(rows, row, 16),
                      count_at(rows, row, 17)};
    steps.push_back(std::move(step));
  }
  return steps;
}

}  // namespace pawl::store
