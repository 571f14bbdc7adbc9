#include "common/store/fake_store.h"

#include <algorithm>

#include "common/store/fake_answer.h"

namespace pawl::store {

std::optional<StoreFault> FakeStore::take_fault(const std::string& operation) {
  for (const std::string& name : {operation, std::string()}) {
    const auto faults = faults_.find(name);
    if (faults == faults_.end() || faults->second.empty()) continue;
    const StoreFault fault = faults->second.front();
    faults->second.erase(faults->second.begin());
    return fault;
  }
  return std::nullopt;
}

void FakeStore::later(std::function<void()> fn) {
  if (delay_ > Millis{0} && after_)
    after_(delay_, std::move(fn));
  else
    post_(std::move(fn));
}

void FakeStore::fence(const Uuid& exec_id) {
  auto* e = database_->find(exec_id);
  if (e == nullptr || e->ended()) return;
  ++e->epoch;
  e->owner.clear();
  e->ready = true;
  e->wake_at = database_->now();
}

void FakeStore::accept(NewExecution execution, MonoTime, Done<Accepted> done) {
  answer<Accepted>("accept", std::move(done),
                   [execution = std::move(execution)](FakeDatabase& db) -> Result<Accepted> {
                     return db.accept(execution);
                   });
}

void FakeStore::control(ControlRequest request, MonoTime, Done<ControlOutcome> done) {
  answer<ControlOutcome>("control", std::move(done),
                         [request = std::move(request)](FakeDatabase& db) { return db.control(request); });
}

void FakeStore::claim(std::vector<ClaimRequest> tickets, std::string worker_id, MonoTime,
                      Done<std::vector<Claimed>> done) {
  answer<std::vector<Claimed>>(
      "claim", std::move(done),
      [tickets = std::move(tickets), worker_id](FakeDatabase& db) -> Result<std::vector<Claimed>> {
        return db.claim(tickets, worker_id);
      });
}

void FakeStore::feed(std::vector<std::string> lanes, int limit, MonoTime, Done<std::vector<Ticket>> done) {
  answer<std::vector<Ticket>>(
      "feed", std::move(done),
      [lanes = std::move(lanes), limit](FakeDatabase& db) -> Result<std::vector<Ticket>> {
        return db.feed(lanes, limit);
      });
}

void FakeStore::load(Uuid tenant, Uuid exec_id, MonoTime, Done<History> done) {
  answer<History>("load", std::move(done), [tenant, exec_id](FakeDatabase& db) -> Result<History> {
    History history;
    const auto* e = db.find(tenant, exec_id);
    if (e == nullptr) return history;
    history.events = e->ledger;
    for (const auto& [path, step] : e->steps) history.steps.push_back(step);
    std::stable_sort(history.steps.begin(), history.steps.end(),
                     [](const auto& a, const auto& b) { return a.position < b.position; });
    return history;
  });
}

void FakeStore::checkpoint(Checkpoint entry, Done<Saved> done) {
  answer<Saved>("checkpoint", std::move(done),
                [entry = std::move(entry)](FakeDatabase& db) { return db.checkpoint(entry); });
}

void FakeStore::renew(WorkerRow worker, Millis ttl, MonoTime, Done<bool> done) {
  answer<bool>("renew", std::move(done), [worker = std::move(worker), ttl](FakeDatabase& db) -> Result<bool> {
    return db.renew(worker, ttl);
  });
}

void FakeStore::inboxes(std::string worker_id, std::vector<ClaimRequest> held,
                        std::vector<std::uint64_t> seen, MonoTime, Done<std::vector<Inbox>> done) {
  answer<std::vector<Inbox>>(
      "inboxes", std::move(done),
      [worker_id, held = std::move(held),
       seen = std::move(seen)](FakeDatabase& db) -> Result<std::vector<Inbox>> {
        std::vector<Inbox> inboxes;
        const auto add = [&inboxes](const FakeDatabase::Execution& e, bool stray) {
          inboxes.push_back({e.id, e.epoch, e.inbox, stray, e.cancelling, e.pausing, e.control, {}});
        };
        std::set<Uuid> mine;
        for (std::size_t i = 0; i < held.size(); ++i) {
          mine.insert(held[i].exec_id);
          const auto* e = db.find(held[i].exec_id);
          const bool ours = e != nullptr && e->owner == worker_id && e->epoch == held[i].epoch;
          if (!ours)
            inboxes.push_back({held[i].exec_id});
          else if (e->inbox != seen[i])
            add(*e, false);
        }
        for (const auto& [id, e] : db.executions()) {
          if (e.owner == worker_id && !mine.contains(id)) add(e, true);
        }
        return inboxes;
      });
}

void FakeStore::read_inbox(ClaimRequest held, std::uint64_t after_seq, MonoTime, Done<Inbox> done) {
  answer<Inbox>("read_inbox", std::move(done), [held, after_seq](FakeDatabase& db) -> Result<Inbox> {
    Inbox inbox{held.exec_id};
    const auto* e = db.find(held.exec_id);
    if (e == nullptr || e->ended() || e->epoch != held.epoch) return inbox;
    inbox = {e->id, e->epoch, e->inbox, false, e->cancelling, e->pausing, e->control, {}};
    for (const Event& event : e->ledger) {
      if (event.seq > after_seq && e->control_seqs.contains(event.seq)) inbox.events.push_back(event);
    }
    return inbox;
  });
}

void FakeStore::release(std::vector<ClaimRequest> held, std::string worker_id, MonoTime,
                        Done<std::vector<Uuid>> done) {
  answer<std::vector<Uuid>>(
      "release", std::move(done),
      [held = std::move(held), worker_id](FakeDatabase& db) -> Result<std::vector<Uuid>> {
        return db.release(held, worker_id);
      });
}

void FakeStore::unregister(std::string worker_id, MonoTime, Done<void> done) {
  answer<void>("unregister", std::move(done), [worker_id](FakeDatabase& db) -> Result<void> {
    db.unregister(worker_id);
    return {};
  });
}

void FakeStore::publish_tools(std::string worker_id, std::vector<ToolDescriptor> tools, MonoTime,
                              Done<void> done) {
  answer<void>("publish_tools", std::move(done),
               [worker_id, tools = std::move(tools)](FakeDatabase& db) -> Result<void> {
                 db.workers[worker_id].tools = tools;
                 return {};
               });
}

void FakeStore::take_turn(std::string worker_id, Millis ttl, MonoTime, Done<bool> done) {
  answer<bool>("take_turn", std::move(done),
               [worker_id, ttl](FakeDatabase& db) -> Result<bool> { return db.take_turn(worker_id, ttl); });
}

void FakeStore::tick(KeeperTick what, MonoTime, Done<KeeperFinds> done) {
  answer<KeeperFinds>(
      "tick", std::move(done),
      [what = std::move(what)](FakeDatabase& db) -> Result<KeeperFinds> { return db.tick(what); });
}

void FakeStore::housekeeping(Millis retention, MonoTime, Done<std::int64_t> done) {
  answer<std::int64_t>(
      "housekeeping", std::move(done),
      [retention](FakeDatabase& db) -> Result<std::int64_t> { return db.housekeeping(retention); });
}

}  // namespace pawl::store
