#include "api/stream/hub.h"

#include <algorithm>
#include <utility>

#include "api/stream/limits.h"

namespace pawl::api::stream {

Hub::Hub(Loop& loop, Registry& registry, LiveTap& tap, store::ReadStore& reads, store::StreamStore& store)
    : loop_(loop), registry_(registry), tap_(tap), reads_(reads), store_(store), timer_(loop) {}

Hub::~Hub() = default;

void Hub::watch(const Principal& principal, const LedgerRequest& request,
                const store::LedgerPosition& position, const MakeOutlet& make) {
  auto watcher = std::make_shared<LedgerWatcher>(registry_, principal, reads_, request, position);
  registry_.add(watcher);
  watcher->open(make,
                position.is_final ? nullptr : &feed_of(principal.tenant, request.exec_id, position.last_seq));
}

Feed& Hub::feed_of(const Uuid& tenant, const Uuid& exec_id, std::uint64_t head) {
  const auto found = feeds_.find(exec_id);
  if (found != feeds_.end()) return *found->second;
  auto feed = std::make_unique<Feed>(tenant, exec_id, head, [this, exec_id] { look(exec_id); });
  feed->look_at = loop_.now() + kFirstLook;
  feed->listen(tap_);
  if (!timer_.active()) timer_.every(kTick, [this] { tick(); });
  return *feeds_.emplace(exec_id, std::move(feed)).first->second;
}

void Hub::tick() {
  const MonoTime now = loop_.now();
  std::erase_if(feeds_, [](const auto& item) { return !item.second->is_watched() && !item.second->looking; });
  for (const auto& [exec_id, feed] : feeds_) {
    if (now >= feed->look_at && !feed->looking) look(exec_id);
  }
  if (feeds_.empty()) timer_.stop();
}

/// Asked for during a read, it is read once more: what was asked about may have come after.
void Hub::look(const Uuid& exec_id) {
  const auto found = feeds_.find(exec_id);
  if (found == feeds_.end()) return;
  Feed& feed = *found->second;
  if (std::exchange(feed.looking, true)) {
    feed.look_again = true;
    return;
  }
  due_.push_back(exec_id);
  if (due_.size() > 1) return;
  loop_.at_turn_end([this, alive = std::weak_ptr<bool>(alive_)] {
    if (!alive.expired()) read_tails();
  });
}

/// All that is due in one statement; what comes due meanwhile waits for the next one.
void Hub::read_tails() {
  if (reading_ || due_.empty()) return;
  std::vector<store::LedgerTail> asked;
  const std::size_t count = std::min(due_.size(), kTailBatch);
  for (std::size_t i = 0; i < count; ++i) {
    const auto found = feeds_.find(due_[i]);
    if (found == feeds_.end()) continue;
    asked.push_back({found->second->tenant(), due_[i], found->second->head()});
  }
  due_.erase(due_.begin(), due_.begin() + static_cast<std::ptrdiff_t>(count));
  reading_ = true;
  store_.tails(asked, kTailRows, loop_.now() + kReadDeadline,
               [this, asked, alive = std::weak_ptr<bool>(alive_)](Result<std::vector<Event>> events) {
                 if (!alive.expired()) read(asked, std::move(events));
               });
}

void Hub::read(const std::vector<store::LedgerTail>& asked, Result<std::vector<Event>> events) {
  reading_ = false;
  if (events) {
    for (Event& event : *events) {
      if (const auto found = feeds_.find(event.exec_id); found != feeds_.end())
        found->second->take(std::move(event));
    }
  }
  const MonoTime now = loop_.now();
  for (const store::LedgerTail& tail : asked) {
    const auto found = feeds_.find(tail.exec_id);
    if (found == feeds_.end()) continue;
    Feed& feed = *found->second;
    feed.looking = false;
    feed.look_at = now + kLook;
    const bool has_more = feed.head() - tail.after_seq >= static_cast<std::uint64_t>(kTailRows);
    if ((std::exchange(feed.look_again, false) || has_more) && events) look(tail.exec_id);
  }
  read_tails();
}

}  // namespace pawl::api::stream
