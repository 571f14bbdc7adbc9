// Task definitions and plan snapshots. A port; PgTaskStore and FakeStore implement it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/base/bytes.h"
#include "common/base/ids.h"
#include "common/base/result.h"
#include "common/json/value.h"

namespace pawl::store {

struct TaskVersion {
  std::string task_id;
  int version = 0;
  Sha256 plan_hash{};
  json::Value document;  ///< as PUT
  WallTime created_at{};
};

struct PutTask {
  TaskVersion version;
  bool created = false;  ///< the task's first version
};

struct Page {
  std::string cursor = {};  ///< position after which the page starts; "" = the newest
  int limit = 20;
};
struct TaskList {
  std::vector<TaskVersion> items;
  std::string next = {};  ///< "" = the end
};

class TaskStore {
 public:
  virtual ~TaskStore() = default;
  /// Makes a new version (the same document again makes none and answers the current one).
  /// `if_match`: the version that must be the current one. Errors: kConflict/precondition_failed.
  virtual void put(Uuid tenant, std::string task_id, json::Value document, Sha256 hash,
                   std::optional<int> if_match, MonoTime deadline, Done<PutTask> done) = 0;
  /// `version` 0 = the newest. Errors: kNotFound/not_found, also after remove.
  virtual void get(Uuid tenant, std::string task_id, int version, MonoTime deadline,
                   Done<TaskVersion> done) = 0;
  virtual void list(Uuid tenant, std::string query, Page page, MonoTime deadline, Done<TaskList> done) = 0;
  virtual void versions(Uuid tenant, std::string task_id, MonoTime deadline, Done<TaskList> done) = 0;
  virtual void remove(Uuid tenant, std::string task_id, MonoTime deadline, Done<void> done) = 0;
};

/// Plan documents by hash, cached by the caller. Errors: kNotFound.
class PlanStore {
 public:
  virtual ~PlanStore() = default;
  virtual void plan(Uuid tenant, Sha256 hash, MonoTime deadline, Done<json::Value> done) = 0;
};

}  // namespace pawl::store
