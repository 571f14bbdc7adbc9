#include "api/stream/feed.h"

#include <algorithm>
#include <utility>

#include "api/stream/ledger_watcher.h"
#include "api/stream/limits.h"

namespace pawl::api::stream {

Feed::Feed(const Uuid& tenant, const Uuid& exec_id, std::uint64_t head, std::function<void()> look)
    : tenant_(tenant), exec_id_(exec_id), head_(head), look_(std::move(look)) {}

void Feed::listen(LiveTap& tap) {
  subscription_ = tap.listen(exec_id_, [this](const json::Value& message) { hear(message); });
}

void Feed::join(LedgerWatcher& watcher) {
  watchers_.push_back(&watcher);
  ++watching_;
}

void Feed::leave(LedgerWatcher& watcher) {
  const auto found = std::find(watchers_.begin(), watchers_.end(), &watcher);
  if (found == watchers_.end()) return;
  --watching_;
  if (handing_out_)
    *found = nullptr;
  else
    watchers_.erase(found);
}

void Feed::hear(const json::Value& message) {
  if (message.find("look") != nullptr) return look_();
  auto event = event_from_json(message);
  if (event && event->exec_id == exec_id_) take(std::move(*event));
}

void Feed::take(Event event) {
  if (is_live_only(event.type)) return hand_out(event);
  if (event.seq <= head_) return;
  if (event.seq > head_ + 1) {
    if (early_.size() < kMaxEarly) early_.emplace(event.seq, std::move(event));
    return look_();
  }
  advance(event);
  while (!early_.empty() && early_.begin()->first <= head_ + 1) {
    const auto next = early_.extract(early_.begin());
    if (next.key() == head_ + 1) advance(next.mapped());
  }
}

void Feed::advance(const Event& event) {
  head_ = event.seq;
  hand_out(event);
}

/// Watchers leave while they are served, others join behind; those get it from the ledger.
void Feed::hand_out(const Event& event) {
  if (watching_ == 0) return;
  Frames frames(event);
  handing_out_ = true;
  for (std::size_t i = 0, count = watchers_.size(); i < count; ++i) {
    if (watchers_[i] != nullptr) watchers_[i]->offer(event, frames);
  }
  handing_out_ = false;
  std::erase(watchers_, nullptr);
}

}  // namespace pawl::api::stream
