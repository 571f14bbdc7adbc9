// Task definitions and plan snapshots in Postgres.
#pragma once

#include "common/db/pool.h"
#include "common/loop/loop.h"
#include "common/store/task_store.h"

namespace pawl::store {

/// `pool` connects as pawl_api and outlives this.
class PgTaskStore final : public TaskStore {
 public:
  PgTaskStore(Loop& loop, db::Pool& pool) : loop_(loop), pool_(pool) {}

  void put(Uuid tenant, std::string task_id, json::Value document, Sha256 hash, std::optional<int> if_match,
           MonoTime deadline, Done<PutTask> done) override;
  void get(Uuid tenant, std::string task_id, int version, MonoTime deadline, Done<TaskVersion> done) override;
  void list(Uuid tenant, std::string query, Page page, MonoTime deadline, Done<TaskList> done) override;
  void versions(Uuid tenant, std::string task_id, MonoTime deadline, Done<TaskList> done) override;
  void remove(Uuid tenant, std::string task_id, MonoTime deadline, Done<void> done) override;

 private:
  Loop& loop_;
  db::Pool& pool_;
};

/// `pool` connects as pawl_api or pawl_worker.
class PgPlanStore final : public PlanStore {
 public:
  explicit PgPlanStore(db::Pool& pool) : pool_(pool) {}
  void plan(Uuid tenant, Sha256 hash, MonoTime deadline, Done<json::Value> done) override;

 private:
  db::Pool& pool_;
};

}  // namespace pawl::store
