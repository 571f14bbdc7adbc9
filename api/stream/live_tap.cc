#include "api/stream/live_tap.h"

#include <algorithm>
#include <utility>

#include "api/stream/limits.h"
#include "common/base/assert.h"

namespace pawl::api::stream {

LiveTap::LiveTap(Loop& loop, broker::Bus& bus) : loop_(loop), bus_(bus), renew_(loop) {}

LiveTap::~LiveTap() { PAWL_ASSERT(taps_.empty(), "whoever listens goes first"); }

std::unique_ptr<LiveTap::Subscription> LiveTap::listen(const Uuid& exec_id, Handler handler) {
  auto subscription = std::make_unique<Subscription>(*this, exec_id);
  Tap& tap = taps_[exec_id];
  tap.listeners.push_back({subscription.get(), std::make_shared<Handler>(std::move(handler))});
  if (tap.listeners.size() > 1) return subscription;
  bus_.watch(exec_id.to_string(), [this, exec_id](const json::Value& message) { heard(exec_id, message); });
  if (new_.empty()) {
    loop_.at_turn_end([this, alive = std::weak_ptr<bool>(alive_)] {
      if (!alive.expired()) tell_workers();
    });
  }
  new_.push_back(exec_id);
  if (!renew_.active()) renew_.every(Millis{1000}, [this] { tell_workers(); });
  return subscription;
}

void LiveTap::forget(const Subscription& subscription) {
  const auto tap = taps_.find(subscription.exec_id_);
  if (tap == taps_.end()) return;
  std::erase_if(tap->second.listeners,
                [&](const Listener& one) { return one.subscription == &subscription; });
  if (!tap->second.listeners.empty()) return;
  taps_.erase(tap);
  bus_.unwatch(subscription.exec_id_.to_string());
  if (taps_.empty()) renew_.stop();
}

/// Handlers may end subscriptions, their own too: each is looked up again before it is called.
void LiveTap::heard(const Uuid& exec_id, const json::Value& message) {
  const auto tap = taps_.find(exec_id);
  if (tap == taps_.end()) return;
  const std::vector<Listener> listeners = tap->second.listeners;
  for (const Listener& one : listeners) {
    const auto now = taps_.find(exec_id);
    if (now == taps_.end()) return;
    const auto& left = now->second.listeners;
    const bool listens =
        std::any_of(left.begin(), left.end(), [&](const Listener& l) { return l.handler == one.handler; });
    if (listens) (*one.handler)(message);
  }
}

void LiveTap::nudge(const Uuid& exec_id) {
  const json::Value look = json::Object{{"look", true}};
  bus_.send_event(exec_id.to_string(), look);
  if (!taps_.contains(exec_id)) return;
  loop_.post([this, exec_id, look, alive = std::weak_ptr<bool>(alive_)] {
    if (!alive.expired()) heard(exec_id, look);
  });
}

/// New ones at once, the others when they are due: the owner may have changed, and workers forget.
void LiveTap::tell_workers() {
  const MonoTime now = loop_.now();
  new_.clear();
  json::Array names;
  const auto send = [&] {
    if (!names.empty()) bus_.send_control("all", json::Object{{"watch", std::exchange(names, {})}});
  };
  for (auto& [exec_id, tap] : taps_) {
    if (tap.told_at != MonoTime{} && now - tap.told_at < kWatchRenew) continue;
    tap.told_at = now;
    names.push_back(exec_id.to_string());
    if (names.size() >= kWatchNames) send();
  }
  send();
}

}  // namespace pawl::api::stream
