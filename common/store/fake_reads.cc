// Reads, tasks and keys of the in-memory twin.
#include <algorithm>

#include "common/store/event_body.h"
#include "common/store/fake_answer.h"
#include "common/store/limits.h"

namespace pawl::store {
namespace {

tl::unexpected<Error> absent(const char* what) {
  return fail(ErrorKind::kNotFound, "not_found", std::string("there is no such ") + what);
}

ExecutionRow row_of(const FakeDatabase::Execution& e) {
  ExecutionRow row;
  row.exec_id = e.id;
  row.tenant = e.asked.tenant;
  row.task_id = e.asked.task_id;
  row.task_version = e.asked.task_version;
  row.plan_hash = e.asked.plan_hash;
  row.status = e.status;
  switch (e.status) {
    case ExecutionStatus::kPending: row.phase = Phase::kPending; break;
    case ExecutionStatus::kRunning: row.phase = e.rev == 0 ? Phase::kPlanning : e.phase; break;
    case ExecutionStatus::kWaiting: row.phase = Phase::kWaiting; break;
    case ExecutionStatus::kPaused: row.phase = Phase::kPaused; break;
    case ExecutionStatus::kCompleted: row.phase = Phase::kCompleted; break;
    case ExecutionStatus::kFailed: row.phase = Phase::kFailed; break;
    case ExecutionStatus::kCancelled: row.phase = Phase::kCancelled; break;
    case ExecutionStatus::kTimedOut: row.phase = Phase::kTimedOut; break;
  }
  row.cancel_requested = e.cancelling;
  row.pause_requested = e.pausing;
  row.lane = e.asked.lane;
  row.priority = e.asked.priority;
  row.epoch = e.epoch;
  row.rev = e.ended() ? e.rev + (std::uint64_t{1} << 40) : e.rev + e.inbox + e.epoch;
  row.failure = e.failure;
  row.labels = e.asked.labels;
  row.limits = e.asked.limits;
  row.session_id = e.asked.session_id;
  row.retry_of = e.asked.retry_of;
  row.created_at = e.created_at;
  row.started_at = e.started_at;
  row.finished_at = e.finished_at;
  if (!e.ready) row.wake_at = e.wake_at;
  row.run_at = e.asked.run_at;
  row.progress = e.progress;
  row.waiting_for = e.waiting_for;
  return row;
}

bool matches(const FakeDatabase::Execution& e, const ExecutionFilter& filter) {
  if (!filter.statuses.empty() && std::count(filter.statuses.begin(), filter.statuses.end(), e.status) == 0)
    return false;
  if (!filter.task_id.empty() && filter.task_id != e.asked.task_id) return false;
  if (!filter.session_id.empty() && filter.session_id != e.asked.session_id) return false;
  if (filter.created_after && e.created_at <= *filter.created_after) return false;
  if (filter.created_before && e.created_at >= *filter.created_before) return false;
  return std::all_of(filter.labels.begin(), filter.labels.end(), [&e](const auto& label) {
    const json::Value* value = e.asked.labels.find(label.first);
    return value != nullptr && value->is_string() && value->as_string() == label.second;
  });
}

}  // namespace

void FakeStore::get(Uuid tenant, Uuid exec_id, MonoTime, Done<ExecutionRow> done) {
  answer<ExecutionRow>("get", std::move(done), [tenant, exec_id](FakeDatabase& db) -> Result<ExecutionRow> {
    const auto* e = db.find(tenant, exec_id);
    if (e == nullptr) return absent("execution");
    ExecutionRow row = row_of(*e);
    row.input = e->asked.input;
    row.output = e->output;
    return row;
  });
}

void FakeStore::steps(Uuid tenant, Uuid exec_id, std::optional<std::string> path, MonoTime,
                      Done<std::vector<StepRecord>> done) {
  answer<std::vector<StepRecord>>(
      "steps", std::move(done), [tenant, exec_id, path](FakeDatabase& db) -> Result<std::vector<StepRecord>> {
        const auto* e = db.find(tenant, exec_id);
        if (e == nullptr) return absent("execution");
        std::vector<StepRecord> steps;
        for (const auto& [at, step] : e->steps) {
          if (path && at != *path) continue;
          steps.push_back(step);
          const auto bytes = text_of(step.output).size();
          if (!path && bytes > kInlineOutput) steps.back().output = json::Object{{"$stored_bytes", bytes}};
        }
        std::stable_sort(steps.begin(), steps.end(),
                         [](const auto& a, const auto& b) { return a.position < b.position; });
        return steps;
      });
}

void FakeStore::events(Uuid tenant, Uuid exec_id, std::uint64_t after_seq, int limit, MonoTime,
                       Done<std::vector<Event>> done) {
  answer<std::vector<Event>>(
      "events", std::move(done),
      [tenant, exec_id, after_seq, limit](FakeDatabase& db) -> Result<std::vector<Event>> {
        const auto* e = db.find(tenant, exec_id);
        if (e == nullptr) return absent("execution");
        std::vector<Event> events;
        for (const Event& event : e->ledger) {
          if (event.seq > after_seq && static_cast<int>(events.size()) < std::clamp(limit, 1, kMaxPage))
            events.push_back(event);
        }
        return events;
      });
}

void FakeStore::list(Uuid tenant, ExecutionFilter filter, Page page, MonoTime, Done<ExecutionList> done) {
  answer<ExecutionList>(
      "list", std::move(done),
      [tenant, filter = std::move(filter), page](FakeDatabase& db) -> Result<ExecutionList> {
        const auto cursor = Uuid::parse(page.cursor);
        if (!page.cursor.empty() && !cursor)
          return fail(ErrorKind::kInvalid, "invalid_cursor", "that is no cursor of this list");
        ExecutionList list;
        const auto& all = db.executions();
        for (auto at = all.rbegin(); at != all.rend(); ++at) {
          if (at->second.asked.tenant != tenant || (cursor && !(at->first < *cursor)) ||
              !matches(at->second, filter))
            continue;
          if (static_cast<int>(list.items.size()) == std::clamp(page.limit, 1, kMaxPage)) {
            list.next = list.items.back().exec_id.to_string();
            break;
          }
          list.items.push_back(row_of(at->second));
        }
        return list;
      });
}

void FakeStore::stats(Uuid tenant, MonoTime, Done<Stats> done) {
  answer<Stats>("stats", std::move(done), [tenant](FakeDatabase& db) -> Result<Stats> {
    Stats stats;
    for (const auto& [id, e] : db.executions()) {
      if (e.asked.tenant != tenant) continue;
      ++stats.by_status[std::string(to_string(e.status))];
      if (e.ended()) continue;
      Stats::Lane& lane = stats.lanes[e.asked.lane];
      if (!e.owner.empty())
        ++lane.running;
      else if (e.ready || e.unfed)
        ++lane.queued;
    }
    stats.workers = std::count_if(db.workers.begin(), db.workers.end(),
                                  [&db](const auto& w) { return db.has_lease(w.first); });
    return stats;
  });
}

void FakeStore::workers(MonoTime, Done<std::vector<WorkerRow>> done) {
  answer<std::vector<WorkerRow>>("workers", std::move(done),
                                 [](FakeDatabase& db) -> Result<std::vector<WorkerRow>> {
                                   std::vector<WorkerRow> rows;
                                   for (const auto& [id, worker] : db.workers) {
                                     if (!db.has_lease(id)) continue;
                                     rows.push_back(worker.row);
                                     rows.back().lease_until = worker.lease_until;
                                   }
                                   return rows;
                                 });
}

void FakeStore::tools(MonoTime, Done<std::vector<ToolDescriptor>> done) {
  answer<std::vector<ToolDescriptor>>("tools", std::move(done),
                                      [](FakeDatabase& db) -> Result<std::vector<ToolDescriptor>> {
                                        std::map<std::string, ToolDescriptor> tools;
                                        for (const auto& [id, worker] : db.workers) {
                                          if (!db.has_lease(id)) continue;
                                          for (const ToolDescriptor& tool : worker.tools) {
                                            ToolDescriptor& known = tools[tool.name];
                                            known = {tool.name, tool.descriptor, known.workers + 1};
                                          }
                                        }
                                        std::vector<ToolDescriptor> list;
                                        for (auto& [name, tool] : tools) list.push_back(std::move(tool));
                                        return list;
                                      });
}

}  // namespace pawl::store
