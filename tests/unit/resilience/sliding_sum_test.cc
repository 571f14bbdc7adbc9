#include "worker/core/resilience/sliding_sum.h"

#include <gtest/gtest.h>

namespace pawl::resilience {
namespace {

struct Count {
  int n = 0;
  Count& operator+=(const Count& other) {
    n += other.n;
    return *this;
  }
  Count& operator-=(const Count& other) {
    n -= other.n;
    return *this;
  }
};

TEST(SlidingSum, StaysBoundedAndLosesNothingThatIsInTheWindow) {
  SlidingSum<Count> sum(Millis{1'000'000});
  for (int i = 0; i < 100'000; ++i) sum.add({1}, MonoTime{} + Millis{i});
  EXPECT_LE(sum.slots().size(), kMaxWindowSlots);
  EXPECT_EQ(sum.total().n, 100'000);
  sum.trim(MonoTime{} + Millis{2'000'000});
  EXPECT_EQ(sum.total().n, 0);
}

TEST(SlidingSum, CallsOfOneInstantShareASlot) {
  SlidingSum<Count> sum(Millis{1000});
  for (int i = 0; i < 10; ++i) sum.add({1}, MonoTime{});
  EXPECT_EQ(sum.slots().size(), 1u);
}

}  // namespace
}  // namespace pawl::resilience
