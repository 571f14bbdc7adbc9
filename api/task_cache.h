// The newest version of tasks and their parsed plans, so that accepting costs no look-up. Entries live a
// moment and are dropped at once when any API process says that the task changed; a plan is kept by its hash.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/base/result.h"
#include "common/loop/loop.h"
#include "common/plan/plan.h"
#include "common/store/task_store.h"

namespace pawl::api {

struct CachedTask {
  std::string task_id;
  int version = 0;
  plan::PlanPtr plan;
};

class TaskCache {
 public:
  TaskCache(Loop& loop, store::TaskStore& tasks, std::vector<std::string> lanes)
      : loop_(loop), tasks_(tasks), lanes_(std::move(lanes)) {}

  /// The newest version. Errors: kNotFound/not_found, kUnavailable. `done` may be called at once.
  void newest(const Uuid& tenant, const std::string& task_id, MonoTime deadline,
              const Done<CachedTask>& done);
  /// A task was put or removed, here or (told on pawl.control) elsewhere.
  void forget(const Uuid& tenant, const std::string& task_id);

 private:
  using Key = std::pair<Uuid, std::string>;
  struct Entry {
    CachedTask task;
    MonoTime fresh_until{};
  };

  Loop& loop_;
  store::TaskStore& tasks_;
  std::vector<std::string> lanes_;
  std::map<Key, Entry> entries_;
  std::map<Key, std::vector<Done<CachedTask>>> waiting_;
};

}  // namespace pawl::api
