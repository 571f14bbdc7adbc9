// Parsed plans by hash: fetched once, shared by all executions of the same snapshot, least recently used ones
// dropped.
#pragma once

#include <list>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "common/base/result.h"
#include "common/loop/loop.h"
#include "common/plan/plan.h"
#include "common/store/task_store.h"

namespace pawl::engine {

class PlanCache {
 public:
  PlanCache(Loop& loop, store::PlanStore& store) : loop_(loop), store_(store) {}

  /// The plan of `hash`. Errors: as the store's; kInternal/plan_unreadable when it no longer parses. `done`
  /// runs later.
  void get(Uuid tenant, const Sha256& hash, Done<plan::PlanPtr> done);

 private:
  struct Entry {
    plan::PlanPtr plan;
    std::list<Sha256>::iterator place;
  };
  void fetched(const Sha256& hash, Result<json::Value> document);
  void keep(const Sha256& hash, plan::PlanPtr plan);

  Loop& loop_;
  store::PlanStore& store_;
  std::map<Sha256, Entry> entries_;
  std::list<Sha256> recent_;  // front: used last
  std::map<Sha256, std::vector<Done<plan::PlanPtr>>> waiting_;
};

}  // namespace pawl::engine
