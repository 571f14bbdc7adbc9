// Accepting: durable, once per key, fair between tenants.
#include <algorithm>
#include <set>

#include "tests/contract/store/store_world.h"

namespace pawl::testing {
namespace {

using store::Accepted;

class Accepting : public StoreContract {
 protected:
  store::NewExecution keyed(const std::string& key, const std::string& body = "same") {
    auto e = execution();
    e.idempotency_key = key;
    e.fingerprint = sha256(body);
    return e;
  }
};

TEST_P(Accepting, StoresWhatWasAsked) {
  auto e = execution("llm");
  e.task_id = "report";
  e.task_version = 3;
  e.priority = 8;
  e.labels = json::Object{{"team", "blue"}};
  e.limits = json::Object{{"max_steps", 9}};
  e.session_id = "s-1";
  const Accepted accepted = accept(e);
  EXPECT_EQ(accepted.kind, Accepted::Kind::kNew);
  EXPECT_TRUE(accepted.ticket_now);
  const auto stored = row(accepted.exec_id);
  EXPECT_EQ(stored.status, ExecutionStatus::kPending);
  EXPECT_EQ(stored.phase, Phase::kPending);
  EXPECT_EQ(stored.task_id, "report");
  EXPECT_EQ(stored.task_version, 3);
  EXPECT_EQ(stored.plan_hash, plan_hash_);
  EXPECT_EQ(stored.lane, "llm");
  EXPECT_EQ(stored.priority, 8);
  EXPECT_EQ(stored.input, e.input);
  EXPECT_EQ(stored.labels, e.labels);
  EXPECT_EQ(stored.limits, e.limits);
  EXPECT_EQ(stored.session_id, "s-1");
  EXPECT_EQ(stored.epoch, 0u);
  EXPECT_FALSE(stored.started_at);
  const auto events = ledger(accepted.exec_id);
  ASSERT_EQ(types_of(events), std::vector<std::string>{"execution.accepted"});
  EXPECT_EQ(events.front().seq, 1u);
}

TEST_P(Accepting, KeepsThePlanByItsHash) {
  accept(execution());
  const auto plan =
      wait<json::Value>([&](auto done) { world_->plans().plan(tenant_, plan_hash_, soon(), done); });
  ASSERT_TRUE(plan);
  EXPECT_EQ(*plan, *execution().plan);
  const auto other =
      wait<json::Value>([&](auto done) { world_->plans().plan(tenant_, sha256("none"), soon(), done); });
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().kind, ErrorKind::kNotFound);
}

TEST_P(Accepting, TheSameKeyAndBodyIsTheSameExecution) {
  const Accepted first = accept(keyed("k"));
  const Accepted again = accept(keyed("k"));
  EXPECT_EQ(again.kind, Accepted::Kind::kReplayed);
  EXPECT_EQ(again.exec_id, first.exec_id);
  EXPECT_FALSE(again.ticket_now);
}

TEST_P(Accepting, TheSameKeyWithAnotherBodyIsRefusedAndStoresNothing) {
  accept(keyed("k"));
  EXPECT_EQ(accept(keyed("k", "other")).kind, Accepted::Kind::kKeyReused);
  const auto list =
      wait<store::ExecutionList>([&](auto done) { world_->read().list(tenant_, {}, {}, soon(), done); });
  ASSERT_TRUE(list);
  EXPECT_EQ(list->items.size(), 1u);
}

TEST_P(Accepting, AKeyBelongsToItsTenant) {
  const Accepted mine = accept(keyed("k"));
  auto foreign = keyed("k");
  foreign.tenant = UuidGenerator(rng_).next(SystemClock().wall());
  const Accepted theirs = accept(foreign);
  EXPECT_EQ(theirs.kind, Accepted::Kind::kNew);
  EXPECT_NE(theirs.exec_id, mine.exec_id);
}

TEST_P(Accepting, AKeyIsForgottenAfterADay) {
  const Accepted first = accept(keyed("k"));
  world_->age(Millis(25LL * 3600 * 1000));
  const Accepted next = accept(keyed("k", "other"));
  EXPECT_EQ(next.kind, Accepted::Kind::kNew);
  EXPECT_NE(next.exec_id, first.exec_id);
}

TEST_P(Accepting, AHundredAtOnceWithOneKeyOverTwoProcessesAreOneExecution) {
  const auto other = make_world(GetParam(), loop_, world_.get());
  std::vector<Result<Accepted>> answers;
  for (int i = 0; i < 100; ++i) {
    auto& process = i % 2 == 0 ? *world_ : *other;
    process.accept().accept(keyed("k"), soon(), [&](Result<Accepted> a) { answers.push_back(std::move(a)); });
  }
  turn_until([&] { return answers.size() == 100; });
  std::set<Uuid> ids;
  int fresh = 0;
  for (const auto& answer : answers) {
    ASSERT_TRUE(answer) << answer.error().message;
    if (answer->kind == Accepted::Kind::kInProgress) continue;
    EXPECT_NE(answer->kind, Accepted::Kind::kKeyReused);
    fresh += answer->kind == Accepted::Kind::kNew;
    ids.insert(answer->exec_id);
  }
  EXPECT_EQ(fresh, 1);
  EXPECT_EQ(ids.size(), 1u);
  const auto list =
      wait<store::ExecutionList>([&](auto done) { world_->read().list(tenant_, {}, {}, soon(), done); });
  EXPECT_EQ(list->items.size(), 1u);
}

TEST_P(Accepting, IdsAscendInOrderOfArrival) {
  std::vector<Uuid> ids(300);
  int answers = 0;
  for (Uuid& id : ids) {
    world_->accept().accept(execution(), soon(), [&](Result<Accepted> a) {
      id = a ? a->exec_id : Uuid{};
      ++answers;
    });
  }
  turn_until([&] { return answers == 300; });
  EXPECT_EQ(std::set<Uuid>(ids.begin(), ids.end()).size(), 300u);
  EXPECT_TRUE(std::is_sorted(ids.begin(), ids.end()));
}

TEST_P(Accepting, OnlySoManyTicketsOfATenantAreOpenInALane) {
  int now = 0;
  int later = 0;
  for (int i = 0; i < 900; ++i) {
    world_->accept().accept(execution(), soon(),
                            [&](Result<Accepted> a) { (a && a->ticket_now ? now : later)++; });
  }
  turn_until([&] { return now + later == 900; });
  EXPECT_LE(now, 256 + 128);  // two batches may be under way at once
  EXPECT_GE(later, 1);
  auto foreign = execution();
  foreign.tenant = UuidGenerator(rng_).next(SystemClock().wall());
  EXPECT_TRUE(accept(foreign).ticket_now) << "another tenant is not held up";
  EXPECT_TRUE(accept(execution("other")).ticket_now) << "nor another lane";
  EXPECT_FALSE(accept(execution()).ticket_now) << "nobody overtakes those that wait";
}

TEST_P(Accepting, RunAtLiesAhead) {
  auto e = execution();
  e.run_at = SystemClock().wall() + std::chrono::hours(1);
  const Accepted accepted = accept(e);
  EXPECT_FALSE(accepted.ticket_now);
  EXPECT_EQ(row(accepted.exec_id).status, ExecutionStatus::kPending);
  lease("w1");
  EXPECT_TRUE(claim({{accepted.exec_id, 0}}).empty()) << "a ticket that is too early is nothing";
  EXPECT_TRUE(tick().fed.empty());
  world_->age(std::chrono::hours(2));
  lease("w1");
  const auto fed = tick().fed;
  ASSERT_EQ(fed.size(), 1u);
  EXPECT_EQ(fed.front().exec_id, accepted.exec_id);
  EXPECT_FALSE(fed.front().resume);
  EXPECT_EQ(claim({{accepted.exec_id, 0}}).size(), 1u);
}

INSTANTIATE_TEST_SUITE_P(Stores, Accepting, ::testing::ValuesIn(store_kinds()), kind_name);

}  // namespace
}  // namespace pawl::testing
