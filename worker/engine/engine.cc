#include "worker/engine/engine.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "worker/engine/limits.h"

namespace pawl::engine {

Engine::Engine(Ports ports, Options options)
    : ports_(std::move(ports)),
      options_(std::move(options)),
      plans_(ports_.loop, ports_.plans),
      guard_(ports_.loop, ports_.rng, ports_.bus, ports_.breakers, ports_.log, options_.worker_id,
             options_.guard),
      logs_(ports_.loop, ports_.logs),
      shared_{ports_, options_, clock_, watched_, plans_, guard_, logs_, false},
      lease_(
          ports_.loop, ports_.work, ports_.log, {options_.lease, options_.lease_renew},
          [this] { return row(); }, [this] { fence_all(); }),
      claim_timer_(ports_.loop),
      inbox_timer_(ports_.loop),
      drain_timer_(ports_.loop) {}

Engine::~Engine() = default;

store::WorkerRow Engine::row() const {
  store::WorkerRow row;
  row.id = options_.worker_id;
  row.name = options_.worker_name;
  row.host = options_.host;
  row.version = options_.version;
  row.pid = ::getpid();
  row.lanes = options_.lanes;
  row.slots = options_.slots;
  row.running = static_cast<int>(held_.size());
  row.draining = shared_.draining;
  return row;
}

void Engine::start() {
  ports_.consumer.on_deliveries(
      [this](std::vector<broker::Delivery> deliveries) { deliver(std::move(deliveries)); });
  const auto handler = [this](const json::Value& message) { on_control(message); };
  ports_.bus.listen_control("worker." + options_.worker_id, handler);
  ports_.bus.listen_control("all", handler);
  guard_.start();
  inbox_timer_.every(kInboxInterval, [this] { look_at_inboxes(); });
  lease_.start([this] { update_slots(); });
}

void Engine::update_slots() {
  if (shared_.draining || !lease_.is_held()) return ports_.consumer.set_free_slots(0);
  const int frozen = static_cast<int>(stats().frozen);
  const int used = static_cast<int>(held_.size() + claiming_.size()) - std::min(frozen, options_.max_frozen);
  ports_.consumer.set_free_slots(std::max(0, options_.slots - used));
}

void Engine::deliver(std::vector<broker::Delivery> deliveries) {
  std::vector<store::ClaimRequest> tickets;
  for (const broker::Delivery& delivery : deliveries) {
    // A ticket for what is held already (a duplicate) is only acked.
    if (held_.contains(delivery.exec_id) || !claiming_.emplace(delivery.exec_id, delivery.reply_to).second)
      continue;
    tickets.push_back({delivery.exec_id, delivery.epoch});
  }
  update_slots();  // before any ack: the consumer counts what it handed over as taken
  if (tickets.empty()) return ports_.consumer.ack(deliveries);
  claim({std::move(tickets), std::move(deliveries)});
}

void Engine::claim(Claim claim) {
  const MonoTime deadline = ports_.loop.now() + kStoreDeadline;
  auto tickets = claim.tickets;
  ports_.work.claim(std::move(tickets), options_.worker_id, deadline,
                    [this, claim = std::move(claim),
                     alive = std::weak_ptr<bool>(alive_)](Result<std::vector<store::Claimed>> claimed) {
                      if (!alive.expired()) this->claimed(claim, std::move(claimed));
                    });
}

void Engine::claimed(const Claim& claim, Result<std::vector<store::Claimed>> answer) {
  if (!answer) {
    // Unacked deliveries wait with us: Postgres is away, so nobody else could claim them either. The
    // consumer's window bounds how many these are.
    failed_claims_.push_back(claim);
    if (!claim_timer_.active()) claim_timer_.start(kClaimRetry, [this] { claim_again(); });
    return;
  }
  ports_.consumer.ack(claim.deliveries);
  stats_.not_claimable += claim.tickets.size() - std::min(claim.tickets.size(), answer->size());
  take(std::move(*answer));
  for (const store::ClaimRequest& ticket : claim.tickets) claiming_.erase(ticket.exec_id);
  update_slots();
  finish_drain();
}

void Engine::claim_again() {
  for (Claim& claim : std::exchange(failed_claims_, {})) this->claim(std::move(claim));
}

void Engine::take(std::vector<store::Claimed> claimed) {
  bool backlog = false;
  for (store::Claimed& one : claimed) {
    const Id id = one.exec_id;
    clock_.observe(one.database_now, ports_.loop.now());
    ++stats_.claimed;
    backlog = backlog || one.backlog;
    const auto waiting = claiming_.find(id);
    auto held =
        std::make_unique<Held>(shared_, std::move(one), waiting == claiming_.end() ? "" : waiting->second,
                               [this, id](Ending ending) { ended(id, ending); });
    Held* raw = held.get();
    if (!held_.emplace(id, std::move(held)).second) continue;
    strays_.erase(id);
    if (shared_.draining || !lease_.is_held())
      raw->hand_over(true);
    else
      raw->start();
  }
  if (backlog) feed();
}

/// Rows that had to wait for a ticket of their tenant get theirs as soon as one of its executions was
/// claimed.
void Engine::feed() {
  if (feeding_ || shared_.draining) return;
  feeding_ = true;
  ports_.work.feed(
      options_.lanes, kFeedLimit, ports_.loop.now() + kStoreDeadline,
      [this, alive = std::weak_ptr<bool>(alive_)](const Result<std::vector<store::Ticket>>& tickets) {
        if (alive.expired()) return;
        feeding_ = false;
        if (!tickets) return;
        for (const store::Ticket& one : *tickets) {
          ports_.publisher.publish(
              {one.exec_id, one.epoch, one.lane, one.priority, one.resume, one.traceparent},
              [](const Result<void>&) {});
        }
      });
}

void Engine::ended(const Id& id, Ending ending) {
  const auto found = held_.find(id);
  if (found == held_.end()) return;
  const store::Claimed& claimed = found->second->claimed();
  switch (ending) {
    case Ending::kParked: ++stats_.parked; break;
    case Ending::kFinished: ++stats_.finished; break;
    case Ending::kLost: ++stats_.lost; break;
    case Ending::kHandOver: {
      ++stats_.handed_over;
      to_release_.push_back({id, claimed.epoch});
      to_publish_.push_back(
          {id, claimed.epoch, claimed.lane, priority_class(claimed.priority), true, claimed.traceparent});
      break;
    }
  }
  held_.erase(found);
  update_slots();
  if (shared_.draining || !to_release_.empty()) release_drained();
}

void Engine::on_control(const json::Value& message) {
  const auto id_of = [&message](std::string_view key) -> std::optional<Uuid> {
    const json::Value* text = message.find(key);
    return text != nullptr && text->is_string() ? Uuid::parse(text->as_string()) : std::nullopt;
  };
  if (message.find("breaker") != nullptr) return guard_.on_control(message);
  if (const json::Value* names = message.find("watch"); names != nullptr && names->is_array()) {
    for (const json::Value& name : names->as_array()) {
      const auto id = name.is_string() ? Uuid::parse(name.as_string()) : std::nullopt;
      if (id) watched_.watch(id->to_string(), ports_.loop.now());
    }
    return;
  }
  const auto id = id_of("exec_id");
  if (!id) return;
  if (const auto found = held_.find(*id); found != held_.end()) found->second->look_at_inbox();
}

void Engine::look_at_inboxes() {
  if (looking_ || !lease_.is_held()) return;
  looking_ = true;
  std::vector<store::ClaimRequest> held;
  std::vector<std::uint64_t> seen;
  for (const auto& [id, one] : held_) {
    held.push_back({id, one->claimed().epoch});
    seen.push_back(one->inbox_seen());
  }
  ports_.work.inboxes(
      options_.worker_id, std::move(held), std::move(seen), ports_.loop.now() + kStoreDeadline,
      [this, alive = std::weak_ptr<bool>(alive_)](const Result<std::vector<store::Inbox>>& inboxes) {
        if (alive.expired()) return;
        looking_ = false;
        if (inboxes) inboxes_read(*inboxes);
      });
}

void Engine::inboxes_read(const std::vector<store::Inbox>& inboxes) {
  std::set<Id> strays;
  std::vector<store::ClaimRequest> again;
  for (const store::Inbox& inbox : inboxes) {
    const auto found = held_.find(inbox.exec_id);
    if (found != held_.end()) {
      if (inbox.stray) continue;  // claimed while the question was under way
      if (inbox.epoch != found->second->claimed().epoch)
        found->second->fence();
      else
        found->second->look_at_inbox();
    } else if (inbox.stray && !claiming_.contains(inbox.exec_id)) {
      if (!strays_.contains(inbox.exec_id))
        strays.insert(inbox.exec_id);
      else
        again.push_back({inbox.exec_id, inbox.epoch});
    }
  }
  strays_ = std::move(strays);
  if (again.empty() || shared_.draining) return;
  stats_.stray += again.size();
  for (const store::ClaimRequest& one : again) claiming_.emplace(one.exec_id, "");
  claim({std::move(again), {}});
}

void Engine::fence_all() {
  ports_.log.warn("fenced: every execution held here is dropped", {{"held", held_.size()}});
  for (const auto& [id, one] : held_) one->fence();
  ports_.consumer.set_free_slots(0);
  // Registered again as soon as Postgres answers; slots come back with the first renewal.
  ports_.loop.post([this, alive = std::weak_ptr<bool>(alive_)] {
    if (!alive.expired() && !shared_.draining) lease_.start([this] { update_slots(); });
  });
}

void Engine::drain(std::function<void()> done) {
  on_drained_ = std::move(done);
  if (shared_.draining) return;
  shared_.draining = true;
  ports_.log.info("draining", {{"held", held_.size()}});
  ports_.consumer.stop();
  drain_timer_.start(options_.drain, [this] { hurry(); });
  for (const auto& [id, one] : held_) one->hand_over(!one->has_begun());
  finish_drain();
}

void Engine::hurry() {
  for (const auto& [id, one] : held_) one->hand_over(true);
}

/// What was handed over becomes claimable in one write, then gets its tickets.
void Engine::release_drained() {
  if (releasing_) return;
  if (to_release_.empty()) return finish_drain();
  releasing_ = true;
  auto tickets = std::exchange(to_publish_, {});
  ports_.work.release(std::exchange(to_release_, {}), options_.worker_id, ports_.loop.now() + kStoreDeadline,
                      [this, tickets = std::move(tickets),
                       alive = std::weak_ptr<bool>(alive_)](const Result<std::vector<Uuid>>& freed) {
                        if (alive.expired()) return;
                        releasing_ = false;
                        if (freed) {
                          for (const broker::TicketMessage& ticket : tickets) {
                            const bool is_freed =
                                std::find(freed->begin(), freed->end(), ticket.exec_id) != freed->end();
                            if (is_freed) ports_.publisher.publish(ticket, [](const Result<void>&) {});
                          }
                        }
                        release_drained();
                      });
}

void Engine::finish_drain() {
  if (!shared_.draining || !on_drained_ || !held_.empty() || !claiming_.empty() || releasing_ ||
      !to_release_.empty())
    return;
  drain_timer_.stop();
  inbox_timer_.stop();
  lease_.stop();
  ports_.work.unregister(options_.worker_id, ports_.loop.now() + kStoreDeadline,
                         [done = std::exchange(on_drained_, {})](const Result<void>&) { done(); });
}

EngineStats Engine::stats() const {
  EngineStats stats = stats_;
  stats.held = held_.size();
  stats.claiming = claiming_.size();
  stats.frozen = static_cast<std::size_t>(
      std::count_if(held_.begin(), held_.end(), [](const auto& entry) { return entry.second->is_frozen(); }));
  return stats;
}

}  // namespace pawl::engine
