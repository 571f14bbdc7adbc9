#include "worker/keeper/keeper.h"

#include <algorithm>
#include <utility>

#include "worker/keeper/limits.h"

namespace pawl::keeper {

Keeper::Keeper(Loop& loop, store::KeeperStore& store, broker::TicketPublisher& publisher,
               broker::LaneDepths& depths, Log log, Options options)
    : loop_(loop),
      store_(store),
      publisher_(publisher),
      depths_(depths),
      log_(std::move(log)),
      options_(std::move(options)),
      timer_(loop) {}

Keeper::~Keeper() = default;

void Keeper::start() {
  timer_.every(options_.interval, [this] { tick(); });
}

void Keeper::stop() {
  timer_.stop();
  is_keeper_ = false;
}

void Keeper::tick() {
  if (busy_) return;
  busy_ = true;
  const Millis ttl = std::max(options_.interval * kTicksPerLease, kShortestLease);
  store_.take_turn(options_.worker_id, ttl, loop_.now() + kTickDeadline,
                   [this, alive = std::weak_ptr<bool>(alive_)](const Result<bool>& mine) {
                     if (alive.expired()) return;
                     busy_ = false;
                     const bool was = std::exchange(is_keeper_, mine.has_value() && *mine);
                     if (is_keeper_ && !was) log_.info("took the keeper's turn");
                     if (is_keeper_) look_at_depths();
                   });
}

/// Which lanes' queues are empty. With the broker away nothing can be told, and nothing could be published
/// either.
void Keeper::look_at_depths() {
  ++turns_;
  if (turns_ % kDepthsEvery != 0 || !publisher_.connected()) return work({});
  busy_ = true;
  depths_.depths(options_.lanes, [this, alive = std::weak_ptr<bool>(alive_)](
                                     const Result<std::vector<broker::LaneDepth>>& depths) {
    if (alive.expired()) return;
    std::vector<std::string> empty;
    if (!depths)
      empty_looks_.clear();
    else {
      for (const broker::LaneDepth& depth : *depths) {
        int& looks = empty_looks_[depth.lane];
        looks = depth.total() == 0 ? looks + 1 : 0;
        if (looks >= kLooksToBeEmpty) empty.push_back(depth.lane);
      }
    }
    work(std::move(empty));
  });
}

void Keeper::work(std::vector<std::string> empty_lanes) {
  busy_ = true;
  store::KeeperTick what;
  what.limit = kFindsPerTick;
  what.lease = options_.lease;
  what.quarantine_after = options_.quarantine_after;
  what.look_for_overtaken = turns_ % kOvertakenEvery == 0 && publisher_.connected();
  what.empty_lanes = std::move(empty_lanes);
  store_.tick(std::move(what), loop_.now() + kTickDeadline,
              [this, alive = std::weak_ptr<bool>(alive_)](const Result<store::KeeperFinds>& finds) {
                if (alive.expired()) return;
                busy_ = false;
                ++stats_.ticks;
                if (finds) return found(*finds);
                ++stats_.failed_ticks;
                if (finds.error().kind != ErrorKind::kUnavailable)
                  log_.warn("keeper's tick failed", {error_field(finds.error())});
              });
}

void Keeper::found(const store::KeeperFinds& finds) {
  stats_.orphans += finds.orphans.size();
  stats_.due += finds.due.size();
  stats_.lost += finds.lost.size();
  stats_.fed += finds.fed.size();
  stats_.quarantined += static_cast<std::uint64_t>(finds.quarantined);
  if (!finds.orphans.empty()) log_.warn("took over orphaned executions", {{"count", finds.orphans.size()}});
  if (!finds.lost.empty()) log_.warn("published lost tickets again", {{"count", finds.lost.size()}});
  if (finds.quarantined > 0)
    log_.error("ended executions that kept killing their workers", {{"count", finds.quarantined}});
  publish(finds.orphans);
  publish(finds.due);
  publish(finds.lost);
  publish(finds.fed);
  if (loop_.now() >= next_housekeeping_) keep_house();
}

/// The store has set when each is published again, should this one get lost.
void Keeper::publish(const std::vector<store::Ticket>& tickets) {
  for (const store::Ticket& ticket : tickets) {
    publisher_.publish(
        {ticket.exec_id, ticket.epoch, ticket.lane, ticket.priority, ticket.resume, ticket.traceparent},
        [](const Result<void>&) {});
  }
}

void Keeper::keep_house() {
  next_housekeeping_ = loop_.now() + kHousekeepingEach;
  store_.housekeeping(options_.retention, loop_.now() + kTickDeadline * 6,
                      [this, alive = std::weak_ptr<bool>(alive_)](const Result<std::int64_t>& removed) {
                        if (alive.expired()) return;
                        if (removed)
                          stats_.removed += static_cast<std::uint64_t>(*removed);
                        else
                          log_.warn("housekeeping failed, tried again in a minute",
                                    {error_field(removed.error())});
                      });
}

}  // namespace pawl::keeper
