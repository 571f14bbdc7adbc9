#include "api/waiter.h"

#include <algorithm>
#include <utility>

#include "api/limits.h"

namespace pawl::api {

struct Waiter::Wait {
  Wait(Loop& loop, Uuid t, Uuid id) : tenant(t), exec_id(id), timer(loop) {}
  Uuid tenant, exec_id;
  MonoTime until{};
  std::function<bool(const store::ExecutionRow&)> enough;
  Done<store::ExecutionRow> done;
  bool owner_knows = false;  // good for the first second: then the owner may be another one
  bool looking = false, look_again = false;
  std::unique_ptr<stream::LiveTap::Subscription> tap;
  Timer timer;
};

/// A read under way may hold a wait for longer than the tap lives.
Waiter::~Waiter() {
  for (const auto& [exec_id, wait] : waits_) wait->tap.reset();
}

void Waiter::wait(const Uuid& tenant, const Uuid& exec_id, Word word, MonoTime until,
                  std::function<bool(const store::ExecutionRow&)> enough, Done<store::ExecutionRow> done) {
  auto wait = std::make_shared<Wait>(loop_, tenant, exec_id);
  wait->owner_knows = word == Word::kOwnerKnows;
  wait->until = until;
  wait->enough = std::move(enough);
  wait->done = std::move(done);
  waits_.emplace(exec_id, wait);
  look(wait);
}

void Waiter::look(const std::shared_ptr<Wait>& wait) {
  if (wait->looking) {
    wait->look_again = true;
    return;
  }
  wait->looking = true;
  wait->timer.stop();
  reads_.get(wait->tenant, wait->exec_id, std::max(wait->until, loop_.now() + kWatchPoll),
             [this, wait](Result<store::ExecutionRow> row) { looked(wait, std::move(row)); });
}

void Waiter::looked(const std::shared_ptr<Wait>& wait, Result<store::ExecutionRow> row) {
  wait->looking = false;
  const bool gone = !row && row.error().kind == ErrorKind::kNotFound;
  if (gone || (row && wait->enough(*row)) || loop_.now() >= wait->until) return finish(wait, std::move(row));
  if (std::exchange(wait->look_again, false)) return look(wait);
  if (!std::exchange(wait->owner_knows, false) && !wait->tap) {
    wait->tap = tap_.listen(wait->exec_id, [this, weak = std::weak_ptr<Wait>(wait)](const json::Value&) {
      if (const auto held = weak.lock()) look(held);
    });
  }
  const auto left = std::chrono::ceil<Millis>(wait->until - loop_.now());
  wait->timer.start(std::min(left, kWatchPoll), [this, weak = std::weak_ptr<Wait>(wait)] {
    if (const auto held = weak.lock()) look(held);
  });
}

void Waiter::finish(const std::shared_ptr<Wait>& wait, Result<store::ExecutionRow> row) {
  const auto [first, last] = waits_.equal_range(wait->exec_id);
  for (auto at = first; at != last; ++at) {
    if (at->second != wait) continue;
    waits_.erase(at);
    break;
  }
  wait->timer.stop();
  wait->tap.reset();
  wait->done(std::move(row));
}

void Waiter::wake(const Uuid& exec_id) {
  const auto [first, last] = waits_.equal_range(exec_id);
  std::vector<std::shared_ptr<Wait>> found;
  for (auto at = first; at != last; ++at) found.push_back(at->second);
  for (const auto& wait : found) look(wait);
}

}  // namespace pawl::api
