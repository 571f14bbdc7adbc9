#include "api/stream/overview.h"

#include <algorithm>

#include "api/stream/limits.h"
#include "common/json/write.h"

namespace pawl::api::stream {

std::optional<ExecutionStatus> status_after(EventType type) {
  switch (type) {
    case EventType::kExecutionAccepted: return ExecutionStatus::kPending;
    case EventType::kExecutionStarted:
    case EventType::kExecutionRecovered:
    case EventType::kExecutionResumed: return ExecutionStatus::kRunning;
    case EventType::kExecutionWaiting: return ExecutionStatus::kWaiting;
    case EventType::kExecutionPaused: return ExecutionStatus::kPaused;
    case EventType::kExecutionCancelled: return ExecutionStatus::kCancelled;
    case EventType::kExecutionCompleted: return ExecutionStatus::kCompleted;
    case EventType::kExecutionFailed: return ExecutionStatus::kFailed;
    case EventType::kExecutionTimedOut: return ExecutionStatus::kTimedOut;
    default: return std::nullopt;
  }
}

bool matches(const OverviewRequest& request, const store::TenantEvent& event) {
  if (!request.task_id.empty() && event.task_id != request.task_id) return false;
  if (!request.statuses.empty()) {
    const auto status = status_after(event.event.type);
    const auto& wanted = request.statuses;
    if (!status || std::find(wanted.begin(), wanted.end(), *status) == wanted.end()) return false;
  }
  return std::all_of(request.labels.begin(), request.labels.end(), [&](const auto& label) {
    const json::Value* value = event.labels.find(label.first);
    return value != nullptr && value->is_string() && value->as_string() == label.second;
  });
}

Frames overview_frames(const store::TenantEvent& event) {
  json::Object object = to_json(event.event).as_object();
  object.set("task_id", event.task_id.empty() ? json::Value() : json::Value(event.task_id));
  if (const auto status = status_after(event.event.type))
    object.set("status", std::string(to_string(*status)));
  object.set("labels", event.labels.is_object() ? event.labels : json::Value(json::Object{}));
  return {json::write(object), std::to_string(event.event.at.time_since_epoch().count()),
          to_string(event.event.type)};
}

OverviewWatcher::OverviewWatcher(Registry& registry, const Principal& principal, Overview& overview,
                                 OverviewRequest request)
    : Watcher(registry, principal),
      overview_(overview),
      tenant_(principal.tenant),
      request_(std::move(request)) {}

void OverviewWatcher::open(const MakeOutlet& make) { attach(make); }

void OverviewWatcher::offer(const store::TenantEvent& event, Frames& frames) {
  if (has_ended() || !matches(request_, event)) return;
  if (outlet().queued() > kMaxQueued) return finish(Farewell::kTooSlow);
  outlet().send(frames);
}

void OverviewWatcher::detach() { overview_.leave(*this); }

Overview::Overview(Loop& loop, Registry& registry, store::StreamStore& store)
    : loop_(loop), registry_(registry), store_(store), timer_(loop) {}

void Overview::watch(const Principal& principal, OverviewRequest request, const MakeOutlet& make) {
  auto watcher = std::make_shared<OverviewWatcher>(registry_, principal, *this, std::move(request));
  registry_.add(watcher);
  watcher->open(make);
  if (watcher->request().since) catch_up(watcher);
  Tail& tail = tails_[principal.tenant];
  tail.watchers.push_back(watcher.get());
  if (!timer_.active()) timer_.every(kOverviewPoll, [this] { poll(); });
  poll(principal.tenant, tail);
}

void Overview::leave(OverviewWatcher& watcher) {
  const auto found = tails_.find(watcher.tenant());
  if (found == tails_.end()) return;
  auto& watchers = found->second.watchers;
  std::replace(watchers.begin(), watchers.end(), &watcher, static_cast<OverviewWatcher*>(nullptr));
}

/// For a client that comes back. What happens meanwhile it may get twice: (exec_id, seq) tells.
void Overview::catch_up(const std::shared_ptr<OverviewWatcher>& watcher) {
  const WallTime since = *watcher->request().since;
  store_.recent(watcher->tenant(), since, kOverviewRows, loop_.now() + kReadDeadline,
                [weak = std::weak_ptr<OverviewWatcher>(watcher),
                 since](const Result<std::vector<store::TenantEvent>>& events) {
                  const auto held = weak.lock();
                  if (!held || !events) return;
                  for (const store::TenantEvent& event : *events) {
                    if (event.event.at <= since) continue;
                    Frames frames = overview_frames(event);
                    held->offer(event, frames);
                  }
                });
}

void Overview::poll() {
  for (auto& [tenant, tail] : tails_) std::erase(tail.watchers, nullptr);
  std::erase_if(tails_,
                [](const auto& item) { return item.second.watchers.empty() && !item.second.reading; });
  if (tails_.empty()) return timer_.stop();
  for (auto& [tenant, tail] : tails_) poll(tenant, tail);
}

void Overview::poll(const Uuid& tenant, Tail& tail) {
  if (tail.reading) return;
  tail.reading = true;
  const MonoTime deadline = loop_.now() + kReadDeadline;
  const auto read = [this, tenant, alive = std::weak_ptr<bool>(alive_)](auto take) {
    return [this, tenant, alive, take](auto answer) {
      if (alive.expired()) return;
      const auto found = tails_.find(tenant);
      if (found == tails_.end()) return;
      found->second.reading = false;
      if (answer) take(found->second, *answer);
    };
  };
  if (!tail.since) {
    return store_.now(deadline, read([](Tail& found, const WallTime& now) { found.since = now; }));
  }
  // Rows that commit late lie before what was seen: they are asked for again, unless there is too much to
  // read.
  const WallTime from = tail.is_behind ? *tail.since : *tail.since - kOverviewOverlap;
  store_.recent(
      tenant, from, kOverviewRows, deadline,
      read([this](Tail& found, const std::vector<store::TenantEvent>& events) { hand_out(found, events); }));
}

void Overview::hand_out(Tail& tail, const std::vector<store::TenantEvent>& events) {
  tail.is_behind = events.size() >= static_cast<std::size_t>(kOverviewRows);
  for (const store::TenantEvent& event : events) {
    if (!tail.known.emplace(std::pair(event.event.exec_id, event.event.seq), event.event.at).second) continue;
    tail.since = std::max(*tail.since, event.event.at);
    Frames frames = overview_frames(event);
    for (std::size_t i = 0; i < tail.watchers.size(); ++i) {
      if (tail.watchers[i] != nullptr) tail.watchers[i]->offer(event, frames);
    }
  }
  const WallTime old = *tail.since - 2 * kOverviewOverlap;
  std::erase_if(tail.known, [old](const auto& item) { return item.second < old; });
}

}  // namespace pawl::api::stream
