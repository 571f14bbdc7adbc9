// The shared breakers: one generation has one writer, orders win, changes are found by when they happened.
#include "tests/contract/store/store_world.h"

namespace pawl::testing {
namespace {

using store::BreakerMove;
using store::BreakerRow;

class BreakerContract : public StoreContract {
 protected:
  BreakerRow row(std::string state, std::optional<Millis> remaining = {}, std::string target = "a:443") {
    BreakerRow made;
    made.key = {tenant_, "http", std::move(target)};
    made.state = std::move(state);
    made.remaining = remaining;
    return made;
  }
  BreakerMove move(BreakerRow to, std::uint64_t expected) {
    const auto moved = wait<BreakerMove>(
        [&](auto done) { world_->breakers().compare_and_set(to, expected, soon(), std::move(done)); });
    EXPECT_TRUE(moved) << moved.error().message;
    return moved.value_or(BreakerMove{});
  }
  Result<BreakerRow> order(BreakerRow to) {
    return wait<BreakerRow>([&](auto done) { world_->breakers().order(to, soon(), std::move(done)); });
  }
  std::vector<BreakerRow> changed(std::optional<Millis> within) {
    return wait<std::vector<BreakerRow>>(
               [&](auto done) { world_->breakers().changed(within, soon(), std::move(done)); })
        .value_or(std::vector<BreakerRow>{});
  }
  std::vector<BreakerRow> list(std::optional<store::BreakerKey> after = {}, int limit = 10) {
    return wait<std::vector<BreakerRow>>(
               [&](auto done) { world_->breakers().list(tenant_, after, limit, soon(), std::move(done)); })
        .value_or(std::vector<BreakerRow>{});
  }
};

TEST_P(BreakerContract, OneGenerationHasOneWriter) {
  BreakerRow open = row("open", Millis{5000});
  open.openings = 2;
  const BreakerMove first = move(open, 0);
  EXPECT_TRUE(first.is_ours);
  EXPECT_EQ(first.row.generation, 1U);
  const BreakerMove second = move(row("closed"), 0);
  EXPECT_FALSE(second.is_ours);
  EXPECT_EQ(second.row.state, "open");
  EXPECT_EQ(second.row.openings, 2);
  ASSERT_TRUE(second.row.remaining);
  EXPECT_GT(second.row.remaining->count(), 3000);
  EXPECT_LE(second.row.remaining->count(), 5000);
  BreakerRow probing = row("half_open", Millis{900});
  probing.holder = "w1";
  const BreakerMove third = move(probing, 1);
  EXPECT_TRUE(third.is_ours);
  EXPECT_EQ(third.row.generation, 2U);
  EXPECT_EQ(third.row.holder, "w1");
  EXPECT_TRUE(move(row("closed"), 2).is_ours);
  EXPECT_FALSE(list().front().remaining.has_value());
  EXPECT_EQ(list().front().holder, "");
}

TEST_P(BreakerContract, AnOrderIsWrittenOverWhateverIsThere) {
  const auto forced = order(row("forced_open"));
  ASSERT_TRUE(forced);
  EXPECT_EQ(forced->generation, 1U);
  EXPECT_FALSE(forced->remaining.has_value());
  EXPECT_EQ(order(row("half_open"))->generation, 2U);
  EXPECT_EQ(order(row("closed"))->state, "closed");
  for (const std::string target : {"a:443", "unknown:1"}) {
    const auto refused = order(row("half_open", {}, target));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, "illegal_transition");
    EXPECT_EQ(refused.error().kind, ErrorKind::kConflict);
  }
  EXPECT_FALSE(move(row("open", Millis{5}), 2).is_ours) << "decided before the operator did";
}

TEST_P(BreakerContract, ChangesAreFoundByAgeAndAtFirstByState) {
  move(row("open", Millis{5000}), 0);
  move(row("closed", {}, "b:80"), 0);
  EXPECT_EQ(changed(Millis{60'000}).size(), 2U);
  EXPECT_TRUE(changed(Millis{0}).empty());
  ASSERT_EQ(changed(std::nullopt).size(), 1U);
  EXPECT_EQ(changed(std::nullopt).front().key, row("open").key);
}

TEST_P(BreakerContract, ATenantsBreakersAreListedInOrder) {
  for (const char* target : {"c:1", "a:1", "b:1"}) move(row("open", Millis{1}, target), 0);
  BreakerRow foreign = row("open", Millis{1}, "0:1");
  foreign.key.tenant = UuidGenerator(rng_).next(WallTime{});
  move(foreign, 0);
  ASSERT_EQ(list().size(), 3U);
  EXPECT_EQ(list().front().key.target, "a:1");
  EXPECT_EQ(list({}, 2).size(), 2U);
  ASSERT_EQ(list(list({}, 2).back().key).size(), 1U);
  EXPECT_EQ(list(list({}, 2).back().key).front().key.target, "c:1");
}

INSTANTIATE_TEST_SUITE_P(Stores, BreakerContract, ::testing::ValuesIn(store_kinds()), kind_name);

}  // namespace
}  // namespace pawl::testing
