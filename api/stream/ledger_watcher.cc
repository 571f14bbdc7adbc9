#include "api/stream/ledger_watcher.h"

#include <algorithm>
#include <utility>

#include "api/stream/limits.h"
#include "api/stream/registry.h"

namespace pawl::api::stream {

LedgerWatcher::LedgerWatcher(Registry& registry, const Principal& principal, store::ReadStore& reads,
                             const LedgerRequest& request, const store::LedgerPosition& position)
    : Watcher(registry, principal),
      reads_(reads),
      tenant_(principal.tenant),
      exec_id_(request.exec_id),
      cursor_(std::min(request.after_seq, position.last_seq)),
      after_(request.after_seq),
      types_(request.types) {}

void LedgerWatcher::open(const MakeOutlet& make, Feed* feed) {
  attach(make);
  feed_ = feed;
  if (feed_ != nullptr) feed_->join(*this);
  is_live_ = feed_ != nullptr && cursor_ >= feed_->head();
  if (!is_live_) catch_up();
}

void LedgerWatcher::detach() {
  timer_.reset();
  if (feed_ != nullptr) std::exchange(feed_, nullptr)->leave(*this);
}

void LedgerWatcher::offer(const Event& event, Frames& frames) {
  if (has_ended() || !is_live_) return;
  const bool is_full = outlet().queued() > kMaxQueued;
  if (event.seq == 0) {
    if (!is_full && types_.has(event.type)) outlet().send(frames);
    return;
  }
  if (event.seq <= cursor_) return;
  if (event.seq == cursor_ + 1 && !is_full) return pass(event, frames);
  is_live_ = false;
  catch_up();
}

/// Notifications follow the end and are read from the list of events only.
void LedgerWatcher::pass(const Event& event, Frames& frames) {
  cursor_ = event.seq;
  const bool is_notification =
      event.type == EventType::kNotificationSent || event.type == EventType::kNotificationFailed;
  if (event.seq > after_ && types_.has(event.type) && !is_notification) outlet().send(frames);
  if (is_terminal(event.type)) finish(Farewell::kFinished);
}

void LedgerWatcher::catch_up() {
  if (reading_ || has_ended()) return;
  const MonoTime now = registry().loop().now();
  if (outlet().queued() > kRoom) return has_stalled(now) ? finish(Farewell::kTooSlow) : again_in(kRoomLook);
  has_room();
  reading_ = true;
  reads_.events(tenant_, exec_id_, cursor_, kPageRows, now + kReadDeadline,
                [weak = weak_from_this()](Result<std::vector<Event>> page) {
                  const auto self = std::static_pointer_cast<LedgerWatcher>(weak.lock());
                  if (self) self->read_page(std::move(page));
                });
}

void LedgerWatcher::read_page(Result<std::vector<Event>> page) {
  reading_ = false;
  if (has_ended()) return;
  if (!page) {
    if (page.error().kind == ErrorKind::kNotFound)
      return finish(Farewell::kFinished);  // retention took it away
    return again_in(kReadRetry);
  }
  for (const Event& event : *page) {
    if (event.seq != cursor_ + 1) continue;
    if (outlet().queued() > kMaxQueued) return catch_up();
    Frames frames(event);
    pass(event, frames);
    if (has_ended()) return;
  }
  if (feed_ == nullptr && page->empty()) return finish(Farewell::kFinished);
  is_live_ = feed_ != nullptr && cursor_ >= feed_->head();
  if (is_live_) {
    timer_.reset();
    return;
  }
  // Nothing new although there must be some: what the feed has seen is not where we read yet.
  page->empty() ? again_in(kRoomLook) : catch_up();
}

void LedgerWatcher::again_in(Millis delay) {
  if (!timer_) timer_ = std::make_unique<Timer>(registry().loop());
  timer_->start(delay, [this] { catch_up(); });
}

}  // namespace pawl::api::stream
