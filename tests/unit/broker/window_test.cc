#include "broker/window.h"

#include <gtest/gtest.h>

#include <numeric>

#include "broker/ack_window.h"

namespace pawl::broker {
namespace {

TEST(Window, IsHalfTheFreeSlotsAndAtMostSixtyFour) {
  EXPECT_EQ(prefetch_sum(-1), 0);
  EXPECT_EQ(prefetch_sum(0), 0);
  EXPECT_EQ(prefetch_sum(1), 1);
  EXPECT_EQ(prefetch_sum(2), 1);
  EXPECT_EQ(prefetch_sum(3), 1);
  EXPECT_EQ(prefetch_sum(100), 50);
  EXPECT_EQ(prefetch_sum(128), 64);
  EXPECT_EQ(prefetch_sum(1000), 64);
}

TEST(Window, SplitSumsUpAndFavoursTheFirst) {
  for (int sum = 0; sum <= 64; ++sum) {
    for (std::size_t queues = 1; queues <= 12; ++queues) {
      const auto parts = split_prefetch(sum, queues);
      ASSERT_EQ(parts.size(), queues);
      EXPECT_EQ(std::accumulate(parts.begin(), parts.end(), 0), sum);
      EXPECT_LE(parts.front() - parts.back(), 1);
      EXPECT_GE(parts.front(), parts.back());
    }
  }
  EXPECT_TRUE(split_prefetch(5, 0).empty());
}

TEST(Window, BusyQueuesGetMoreAndNoneIsShutOut) {
  for (int sum = 4; sum <= 64; ++sum) {
    for (const auto& delivered :
         {std::vector<std::uint32_t>{0, 0, 900, 0}, {1, 2, 3, 4}, {0, 0, 0, 0}, {500, 0, 500, 0}}) {
      const auto parts = weigh_prefetch(sum, delivered);
      EXPECT_EQ(std::accumulate(parts.begin(), parts.end(), 0), sum);
      for (const int part : parts) EXPECT_GE(part, 1);
    }
  }
  EXPECT_EQ(weigh_prefetch(50, {0, 0, 900, 0}), (std::vector{3, 3, 41, 3}));
  EXPECT_EQ(weigh_prefetch(50, {0, 0, 0, 0}), split_prefetch(50, 4));
}

TEST(Window, RebalancesOnlyWhenBusyAndLopsided) {
  const std::vector even{13, 13, 12, 12};
  EXPECT_TRUE(should_rebalance(even, {0, 0, 900, 0}));
  EXPECT_FALSE(should_rebalance(even, {0, 0, 47, 0})) << "too few to tell";
  EXPECT_FALSE(should_rebalance(even, {200, 210, 190, 205}));
  EXPECT_FALSE(should_rebalance({3, 3, 41, 3}, {0, 0, 900, 0})) << "it is so already";
  EXPECT_TRUE(should_rebalance({3, 3, 41, 3}, {900, 0, 0, 0})) << "another queue is busy now";
}

TEST(Window, ClosesWhenFreeSlotsFallToItAndOpensAtTwiceThat) {
  EXPECT_EQ(window_step(50, 51), WindowStep::kKeep);
  EXPECT_EQ(window_step(50, 50), WindowStep::kClose);
  EXPECT_EQ(window_step(50, 0), WindowStep::kClose);
  EXPECT_EQ(window_step(0, 0), WindowStep::kKeep);
  for (int free = 2; free <= 300; ++free) {
    EXPECT_EQ(window_step(0, free), WindowStep::kOpen);
    EXPECT_GE(free, 2 * prefetch_sum(free));
  }
}

TEST(Window, AWorkerWithOneSlotWorks) {
  EXPECT_EQ(window_step(0, 1), WindowStep::kOpen);
  EXPECT_EQ(window_step(1, 1), WindowStep::kKeep);
  EXPECT_EQ(window_step(1, 0), WindowStep::kClose);
}

TEST(Window, GrowsWhenItCouldDouble) {
  EXPECT_EQ(window_step(12, 47), WindowStep::kKeep);
  EXPECT_EQ(window_step(12, 48), WindowStep::kGrow);
  EXPECT_EQ(window_step(64, 10'000), WindowStep::kKeep);
}

// Whatever the slots do, an open window never lets more be outstanding than are free.
TEST(Window, HoldsAcksBeforeTheNextTicketWouldHaveNoSlot) {
  for (int sum = 1; sum <= 64; ++sum) {
    for (int free = 0; free <= 200; ++free) {
      if (!holds_acks(sum, free)) {
        EXPECT_GE(free, sum) << sum << " " << free;
      }
      EXPECT_EQ(holds_acks(sum, free), window_step(sum, free) == WindowStep::kClose);
    }
  }
  EXPECT_FALSE(holds_acks(0, 0));
}

struct Acks {
  std::vector<std::pair<std::uint64_t, bool>> sent;
  void flush(AckWindow& window) {
    window.flush([this](std::uint64_t tag, bool multiple) { sent.emplace_back(tag, multiple); });
  }
};

TEST(AckWindow, OneMultipleAckForARun) {
  AckWindow window;
  Acks acks;
  for (std::uint64_t tag = 1; tag <= 5; ++tag) ASSERT_TRUE(window.delivered(tag));
  for (const std::uint64_t tag : {3, 1, 2, 5, 4}) EXPECT_TRUE(window.settle(tag));
  acks.flush(window);
  EXPECT_EQ(acks.sent, (std::vector<std::pair<std::uint64_t, bool>>{{5, true}}));
  EXPECT_EQ(window.unacked(), 0u);
}

TEST(AckWindow, NeverAcksAnOpenTagWithAMultiple) {
  AckWindow window;
  Acks acks;
  for (std::uint64_t tag = 1; tag <= 6; ++tag) ASSERT_TRUE(window.delivered(tag));
  for (const std::uint64_t tag : {1, 2, 4, 6}) EXPECT_TRUE(window.settle(tag));
  acks.flush(window);
  EXPECT_EQ(acks.sent, (std::vector<std::pair<std::uint64_t, bool>>{{2, true}, {4, false}, {6, false}}));
  EXPECT_EQ(window.unacked(), 2u);
  acks.sent.clear();
  EXPECT_TRUE(window.settle(3));
  acks.flush(window);
  EXPECT_EQ(acks.sent, (std::vector<std::pair<std::uint64_t, bool>>{{3, true}})) << "4 was acked before";
  acks.sent.clear();
  EXPECT_TRUE(window.settle(5));
  acks.flush(window);
  EXPECT_EQ(acks.sent, (std::vector<std::pair<std::uint64_t, bool>>{{5, true}}));
  EXPECT_EQ(window.unacked(), 0u);
}

TEST(AckWindow, SettlesATagOnceAndKnowsItsOwn) {
  AckWindow window;
  ASSERT_TRUE(window.delivered(10));
  EXPECT_FALSE(window.settle(9));
  EXPECT_FALSE(window.settle(11));
  EXPECT_TRUE(window.settle(10));
  EXPECT_FALSE(window.settle(10));
  EXPECT_FALSE(window.delivered(12)) << "11 is missing";
  EXPECT_TRUE(window.delivered(11));
  window.clear();
  EXPECT_FALSE(window.settle(11));
  EXPECT_TRUE(window.delivered(1)) << "a new channel begins anew";
}

}  // namespace
}  // namespace pawl::broker
