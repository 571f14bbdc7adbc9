// The keeper's finds: what died, what is due, what was lost, what waits for its turn.
#include <algorithm>
#include <map>

#include "tests/contract/store/store_world.h"

namespace pawl::testing {
namespace {

class Keeping : public StoreContract {};

TEST_P(Keeping, OneKeeperAtATime) {
  const auto take = [&](const std::string& who) {
    return *wait<bool>([&](auto done) { world_->keeper().take_turn(who, Millis(10'000), soon(), done); });
  };
  EXPECT_TRUE(take("w1"));
  EXPECT_FALSE(take("w2"));
  EXPECT_TRUE(take("w1"));
  world_->age(Millis(11'000));
  EXPECT_TRUE(take("w2"));
}

TEST_P(Keeping, OrphansComeBackOnceAndCountAsACrash) {
  const auto mine = claimed("w1");
  EXPECT_TRUE(tick().orphans.empty());
  world_->age(Millis(16'000));
  const auto orphans = tick().orphans;
  ASSERT_EQ(orphans.size(), 1u);
  EXPECT_EQ(orphans[0].exec_id, mine.exec_id);
  EXPECT_EQ(orphans[0].tenant, tenant_);
  EXPECT_EQ(orphans[0].lane, "default");
  EXPECT_TRUE(tick().orphans.empty());
  lease("w2");
  const auto heir = claim({{mine.exec_id, 1}}, "w2");
  ASSERT_EQ(heir.size(), 1u);
  EXPECT_EQ(heir[0].crashes, 1);
}

TEST_P(Keeping, ACrashLoopIsEnded) {
  const auto accepted = accept(execution());
  store::KeeperTick what;
  what.quarantine_after = 3;
  for (std::uint32_t n = 0; n < 3; ++n) {
    const std::string worker = "w" + std::to_string(n);
    lease(worker);
    ASSERT_EQ(claim({{accepted.exec_id, n}}, worker).size(), 1u);
    world_->age(Millis(16'000));
    EXPECT_EQ(tick(what).quarantined, n == 2 ? 1 : 0);
  }
  const auto ended = row(accepted.exec_id);
  EXPECT_EQ(ended.status, ExecutionStatus::kFailed);
  ASSERT_TRUE(ended.failure);
  EXPECT_EQ(ended.failure->code, "worker_crash_loop");
  EXPECT_EQ(types_of(ledger(accepted.exec_id)).back(), "execution.failed");
}

TEST_P(Keeping, ACommittedStepAndASurvivorForgiveCrashes) {
  const auto accepted = accept(execution());
  lease("w0");
  claim({{accepted.exec_id, 0}}, "w0");
  world_->age(Millis(16'000));
  tick();
  lease("w1");
  const auto second = claim({{accepted.exec_id, 1}}, "w1");
  ASSERT_EQ(second.at(0).crashes, 1);
  auto entry = entry_of(second[0]);
  entry.step_committed = true;
  save(entry);
  world_->age(Millis(16'000));
  tick();
  lease("w2");
  EXPECT_EQ(claim({{accepted.exec_id, 2}}, "w2").at(0).crashes, 1) << "the first is forgotten";
}

TEST_P(Keeping, AnOvertakenTicketIsMadeAgain) {
  const auto lost = accept(execution());
  world_->age(Millis(6'000));
  EXPECT_TRUE(tick().lost.empty()) << "a healthy backlog costs nothing";
  lease("w1");
  const auto later = accept(execution());
  ASSERT_EQ(claim({{later.exec_id, 0}}).size(), 1u);
  const auto found = tick().lost;
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].exec_id, lost.exec_id);
  EXPECT_FALSE(found[0].resume);
  EXPECT_TRUE(tick().lost.empty()) << "and not again at once";
}

TEST_P(Keeping, AnEmptyLaneHasLostAllItsTickets) {
  const auto lost = accept(execution());
  accept(execution("other"));
  world_->age(Millis(2'000));
  store::KeeperTick what;
  what.empty_lanes = {"default"};
  const auto found = tick(what).lost;
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].exec_id, lost.exec_id);
  EXPECT_TRUE(tick(what).lost.empty()) << "it backs off";
}

TEST_P(Keeping, FeedingTakesTenantsInTurn) {
  lease("w1");
  std::vector<Uuid> tenants{tenant_, UuidGenerator(rng_).next(SystemClock().wall())};
  std::vector<store::Accepted> open;
  int answers = 0;
  for (int i = 0; i < 2 * 700; ++i) {
    auto e = execution();
    e.tenant = tenants[static_cast<std::size_t>(i % 2)];
    world_->accept().accept(e, soon(), [&](Result<store::Accepted> a) {
      ++answers;
      if (a && a->ticket_now) open.push_back(*a);
    });
  }
  turn_until([&] { return answers == 1400; });
  EXPECT_TRUE(tick().fed.empty()) << "their tickets are at the cap";
  std::vector<store::ClaimRequest> tickets;
  for (const auto& one : open) tickets.push_back({one.exec_id, 0});
  const auto mine = claim(tickets);
  EXPECT_EQ(mine.size(), open.size());
  EXPECT_TRUE(mine.at(0).backlog);
  const auto fed = wait<std::vector<store::Ticket>>(
      [&](auto done) { world_->work().feed({"default"}, 100, soon(), done); });
  ASSERT_TRUE(fed);
  EXPECT_EQ(fed->size(), 100u);
  const auto first =
      std::count_if(fed->begin(), fed->end(), [&](const auto& t) { return t.tenant == tenants[0]; });
  EXPECT_EQ(first, 50);
  const auto other = wait<std::vector<store::Ticket>>(
      [&](auto done) { world_->work().feed({"elsewhere"}, 100, soon(), done); });
  EXPECT_TRUE(other->empty());
  std::map<Uuid, int> per_tenant;
  for (const auto& ticket : *fed) ++per_tenant[ticket.tenant];
  for (int i = 0; i < 6; ++i) {
    for (const auto& ticket : tick().fed) ++per_tenant[ticket.tenant];
  }
  for (const auto& [tenant, count] : per_tenant) EXPECT_EQ(count, 256);
}

TEST_P(Keeping, HousekeepingKeepsWhatIsYoung) {
  const auto mine = claimed();
  save(finish_of(mine));
  const auto removed = wait<std::int64_t>(
      [&](auto done) { world_->keeper().housekeeping(Millis(24LL * 3600 * 1000), soon(), done); });
  ASSERT_TRUE(removed) << removed.error().message;
  EXPECT_EQ(row(mine.exec_id).status, ExecutionStatus::kCompleted);
}

INSTANTIATE_TEST_SUITE_P(Stores, Keeping, ::testing::ValuesIn(store_kinds()), kind_name);

}  // namespace
}  // namespace pawl::testing
