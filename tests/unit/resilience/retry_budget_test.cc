#include "worker/core/resilience/retry_budget.h"

#include <gtest/gtest.h>

namespace pawl::resilience {
namespace {

MonoTime at_ms(int ms) { return MonoTime{} + Millis{ms}; }

TEST(RetryBudget, R17AShareOfTheCallsOrTheFloorWhicheverIsMore) {
  for (const auto& [calls, retries] : {std::pair{100, 20}, {10, 3}, {0, 3}}) {
    RetryBudget budget({0.2, 3, Millis{10'000}});
    budget.add_calls(calls, at_ms(0));
    EXPECT_EQ(budget.take(25, at_ms(0)), retries) << calls;
    EXPECT_EQ(budget.take(1, at_ms(0)), 0);
  }
}

TEST(RetryBudget, ForgetsCallsAndRetriesExactlyOneWindowOld) {
  RetryBudget budget({0.2, 3, Millis{10'000}});
  budget.add_calls(100, at_ms(0));
  budget.take(20, at_ms(1000));
  EXPECT_EQ(budget.balance(at_ms(9999)), 0);
  EXPECT_EQ(budget.balance(at_ms(10'000)), 0);  // the calls have left, the retries have not
  EXPECT_EQ(budget.balance(at_ms(11'000)), 3);
}

TEST(RetryBudget, SaysWhenTheNextRetryIsThere) {
  RetryBudget budget({0.2, 1, Millis{10'000}});
  EXPECT_EQ(budget.until_next(at_ms(0)), Millis{0});
  budget.take(1, at_ms(500));
  EXPECT_EQ(budget.until_next(at_ms(1000)), Millis{9500});
  RetryBudget none({0.2, 0, Millis{10'000}});
  EXPECT_EQ(none.until_next(at_ms(0)), std::nullopt);
}

TEST(RetryBudget, AWholeRetryIsGrantedWhereTheShareIsExactlyOne) {
  for (int calls = 5; calls <= 500; calls += 5) {
    RetryBudget budget({0.2, 0, Millis{10'000}});
    budget.add_calls(calls, at_ms(0));
    EXPECT_EQ(budget.take(1000, at_ms(0)), calls / 5);
  }
}

TEST(RetryBudget, ADeadTargetSeesAtMostAFifthMore) {
  RetryBudget budget({0.2, 100, Millis{10'000}});  // 10/s
  std::int64_t sent = 0;
  for (int ms = 0; ms < 60'000; ms += 20) {  // 50 calls/s, each wants three retries
    budget.add_calls(1, at_ms(ms));
    const std::int64_t retries = budget.take(3, at_ms(ms));
    if (ms >= 10'000) sent += 1 + retries;
  }
  EXPECT_LE(static_cast<double>(sent), 1.2 * 50 * 50 + 100);
}

TEST(TokenBudget, R13RetriesOnlyAboveTheThreshold) {
  TokenBudget budget({10, 1, 0.1, 5});
  for (int failure = 1; failure <= 4; ++failure) EXPECT_TRUE(budget.take()) << failure;
  EXPECT_FALSE(budget.take());
  EXPECT_DOUBLE_EQ(budget.tokens(), 5);
  budget.succeeded(1);
  EXPECT_DOUBLE_EQ(budget.tokens(), 5.1);
}

TEST(TokenBudget, ASuccessNeverLiftsItOverItsCapacity) {
  TokenBudget budget({500, 14, 1, 0});
  budget.succeeded(1);
  EXPECT_EQ(budget.tokens(), 500);
  ASSERT_TRUE(budget.take());
  budget.succeeded(1);
  EXPECT_EQ(budget.tokens(), 487);
  budget.succeeded(2);
  EXPECT_EQ(budget.tokens(), 500);
}

}  // namespace
}  // namespace pawl::resilience
