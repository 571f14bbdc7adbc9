#include "api/stream/registry.h"

#include <map>
#include <utility>
#include <vector>

#include "api/stream/limits.h"

namespace pawl::api::stream {

Watcher::Watcher(Registry& registry, const Principal& principal)
    : registry_(registry),
      key_id_(principal.key_id),
      key_hash_(principal.key_hash),
      ping_at_(registry.loop().now() + kPing) {}

void Watcher::attach(const MakeOutlet& make) {
  outlet_ = make([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->gone();
  });
}

void Watcher::finish(Farewell why) {
  if (ended_) return;
  ended_ = true;
  outlet_->finish(why);
  registry_.count(why);
  leave();
}

void Watcher::gone() {
  if (ended_) return;
  ended_ = true;
  registry_.count_gone();
  leave();
}

void Watcher::leave() {
  detach();
  registry_.remove(*this);
}

void Watcher::tick(MonoTime now) {
  if (ended_ || now < ping_at_) return;
  ping_at_ = now + kPing;
  if (outlet_->unanswered_pings() >= kMaxUnansweredPings) return finish(Farewell::kTooSlow);
  outlet_->ping();
}

bool Watcher::has_stalled(MonoTime now) {
  if (stalled_since_ == MonoTime{}) stalled_since_ = now;
  return now - stalled_since_ > kMaxStall;
}

Registry::Registry(Loop& loop, Authenticator& authenticator)
    : loop_(loop), authenticator_(authenticator), timer_(loop) {}

Registry::~Registry() = default;

Result<void> Registry::admit() const {
  if (stopping_ || watchers_.size() >= kMaxWatchers) {
    return fail(ErrorKind::kOverloaded, "overloaded",
                "this process serves as many streams as it can; try again");
  }
  return {};
}

void Registry::add(std::shared_ptr<Watcher> watcher) {
  ++stats_.opened;
  Watcher* key = watcher.get();
  watchers_.emplace(key, std::move(watcher));
  if (!timer_.active()) timer_.every(kKeyCheck, [this] { tick(); });
}

void Registry::remove(Watcher& watcher) {
  const auto found = watchers_.find(&watcher);
  if (found == watchers_.end()) return;
  loop_.post([last = std::move(found->second)] {});
  watchers_.erase(found);
  if (watchers_.empty()) timer_.stop();
}

void Registry::each(const std::function<void(Watcher&)>& fn) {
  std::vector<std::shared_ptr<Watcher>> all;
  all.reserve(watchers_.size());
  for (const auto& [key, watcher] : watchers_) all.push_back(watcher);
  for (const auto& watcher : all) {
    if (!watcher->has_ended()) fn(*watcher);
  }
}

void Registry::tick() {
  const MonoTime now = loop_.now();
  each([now](Watcher& watcher) { watcher.tick(now); });
  check_keys();
}

/// One question per key, whatever the number of its streams; mostly answered by the cache.
void Registry::check_keys() {
  std::map<Uuid, Sha256> keys;
  for (const auto& [key, watcher] : watchers_) keys.emplace(watcher->key_id(), watcher->key_hash());
  for (const auto& [id, hash] : keys) {
    authenticator_.check(
        hash, [this, id = id, alive = std::weak_ptr<bool>(alive_)](const Result<Principal>& principal) {
          const bool is_refused = !principal && principal.error().kind == ErrorKind::kPermission;
          if (!alive.expired() && is_refused) revoke(id);
        });
  }
}

void Registry::revoke(const Uuid& key_id) {
  each([&key_id](Watcher& watcher) {
    if (watcher.key_id() == key_id) watcher.finish(Farewell::kRevoked);
  });
}

void Registry::stop() {
  stopping_ = true;
  each([](Watcher& watcher) { watcher.finish(Farewell::kGoingAway); });
}

StreamStats Registry::stats() const {
  StreamStats stats = stats_;
  stats.open = watchers_.size();
  return stats;
}

void Registry::count(Farewell why) {
  switch (why) {
    case Farewell::kTooSlow: ++stats_.too_slow; return;
    case Farewell::kRevoked: ++stats_.revoked; return;
    default: ++stats_.finished; return;
  }
}

}  // namespace pawl::api::stream
