#include "api/task_cache.h"

#include <utility>

#include "api/limits.h"
#include "common/plan/parse.h"

namespace pawl::api {

void TaskCache::newest(const Uuid& tenant, const std::string& task_id, MonoTime deadline,
                       const Done<CachedTask>& done) {
  const Key key{tenant, task_id};
  const auto found = entries_.find(key);
  if (found != entries_.end() && loop_.now() < found->second.fresh_until) return done(found->second.task);
  auto& waiters = waiting_[key];
  waiters.push_back(done);
  if (waiters.size() > 1) return;
  tasks_.get(tenant, task_id, 0, deadline, [this, key](Result<store::TaskVersion> version) {
    Result<CachedTask> answer = fail(Error{});
    if (!version) {
      entries_.erase(key);
      answer = fail(std::move(version).error());
    } else {
      const auto known = entries_.find(key);
      if (known != entries_.end() && known->second.task.version == version->version) {
        known->second.fresh_until = loop_.now() + kTaskFresh;
        answer = known->second.task;
      } else if (auto plan = plan::parse(version->document, {.id_required = false, .lanes = {}}); plan) {
        if (entries_.size() >= kMaxCachedTasks) entries_.clear();
        answer = CachedTask{version->task_id, version->version, std::move(*plan)};
        entries_[key] = Entry{*answer, loop_.now() + kTaskFresh};
      } else {
        answer = fail(ErrorKind::kInternal, "plan_unreadable", plan.error().message);
      }
    }
    const auto waiters_now = std::exchange(waiting_[key], {});
    waiting_.erase(key);
    for (const auto& waiter : waiters_now) waiter(answer);
  });
}

void TaskCache::forget(const Uuid& tenant, const std::string& task_id) { entries_.erase({tenant, task_id}); }

}  // namespace pawl::api
