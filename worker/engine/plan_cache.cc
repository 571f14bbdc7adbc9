#include "worker/engine/plan_cache.h"

#include <utility>

#include "common/plan/parse.h"
#include "worker/engine/limits.h"

namespace pawl::engine {

void PlanCache::get(Uuid tenant, const Sha256& hash, Done<plan::PlanPtr> done) {
  if (const auto found = entries_.find(hash); found != entries_.end()) {
    recent_.splice(recent_.begin(), recent_, found->second.place);
    loop_.post([plan = found->second.plan, done = std::move(done)] { done(plan); });
    return;
  }
  auto& waiters = waiting_[hash];
  waiters.push_back(std::move(done));
  if (waiters.size() > 1) return;
  store_.plan(tenant, hash, loop_.now() + kStoreDeadline,
              [this, hash](Result<json::Value> document) { fetched(hash, std::move(document)); });
}

void PlanCache::fetched(const Sha256& hash, Result<json::Value> document) {
  Result<plan::PlanPtr> plan = tl::unexpected(Error{});
  if (!document) {
    plan = fail(std::move(document).error());
  } else {
    // It was checked when it was stored: lanes may have been renamed since, and an inline plan has no id.
    plan = plan::parse(*document, plan::ParseOptions{.id_required = false, .lanes = {}});
    if (plan)
      keep(hash, *plan);
    else
      plan = fail(ErrorKind::kInternal, "plan_unreadable",
                  "the stored plan is not understood by this version: " + plan.error().message);
  }
  const auto waiters = std::exchange(waiting_[hash], {});
  waiting_.erase(hash);
  for (const auto& done : waiters) done(plan);
}

void PlanCache::keep(const Sha256& hash, plan::PlanPtr plan) {
  recent_.push_front(hash);
  entries_[hash] = Entry{std::move(plan), recent_.begin()};
  if (entries_.size() <= kMaxCachedPlans) return;
  entries_.erase(recent_.back());
  recent_.pop_back();
}

}  // namespace pawl::engine
