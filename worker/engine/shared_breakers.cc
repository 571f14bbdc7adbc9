#include "worker/engine/shared_breakers.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "common/store/breaker_message.h"
#include "worker/engine/limits.h"

namespace pawl::engine {
namespace {

using resilience::BreakerState;
using resilience::CircuitBreaker;

std::string text_of(const store::BreakerKey& key) {
  return key.tenant.to_string() + '|' + key.tool + '|' + key.target;
}

/// What people decided is not overwritten by a worker that had not heard of it.
bool is_by_hand(BreakerState state) {
  return state == BreakerState::kForcedOpen || state == BreakerState::kDisabled ||
         state == BreakerState::kMetricsOnly;
}

}  // namespace

SharedBreakers::SharedBreakers(Loop& loop, Rng& rng, broker::Bus& bus, store::BreakerStore* store, Log log,
                               std::string worker_id, resilience::BreakerConfig config)
    : loop_(loop),
      rng_(rng),
      bus_(bus),
      store_(store),
      log_(std::move(log)),
      worker_id_(std::move(worker_id)),
      config_(config),
      entries_([] { return std::optional<Entry>(); },
               [](const std::optional<Entry>& entry) {
                 return !entry || (entry->breaker.state() == BreakerState::kClosed && !entry->writing);
               }),
      timer_(loop) {}

resilience::BreakerInputs SharedBreakers::inputs() { return {loop_.now(), rng_.unit()}; }

SharedBreakers::Entry& SharedBreakers::entry_of(const store::BreakerKey& key) {
  std::optional<Entry>& entry = entries_.at(text_of(key));
  if (!entry) entry.emplace(Entry{key, CircuitBreaker(config_, inputs())});
  return *entry;
}

SharedBreakers::Entry* SharedBreakers::find(const store::BreakerKey& key) {
  std::optional<Entry>* entry = entries_.find(text_of(key));
  return entry == nullptr || !*entry ? nullptr : &**entry;
}

void SharedBreakers::start() {
  if (store_ == nullptr) return;
  look();
  timer_.every(kBreakerInterval, [this] {
    look();
    // What Postgres did not take when it was decided; a write under way keeps its own order.
    entries_.for_each([this](const std::string&, std::optional<Entry>& entry) {
      if (entry && entry->unwritten) write(*entry);
    });
  });
}

tl::expected<resilience::Permit, Millis> SharedBreakers::try_acquire(const store::BreakerKey& key) {
  Entry& entry = entry_of(key);
  CircuitBreaker& breaker = entry.breaker;
  if (store_ != nullptr && breaker.state() == BreakerState::kOpen &&
      breaker.snapshot(loop_.now()).remaining <= Millis{0}) {
    ask_to_probe(entry);
    return tl::unexpected(kProbeAnswer);
  }
  const resilience::Admission admission = breaker.try_acquire(inputs());
  tell(entry);
  if (!admission.allowed) return tl::unexpected(admission.retry_after.value_or(kAskAgain));
  return admission.permit;
}

void SharedBreakers::record(const store::BreakerKey& key, const resilience::Permit& permit, bool has_failed,
                            Millis spent) {
  Entry* entry = find(key);
  if (entry == nullptr) return;
  entry->breaker.record(permit, {.has_failed = has_failed, .was_slow = entry->breaker.is_slow(spent)},
                        inputs());
  tell(*entry);
}

void SharedBreakers::release(const store::BreakerKey& key, const resilience::Permit& permit) {
  if (Entry* entry = find(key)) entry->breaker.release(permit);
}

void SharedBreakers::tell(Entry& entry) {
  const auto transitions = entry.breaker.take_transitions();
  if (transitions.empty()) return;
  for (const resilience::BreakerTransition& one : transitions)
    log_.warn("circuit breaker changed",
              {{"breaker", text_of(entry.key)}, {"from", to_string(one.from)}, {"to", to_string(one.to)}});
  if (store_ == nullptr) return;
  entry.unwritten = true;
  write(entry);
}

store::BreakerRow SharedBreakers::row_of(Entry& entry) {
  const resilience::BreakerSnapshot now = entry.breaker.snapshot(loop_.now());
  store::BreakerRow row;
  row.key = entry.key;
  row.state = to_string(now.state);
  row.openings = now.reopened;
  if (now.state == BreakerState::kOpen) row.remaining = now.remaining;
  if (now.state == BreakerState::kHalfOpen) {
    row.holder = worker_id_;
    row.remaining = config_.permit_expiry > Millis{0} ? config_.permit_expiry : kProbeLease;
  }
  return row;
}

void SharedBreakers::write(Entry& entry) {
  if (entry.writing) return;
  entry.writing = true;
  entry.unwritten = false;
  const std::uint64_t expected = entry.generation;
  store_->compare_and_set(row_of(entry), expected, loop_.now() + kStoreDeadline,
                          [this, key = entry.key, expected,
                           alive = std::weak_ptr<bool>(alive_)](const Result<store::BreakerMove>& answer) {
                            if (alive.expired()) return;
                            if (Entry* found = find(key)) written(*found, expected, answer);
                          });
}

void SharedBreakers::written(Entry& entry, std::uint64_t expected, const Result<store::BreakerMove>& answer) {
  entry.writing = false;
  if (!answer) {
    entry.unwritten = true;  // the next second tries again
    return;
  }
  const store::BreakerRow& row = answer->row;
  if (answer->is_ours) {
    entry.generation = std::max(entry.generation, row.generation);
    bus_.send_control("all", store::breaker_message(row));
  } else if (row.generation > entry.generation) {
    const auto state = resilience::parse_breaker_state(row.state);
    if (expected == 0 && state && !is_by_hand(*state)) {
      // There was a row, from a time before this worker knew the target: what was seen just now is newer.
      entry.generation = row.generation;
      entry.unwritten = true;
    } else {
      adopt(row);
    }
  }
  if (entry.unwritten) write(entry);
}

void SharedBreakers::ask_to_probe(Entry& entry) {
  if (entry.writing) return;
  entry.writing = true;
  store::BreakerRow row = row_of(entry);
  row.state = to_string(BreakerState::kHalfOpen);
  row.holder = worker_id_;
  row.remaining = config_.permit_expiry > Millis{0} ? config_.permit_expiry : kProbeLease;
  store_->compare_and_set(
      std::move(row), entry.generation, loop_.now() + kStoreDeadline,
      [this, key = entry.key, alive = std::weak_ptr<bool>(alive_)](const Result<store::BreakerMove>& answer) {
        if (alive.expired()) return;
        if (Entry* found = find(key)) may_probe(*found, answer);
      });
}

void SharedBreakers::may_probe(Entry& entry, const Result<store::BreakerMove>& answer) {
  entry.writing = false;
  if (!answer) return;  // the next call asks again; without Postgres no step gets anywhere anyway
  if (answer->row.generation > entry.generation) adopt(answer->row);
  if (entry.unwritten) write(entry);
}

void SharedBreakers::on_control(const json::Value& message) {
  if (const auto row = store::parse_breaker_message(message)) adopt(*row);
}

void SharedBreakers::adopt(const store::BreakerRow& row) {
  auto state = resilience::parse_breaker_state(row.state);
  if (!state || (*state == BreakerState::kClosed && find(row.key) == nullptr)) return;
  Entry& entry = entry_of(row.key);
  if (row.generation <= entry.generation) return;
  entry.generation = row.generation;
  entry.unwritten = false;  // what was decided here came too late
  resilience::BreakerSnapshot snapshot;
  snapshot.remaining = std::min(row.remaining.value_or(Millis{0}), kLongestOpen);
  // While another probes, the target is shut here, at most until its permits expire.
  if (*state == BreakerState::kHalfOpen && row.holder != worker_id_) state = BreakerState::kOpen;
  snapshot.state = *state;
  snapshot.generation = entry.breaker.generation() + 1;
  snapshot.reopened = row.openings;
  entry.breaker.adopt(snapshot, inputs());
  log_.info("circuit breaker taken over", {{"breaker", text_of(row.key)},
                                           {"state", row.state},
                                           {"generation", row.generation},
                                           {"holder", row.holder}});
}

void SharedBreakers::look() {
  if (looking_) return;
  looking_ = true;
  const MonoTime began = loop_.now();
  std::optional<Millis> within;
  if (looked_) within = std::chrono::ceil<Millis>(began - *looked_) + kBreakerOverlap;
  store_->changed(
      within, began + kStoreDeadline,
      [this, began, alive = std::weak_ptr<bool>(alive_)](const Result<std::vector<store::BreakerRow>>& rows) {
        if (alive.expired()) return;
        looking_ = false;
        if (!rows) return;
        looked_ = began;
        for (const store::BreakerRow& row : *rows) adopt(row);
      });
}

json::Array SharedBreakers::describe() {
  json::Array items;
  entries_.for_each([&](const std::string&, std::optional<Entry>& entry) {
    if (!entry) return;
    const resilience::BreakerMetrics metrics = entry->breaker.metrics(loop_.now());
    items.push_back(json::Object{{"tenant", entry->key.tenant.to_string()},
                                 {"tool", entry->key.tool},
                                 {"target", entry->key.target},
                                 {"state", to_string(entry->breaker.state())},
                                 {"failure_rate", metrics.failure_rate},
                                 {"slow_rate", metrics.slow_rate},
                                 {"permitted", metrics.permitted},
                                 {"rejected", metrics.rejected},
                                 {"retry_after_ms", entry->breaker.snapshot(loop_.now()).remaining.count()}});
  });
  return items;
}

}  // namespace pawl::engine
