// The keeper's acts, and task versions, in the in-memory twin.
#include <algorithm>

#include "common/model/catalogue.h"
#include "common/store/fake_database.h"
#include "common/store/limits.h"

namespace pawl::store {
namespace {

std::chrono::seconds backoff(int wakes, int first) {
  return std::chrono::seconds(std::min(60, first << std::min(wakes, 8)));
}

}  // namespace

bool FakeDatabase::take_turn(const std::string& worker_id, Millis ttl) {
  if (keeper_ != worker_id && !keeper_.empty() && keeper_until_ >= now()) return false;
  keeper_ = worker_id;
  keeper_until_ = now() + ttl;
  return true;
}

// What the dead held goes back; what killed too many owners ends.
void FakeDatabase::bury(KeeperFinds& finds, const KeeperTick& what) {
  for (auto& [id, worker] : workers) {
    if (!worker.dead && worker.lease_until <= now()) worker.dead = true;
  }
  for (auto& [id, e] : executions_) {
    const auto worker = workers.find(e.owner);
    if (e.ended() || e.owner.empty() || worker == workers.end() || !worker->second.dead) continue;
    if (static_cast<int>(finds.orphans.size()) >= what.limit) return;
    if (!worker->second.left_cleanly && !worker->second.survived) e.crashed_owners.push_back(e.owner);
    const auto died =
        std::count_if(e.crashed_owners.begin(), e.crashed_owners.end(), [this](const std::string& owner) {
          const auto at = workers.find(owner);
          return at == workers.end() || !at->second.survived;
        });
    if (what.quarantine_after > 0 && died >= what.quarantine_after) {
      e.failure = make_failure("worker_crash_loop", "the processes that ran it died again and again");
      write_event(e, EventType::kExecutionFailed, json::Object{{"error", to_json(*e.failure)}}, false);
      end(e, ExecutionStatus::kFailed);
      ++finds.quarantined;
      continue;
    }
    e.owner.clear();
    e.wakes = 0;
    e.ready = e.status != ExecutionStatus::kPaused;
    if (!e.ready) continue;
    e.wake_at = now() + std::chrono::seconds(5);
    finds.orphans.push_back(ticket_of(e, true));
  }
}

void FakeDatabase::look_for_lost(KeeperFinds& finds, const KeeperTick& what) {
  for (auto& [id, e] : executions_) {
    if (!e.counted() || !e.ticketed_at || static_cast<int>(finds.lost.size()) >= what.limit) continue;
    const auto mark = newest_claimed_.find({e.asked.lane, priority_class(e.asked.priority)});
    const bool overtaken = what.look_for_overtaken && mark != newest_claimed_.end() &&
                           *e.ticketed_at < mark->second - kOvertakenAfter;
    const bool alone = std::count(what.empty_lanes.begin(), what.empty_lanes.end(), e.asked.lane) > 0 &&
                       *e.ticketed_at < now() - backoff(e.wakes, 1);
    if (!overtaken && !alone) continue;
    e.ticketed_at = now();
    ++e.wakes;
    finds.lost.push_back(ticket_of(e, false));
  }
}

KeeperFinds FakeDatabase::tick(const KeeperTick& what) {
  KeeperFinds finds;
  bury(finds, what);
  for (auto& [id, e] : executions_) {
    if (e.ended() || !e.wake_at || *e.wake_at > now()) continue;
    if (e.status == ExecutionStatus::kPaused) {
      if (!e.owner.empty()) continue;
      const bool cancels = e.control.find("\"on_timeout\":\"cancel\"") != std::string::npos;
      const auto outcome = control(
          {e.asked.tenant, id, cancels ? ControlKind::kCancel : ControlKind::kResume, "pause_timeout"});
      if (outcome && outcome->ticket) finds.due.push_back(ticket_of(e, true));
    } else if (e.status == ExecutionStatus::kPending) {
      e.wake_at.reset();
      e.unfed = true;
    } else {
      e.ready = true;
      e.wake_at = now() + backoff(e.wakes++, 5);
      finds.due.push_back(ticket_of(e, true));
    }
  }
  finds.fed = feed(std::nullopt, what.limit);
  look_for_lost(finds, what);
  return finds;
}

std::int64_t FakeDatabase::housekeeping(Millis retention) {
  std::int64_t removed = 0;
  for (auto at = executions_.begin(); at != executions_.end();) {
    const bool old = at->second.ended() && at->second.created_at < now() - retention - std::chrono::hours(24);
    at = old ? executions_.erase(at) : std::next(at);
    removed += old;
  }
  removed += static_cast<std::int64_t>(
      std::erase_if(idempotency_, [this](const auto& key) { return key.second.expires_at <= now(); }));
  return removed;
}

Result<PutTask> FakeDatabase::put_task(Uuid tenant, const std::string& task_id, const json::Value& document,
                                       const Sha256& hash, std::optional<int> if_match) {
  const auto found = tasks.find({tenant, task_id});
  const bool absent = found == tasks.end() || found->second.removed;
  if (if_match && (absent || found->second.versions.back().version != *if_match)) {
    return fail(ErrorKind::kConflict, "precondition_failed", "another version is the current one");
  }
  if (!absent && found->second.versions.back().plan_hash == hash)
    return PutTask{found->second.versions.back(), false};
  Task& task = tasks[{tenant, task_id}];
  if (absent) task.created_at = now();
  task.removed = false;
  const int next = task.versions.empty() ? 1 : task.versions.back().version + 1;
  task.versions.push_back({task_id, next, hash, document, now()});
  plans.emplace(std::pair(tenant, hash), document);
  return PutTask{task.versions.back(), absent};
}

}  // namespace pawl::store
