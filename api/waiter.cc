#include "api/waiter.h"

#include <algorithm>
#include <utility>

#include "api/limits.h"

namespace pawl::api {

struct Waiter::Wait {
  Wait(Loop& loop, Uuid t, Uuid id) : tenant(t), exec_id(id), timer(loop) {}
  Uuid tenant, exec_id;
  MonoTime until{}, watched_at{};
  std::function<bool(const store::ExecutionRow&)> enough;
  Done<store::ExecutionRow> done;
  bool owner_knows = false;  // good for the first second: then the owner may be another one
  bool looking = false, look_again = false, watching = false;
  Timer timer;
};

Waiter::~Waiter() = default;

void Waiter::wait(const Uuid& tenant, const Uuid& exec_id, Word word, MonoTime until, std::function<bool(const store::ExecutionRow&)> enough,
                  Done<store::ExecutionRow> done) {
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
  if (!std::exchange(wait->owner_knows, false)) watch(*wait);
  const auto left = std::chrono::ceil<Millis>(wait->until - loop_.now());
  wait->timer.start(std::min(left, kWatchPoll), [this, weak = std::weak_ptr<Wait>(wait)] {
    if (const auto held = weak.lock()) look(held);
  });
}

/// Asks the owner for live events; repeated, because the owner may change and forgets.
void Waiter::watch(Wait& wait) {
  if (!wait.watching) {
    wait.watching = true;
    if (watched_[wait.exec_id]++ == 0)
      bus_.watch(wait.exec_id.to_string(), [this, id = wait.exec_id](const json::Value&) { wake(id); });
  }
  if (wait.watched_at != MonoTime{} && loop_.now() - wait.watched_at < kWatchRenew) return;
  wait.watched_at = loop_.now();
  bus_.send_control("all", json::Object{{"watch", wait.exec_id.to_string()}});
}

void Waiter::finish(const std::shared_ptr<Wait>& wait, Result<store::ExecutionRow> row) {
  const auto [first, last] = waits_.equal_range(wait->exec_id);
  for (auto at = first; at != last; ++at) {
    if (at->second != wait) continue;
    waits_.erase(at);
    break;
  }
  wait->timer.stop();
  if (wait->watching && --watched_[wait->exec_id] == 0) {
    watched_.erase(wait->exec_id);
    bus_.unwatch(wait->exec_id.to_string());
  }
  wait->done(std::move(row));
}

void Waiter::wake(const Uuid& exec_id) {
  const auto [first, last] = waits_.equal_range(exec_id);
  std::vector<std::shared_ptr<Wait>> found;
  for (auto at = first; at != last; ++at) found.push_back(at->second);
  for (const auto& wait : found) look(wait);
}

}  // namespace pawl::api
