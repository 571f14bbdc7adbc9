// Accepting, claiming and feeding in the in-memory twin.
#include <algorithm>
#include <set>

#include "common/store/event_body.h"
#include "common/store/fake_database.h"
#include "common/store/limits.h"

namespace pawl::store {

FakeDatabase::Execution* FakeDatabase::find(const Uuid& exec_id) {
  const auto found = executions_.find(exec_id);
  return found == executions_.end() ? nullptr : &found->second;
}

FakeDatabase::Execution* FakeDatabase::find(const Uuid& tenant, const Uuid& exec_id) {
  Execution* e = find(exec_id);
  return e != nullptr && e->asked.tenant == tenant ? e : nullptr;
}

int FakeDatabase::open_tickets(const Uuid& tenant, const std::string& lane) const {
  return static_cast<int>(std::count_if(executions_.begin(), executions_.end(), [&](const auto& one) {
    const Execution& e = one.second;
    return e.counted() && e.asked.tenant == tenant && e.asked.lane == lane;
  }));
}

bool FakeDatabase::has_unfed(const Uuid* tenant, const std::string& lane) const {
  return std::any_of(executions_.begin(), executions_.end(), [&](const auto& one) {
    const Execution& e = one.second;
    return e.unfed && e.asked.lane == lane && (tenant == nullptr || e.asked.tenant == *tenant);
  });
}

Accepted FakeDatabase::accept(const NewExecution& execution) {
  const WallTime at = now();
  const Uuid id = ids_.next(at);
  if (!execution.idempotency_key.empty()) {
    const auto key = std::pair(execution.tenant, execution.idempotency_key);
    const auto held = idempotency_.find(key);
    if (held != idempotency_.end() && held->second.expires_at > at) {
      const bool same = held->second.fingerprint == execution.fingerprint;
      return {same ? Accepted::Kind::kReplayed : Accepted::Kind::kKeyReused, held->second.exec_id,
              uuid_time(held->second.exec_id), false};
    }
    idempotency_[key] = {execution.fingerprint, id, at + kIdempotencyKept};
  }
  if (execution.plan) plans.emplace(std::pair(execution.tenant, execution.plan_hash), *execution.plan);
  Execution e{execution, id, at};
  const bool later = execution.run_at && *execution.run_at > at;
  e.ready = !later && !has_unfed(&execution.tenant, execution.lane) &&
            open_tickets(execution.tenant, execution.lane) < kMaxOpenTickets;
  e.unfed = !later && !e.ready;
  if (e.ready) e.ticketed_at = at;
  if (later) e.wake_at = execution.run_at;
  const auto retried = Uuid::parse(execution.retry_of);
  if (const Execution* old = retried ? find(execution.tenant, *retried) : nullptr; old != nullptr) {
    for (const std::string& path : execution.kept)
      if (const auto step = old->steps.find(path); step != old->steps.end()) e.steps.insert(*step);
  }
  e.ledger.push_back(accepted_event(id, at));
  const bool ticket_now = e.ready;
  executions_.emplace(id, std::move(e));
  return {Accepted::Kind::kNew, id, at, ticket_now};
}

bool FakeDatabase::has_lease(const std::string& worker_id) const {
  const auto worker = workers.find(worker_id);
  return worker != workers.end() && !worker->second.dead && worker->second.lease_until > now();
}

std::vector<Claimed> FakeDatabase::claim(const std::vector<ClaimRequest>& tickets,
                                         const std::string& worker_id) {
  std::vector<Claimed> claimed;
  if (!has_lease(worker_id)) return claimed;
  std::set<Uuid> seen;
  for (const ClaimRequest& ticket : tickets) {
    Execution* e = find(ticket.exec_id);
    if (e == nullptr || e->ended() || !seen.insert(ticket.exec_id).second) continue;
    const bool mine = e->owner == worker_id && (e->epoch == ticket.epoch || e->epoch == ticket.epoch + 1);
    if (!mine && !(e->ready && e->epoch == ticket.epoch)) continue;
    if (e->epoch == 0 && e->ticketed_at) {
      WallTime& newest = newest_claimed_[{e->asked.lane, priority_class(e->asked.priority)}];
      newest = std::max(newest, *e->ticketed_at);
    }
    ++e->epoch;
    e->owner = worker_id;
    e->ready = false;
    e->wakes = 0;
    e->status = ExecutionStatus::kRunning;
    e->wake_at.reset();
    e->held_wake_at.reset();
    e->waiting_for = {};
    if (!e->started_at) e->started_at = now();
    Claimed c;
    c.exec_id = e->id;
    c.tenant = e->asked.tenant;
    c.task_id = e->asked.task_id;
    c.task_version = e->asked.task_version;
    c.plan_hash = e->asked.plan_hash;
    c.input = e->asked.input;
    c.limits = e->asked.limits;
    c.lane = e->asked.lane;
    c.priority = e->asked.priority;
    c.traceparent = e->asked.traceparent;
    c.epoch = e->epoch;
    c.rev = e->rev;
    c.inbox = e->inbox;
    c.next_seq = e->next_seq;
    c.first = e->rev == 0;
    c.backlog = has_unfed(nullptr, e->asked.lane);
    c.cancel_requested = e->cancelling;
    c.pause_requested = e->pausing;
    c.control = e->control;
    c.crashes = static_cast<int>(e->crashed_owners.size());
    c.created_at = e->created_at;
    c.started_at = e->started_at;
    c.timeout = e->asked.timeout;
    c.paused_total = e->paused_total;
    c.database_now = now();
    c.repeats = !e->asked.retry_of.empty();
    claimed.push_back(std::move(c));
  }
  std::sort(claimed.begin(), claimed.end(),
            [](const Claimed& a, const Claimed& b) { return a.exec_id < b.exec_id; });
  return claimed;
}

Ticket FakeDatabase::ticket_of(const Execution& e, bool resume) const {
  return {e.id,   e.asked.tenant,     e.epoch, e.asked.lane, priority_class(e.asked.priority),
          resume, e.asked.traceparent};
}

std::vector<Ticket> FakeDatabase::feed(const std::optional<std::vector<std::string>>& lanes, int limit) {
  // Per lane and tenant in the order they would start; then the n-th of each before the n+1-th of any.
  std::map<std::pair<std::string, Uuid>, std::vector<Execution*>> waiting;
  for (auto& [id, e] : executions_) {
    if (e.unfed && (!lanes || std::count(lanes->begin(), lanes->end(), e.asked.lane) > 0)) {
      waiting[{e.asked.lane, e.asked.tenant}].push_back(&e);
    }
  }
  std::vector<std::pair<std::size_t, Execution*>> turns;
  for (auto& [whose, rows] : waiting) {
    std::stable_sort(rows.begin(), rows.end(), [](const Execution* a, const Execution* b) {
      return priority_class(a->asked.priority) < priority_class(b->asked.priority);
    });
    const int places = std::max(0, kMaxOpenTickets - open_tickets(whose.second, whose.first));
    for (std::size_t n = 0; n < rows.size() && n < static_cast<std::size_t>(places); ++n)
      turns.emplace_back(n, rows[n]);
  }
  std::sort(turns.begin(), turns.end(), [](const auto& a, const auto& b) {
    return a.first != b.first ? a.first < b.first : a.second->id < b.second->id;
  });
  if (turns.size() > static_cast<std::size_t>(limit)) turns.resize(static_cast<std::size_t>(limit));
  std::vector<Ticket> fed;
  for (const auto& [turn, e] : turns) {
    e->unfed = false;
    e->ready = true;
    e->ticketed_at = now();
    fed.push_back(ticket_of(*e, false));
  }
  std::sort(fed.begin(), fed.end(), [](const Ticket& a, const Ticket& b) { return a.exec_id < b.exec_id; });
  return fed;
}

}  // namespace pawl::store
