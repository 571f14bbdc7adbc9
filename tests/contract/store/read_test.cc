// Reads, lists, tasks and keys: by tenant, page by page.
#include <set>

#include "tests/contract/store/store_world.h"

namespace pawl::testing {
namespace {

using store::ExecutionFilter;
using store::ExecutionList;

class Reading : public StoreContract {
 protected:
  ExecutionList list(ExecutionFilter filter = {}, store::Page page = {}) {
    const auto found =
        wait<ExecutionList>([&](auto done) { world_->read().list(tenant_, filter, page, soon(), done); });
    EXPECT_TRUE(found) << found.error().code << found.error().message;
    return found ? *found : ExecutionList{};
  }
  Result<store::PutTask> put(const std::string& id, int body, std::optional<int> if_match = {}) {
    const json::Value document(json::Object{{"id", id}, {"n", body}});
    return wait<store::PutTask>([&](auto done) {
      world_->tasks().put(tenant_, id, document, sha256(id + std::to_string(body)), if_match, soon(), done);
    });
  }
  Uuid fresh_id() { return UuidGenerator(rng_).next(SystemClock().wall()); }
};

TEST_P(Reading, ForeignAndUnknownLookAlike) {
  const auto mine = accept(execution());
  tenant_ = fresh_id();
  for (const Uuid& id : {mine.exec_id, fresh_id()}) {
    EXPECT_EQ(wait<store::ExecutionRow>([&](auto done) { world_->read().get(tenant_, id, soon(), done); })
                  .error()
                  .code,
              "not_found");
    EXPECT_EQ(
        wait<std::vector<Event>>([&](auto done) { world_->read().events(tenant_, id, 0, 10, soon(), done); })
            .error()
            .code,
        "not_found");
    EXPECT_EQ(
        wait<std::vector<StepRecord>>([&](auto done) { world_->read().steps(tenant_, id, {}, soon(), done); })
            .error()
            .code,
        "not_found");
  }
  EXPECT_TRUE(list().items.empty());
}

TEST_P(Reading, EventsContinueAfterASeq) {
  const auto mine = claimed();
  auto entry = entry_of(mine);
  for (int i = 0; i < 5; ++i) entry.settled.push_back({EventType::kStepStarted, "s" + std::to_string(i), 1});
  save(entry);
  const auto page = wait<std::vector<Event>>(
      [&](auto done) { world_->read().events(tenant_, mine.exec_id, 3, 2, soon(), done); });
  ASSERT_TRUE(page);
  ASSERT_EQ(page->size(), 2u);
  EXPECT_EQ(page->at(0).seq, 4u);
  EXPECT_EQ(page->at(0).step, "s2");
  EXPECT_EQ(page->at(1).seq, 5u);
}

TEST_P(Reading, LargeOutputsAreFetchedWithTheirPath) {
  const auto mine = claimed();
  auto entry = finish_of(mine);
  const json::Value large(std::string(300'000, 'y'));
  entry.steps = {step("big", large), step("small", json::Value(1))};
  entry.final->output = large;
  save(entry);
  const auto all = wait<std::vector<StepRecord>>(
      [&](auto done) { world_->read().steps(tenant_, mine.exec_id, {}, soon(), done); });
  ASSERT_TRUE(all);
  ASSERT_EQ(all->size(), 2u);
  for (const StepRecord& one : *all)
    EXPECT_EQ(one.output.find("$stored_bytes") != nullptr, one.path == "big");
  const auto big = wait<std::vector<StepRecord>>(
      [&](auto done) { world_->read().steps(tenant_, mine.exec_id, "big", soon(), done); });
  ASSERT_EQ(big->size(), 1u);
  EXPECT_EQ(big->at(0).output, large);
  EXPECT_EQ(row(mine.exec_id).output, large);
}

TEST_P(Reading, PagesAreNewestFirstAndStableWhileMoreArrive) {
  std::vector<Uuid> ids;
  for (int i = 0; i < 7; ++i) ids.push_back(accept(execution()).exec_id);
  std::vector<Uuid> seen;
  store::Page page{"", 3};
  do {
    const auto part = list({}, page);
    for (const auto& item : part.items) seen.push_back(item.exec_id);
    page.cursor = part.next;
    accept(execution());  // newer ones don't shift the pages
  } while (!page.cursor.empty());
  std::reverse(ids.begin(), ids.end());
  EXPECT_EQ(seen, ids);
  const auto bad = wait<ExecutionList>([&](auto done) {
    world_->read().list(tenant_, {}, {"x' OR 1=1", 3}, soon(), done);
  });
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().code, "invalid_cursor");
}

TEST_P(Reading, ListsFilter) {
  auto blue = execution();
  blue.task_id = "report";
  blue.labels = json::Object{{"team", "blue"}, {"env", "prod"}};
  blue.session_id = "s1";
  const Uuid pending = accept(blue).exec_id;
  const auto running = claimed();
  const auto failed = claimed();
  save(finish_of(failed, ExecutionStatus::kFailed));
  const auto completed = claimed();
  save(finish_of(completed));
  const auto ids = [&](const ExecutionFilter& filter) {
    std::set<Uuid> found;
    for (const auto& item : list(filter).items) found.insert(item.exec_id);
    return found;
  };
  using S = ExecutionStatus;
  EXPECT_EQ(ids({}).size(), 4u);
  EXPECT_EQ(ids({.statuses = {S::kPending}}), std::set<Uuid>{pending});
  EXPECT_EQ(ids({.statuses = {S::kRunning}}), std::set<Uuid>{running.exec_id});
  EXPECT_EQ(ids({.statuses = {S::kFailed, S::kTimedOut}}), std::set<Uuid>{failed.exec_id});
  EXPECT_EQ(ids({.statuses = {S::kCompleted}}), std::set<Uuid>{completed.exec_id});
  EXPECT_EQ(ids({.statuses = {S::kCompleted, S::kFailed, S::kRunning}}),
            (std::set<Uuid>{completed.exec_id, failed.exec_id, running.exec_id}));
  EXPECT_EQ(ids({.task_id = "report"}), std::set<Uuid>{pending});
  EXPECT_EQ(ids({.session_id = "s1"}), std::set<Uuid>{pending});
  EXPECT_EQ(ids({.labels = {{"team", "blue"}}}), std::set<Uuid>{pending});
  EXPECT_TRUE(ids({.labels = {{"team", "red"}}}).empty());
  EXPECT_TRUE(ids({.statuses = {S::kRunning}, .task_id = "report"}).empty());
  const WallTime now = row(pending).created_at;
  EXPECT_TRUE(ids({.created_after = now + std::chrono::hours(1)}).empty());
  EXPECT_EQ(ids({.created_after = now - std::chrono::hours(1), .created_before = now + std::chrono::hours(1)})
                .size(),
            4u);
  EXPECT_TRUE(ids({.created_before = now - std::chrono::hours(2)}).empty());
}

TEST_P(Reading, StatsCountByStatusAndLane) {
  accept(execution());
  accept(execution("llm"));
  claimed();
  save(finish_of(claimed()));
  const auto stats = wait<store::Stats>([&](auto done) { world_->read().stats(tenant_, soon(), done); });
  ASSERT_TRUE(stats);
  EXPECT_EQ(stats->by_status.at("pending"), 2);
  EXPECT_EQ(stats->by_status.at("running"), 1);
  EXPECT_EQ(stats->by_status.at("completed"), 1);
  EXPECT_EQ(stats->lanes.at("default").queued, 1);
  EXPECT_EQ(stats->lanes.at("default").running, 1);
  EXPECT_EQ(stats->lanes.at("llm").queued, 1);
  EXPECT_EQ(stats->workers, 1);
}

TEST_P(Reading, ToolsAreThoseOfLiveWorkers) {
  lease("w1");
  lease("w2");
  for (const std::string worker : {"w1", "w2"}) {
    std::vector<store::ToolDescriptor> tools{{"echo", json::Object{{"input", "any"}}, 0}};
    if (worker == "w2") tools.push_back({"http", json::Object{}, 0});
    ASSERT_TRUE(wait<void>([&](auto done) { world_->work().publish_tools(worker, tools, soon(), done); }));
  }
  const auto read = [&] {
    return *wait<std::vector<store::ToolDescriptor>>([&](auto done) { world_->read().tools(soon(), done); });
  };
  ASSERT_EQ(read().size(), 2u);
  EXPECT_EQ(read()[0].name, "echo");
  EXPECT_EQ(read()[0].workers, 2);
  ASSERT_TRUE(wait<void>([&](auto done) { world_->work().unregister("w2", soon(), done); }));
  EXPECT_EQ(read().size(), 1u);
  const auto workers =
      wait<std::vector<store::WorkerRow>>([&](auto done) { world_->read().workers(soon(), done); });
  ASSERT_EQ(workers->size(), 1u);
  EXPECT_EQ(workers->at(0).id, "w1");
  EXPECT_EQ(workers->at(0).lanes, std::vector<std::string>{"default"});
}

TEST_P(Reading, TaskVersionsFollowEachOther) {
  const auto first = put("report", 1);
  ASSERT_TRUE(first);
  EXPECT_TRUE(first->created);
  EXPECT_EQ(first->version.version, 1);
  EXPECT_EQ(put("report", 1)->version.version, 1) << "the same document makes no version";
  const auto second = put("report", 2);
  EXPECT_FALSE(second->created);
  EXPECT_EQ(second->version.version, 2);
  EXPECT_EQ(put("report", 3, 1).error().code, "precondition_failed");
  EXPECT_EQ(put("none", 3, 1).error().code, "precondition_failed");
  EXPECT_EQ(put("report", 3, 2)->version.version, 3);
  const auto get = [&](int version) {
    return wait<store::TaskVersion>(
        [&](auto done) { world_->tasks().get(tenant_, "report", version, soon(), done); });
  };
  EXPECT_EQ(get(0)->version, 3);
  EXPECT_EQ(get(2)->document.find("n")->as_int(), 2);
  EXPECT_EQ(get(9).error().code, "not_found");
  const auto versions =
      wait<store::TaskList>([&](auto done) { world_->tasks().versions(tenant_, "report", soon(), done); });
  ASSERT_EQ(versions->items.size(), 3u);
  EXPECT_EQ(versions->items[0].version, 3);
  ASSERT_TRUE(wait<void>([&](auto done) { world_->tasks().remove(tenant_, "report", soon(), done); }));
  EXPECT_EQ(
      wait<void>([&](auto done) { world_->tasks().remove(tenant_, "report", soon(), done); }).error().code,
      "not_found");
  EXPECT_EQ(get(0).error().code, "not_found");
  EXPECT_EQ(put("report", 4)->version.version, 4) << "numbers go on";
  tenant_ = fresh_id();
  EXPECT_EQ(get(0).error().code, "not_found");
}

TEST_P(Reading, TasksArePagedAndSearched) {
  for (const char* id : {"alpha", "beta", "gamma", "Betamax"}) ASSERT_TRUE(put(id, 1));
  std::vector<std::string> seen;
  store::Page page{"", 3};
  do {
    const auto part =
        wait<store::TaskList>([&](auto done) { world_->tasks().list(tenant_, "", page, soon(), done); });
    ASSERT_TRUE(part);
    for (const auto& item : part->items) seen.push_back(item.task_id);
    page.cursor = part->next;
  } while (!page.cursor.empty());
  EXPECT_EQ(seen, (std::vector<std::string>{"Betamax", "gamma", "beta", "alpha"}));
  const auto found =
      wait<store::TaskList>([&](auto done) { world_->tasks().list(tenant_, "beta", {}, soon(), done); });
  EXPECT_EQ(found->items.size(), 2u);
  const auto bad = wait<store::TaskList>([&](auto done) {
    world_->tasks().list(tenant_, "", {"?", 3}, soon(), done);
  });
  EXPECT_EQ(bad.error().code, "invalid_cursor");
}

TEST_P(Reading, KeysAreFoundByTheirHash) {
  store::KeyRow row;
  row.id = fresh_id();
  row.tenant = tenant_;
  row.name = "first";
  row.prefix = "pawl_ab";
  row.scopes = {"exec:read", "with \"quote\", comma"};
  const auto boot = [&](const std::string& key) {
    return wait<std::optional<store::KeyRow>>(
        [&](auto done) { world_->keys().bootstrap(row, sha256(key), soon(), done); });
  };
  ASSERT_TRUE(boot("k1")->has_value());
  EXPECT_FALSE(boot("k2")->has_value());
  const auto found = wait<store::KeyRow>([&](auto done) { world_->keys().find(sha256("k1"), soon(), done); });
  ASSERT_TRUE(found);
  EXPECT_EQ(found->id, row.id);
  EXPECT_EQ(found->scopes, row.scopes);
  EXPECT_TRUE(found->first_tenant);
  EXPECT_FALSE(found->revoked_at);
  EXPECT_EQ(
      wait<store::KeyRow>([&](auto done) { world_->keys().find(sha256("zz"), soon(), done); }).error().code,
      "not_found");
  store::KeyRow other = row;
  other.id = fresh_id();
  const auto made = wait<store::KeyRow>(
      [&](auto done) { world_->keys().create(other, sha256("k3"), "acme", soon(), done); });
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_NE(made->tenant, tenant_);
  EXPECT_FALSE(made->first_tenant);
  const auto listed =
      wait<std::vector<store::KeyRow>>([&](auto done) { world_->keys().list(tenant_, soon(), done); });
  EXPECT_EQ(listed->size(), 1u);
  const auto revoke = [&](const Uuid& id) {
    return wait<void>([&](auto done) { world_->keys().revoke(tenant_, id, soon(), done); });
  };
  EXPECT_EQ(revoke(other.id).error().code, "not_found") << "it is another tenant's";
  EXPECT_TRUE(revoke(row.id));
  EXPECT_TRUE(
      wait<store::KeyRow>([&](auto done) { world_->keys().find(sha256("k1"), soon(), done); })->revoked_at);
}

INSTANTIATE_TEST_SUITE_P(Stores, Reading, ::testing::ValuesIn(store_kinds()), kind_name);

}  // namespace
}  // namespace pawl::testing
