// The edges of resilience.md §1 that its cases leave out.
#include <gtest/gtest.h>

#include "tests/unit/resilience/breaker_script.h"

namespace pawl::resilience {
namespace {

TEST(CircuitBreakerEdges, ACallIsLetInAtExactlyTheEndOfTheOpenTime) {
  BreakerScript script(c1());
  EXPECT_EQ(script.run("F F F F F +4999 ? +1 ?"), "yes yes yes yes yes no yes");
  EXPECT_EQ(script.state(), "half_open");
}

TEST(CircuitBreakerEdges, ACallExactlyOneWindowOldHasLeft) {
  BreakerScript script(c1());
  script.run("F +19999");
  EXPECT_EQ(script.metrics().buffered, 1);
  script.run("+1");
  EXPECT_EQ(script.metrics().buffered, 0);
}

TEST(CircuitBreakerEdges, ARowOfFailuresNeedsNoMinimumAndAnIgnoredCallDoesNotBreakIt) {
  BreakerConfig config = c1();
  config.consecutive_failures = 3;
  config.min_calls = 50;
  BreakerScript script(config);
  script.run("F F S F I F");
  EXPECT_EQ(script.state(), "closed");
  script.run("SF");
  EXPECT_EQ(script.state(), "open");
}

TEST(CircuitBreakerEdges, ACountWindowClampsTheMinimumToItsSize) {
  BreakerConfig config = c1();
  config.window = {3, Millis{0}};
  config.min_calls = 50;
  BreakerScript script(config);
  script.run("F F");
  EXPECT_EQ(script.state(), "closed");
  script.run("F");
  EXPECT_EQ(script.state(), "open");
}

TEST(CircuitBreakerEdges, ReopeningLengthensTheOpenTimeUpToItsCapAndAnyCloseResetsIt) {
  BreakerConfig config = c1();
  config.open_multiplier = 1.5;
  config.open_max = Millis{10'000};
  BreakerScript script(config);
  const auto wait = [&script] {
    script.run("?");
    return script.last.retry_after.value_or(Millis{-1}).count();
  };
  script.run("F F F F F");
  EXPECT_EQ(wait(), 5000);
  script.run("+5000 F F F F");
  EXPECT_EQ(wait(), 7500);
  script.run("+7500 F F F F");
  EXPECT_EQ(wait(), 10'000);
  script.run("+10000 S S S S F F F F F");
  EXPECT_EQ(wait(), 5000);
}

TEST(CircuitBreakerEdges, JitterSpreadsTheOpenTimeBothWays) {
  BreakerConfig config = c1();
  config.jitter = 0.2;
  for (const auto& [jitter, expected] : {std::pair{0.0, 4000}, {0.5, 5000}, {0.75, 5500}}) {
    BreakerScript script(config, jitter);
    script.run("F F F F F ?");
    EXPECT_EQ(script.last.retry_after, Millis{expected}) << jitter;
  }
}

TEST(CircuitBreakerEdges, AnOutcomeOfAnOlderStateIsIgnored) {
  BreakerScript script(c1());
  script.run("?x ?y F F F F F");
  EXPECT_EQ(script.state(), "open");
  script.run("x:F +5000 ?p y:F");
  EXPECT_EQ(script.state(), "half_open");
  EXPECT_EQ(script.metrics().buffered, 0);
  script.run("p:S");
  EXPECT_EQ(script.metrics().buffered, 1);
}

TEST(CircuitBreakerEdges, APermitOfAnOlderHalfOpenIsNotGivenBackToTheNext) {
  BreakerScript script(c1());
  script.run("F F F F F +5000 ?old F F F F +5000");
  EXPECT_EQ(script.run("? ? ? ? old:S ?"), "yes yes yes yes no");
}

TEST(CircuitBreakerEdges, ARejectedCallIsNotCountedAsACall) {
  BreakerScript script(c1());
  EXPECT_EQ(script.run("F F F F F S F SS I"), "yes yes yes yes yes no no no no");
  EXPECT_EQ(script.metrics().rejected, 4);
  EXPECT_EQ(script.metrics().buffered, 5);
}

TEST(CircuitBreakerEdges, HalfOpenThatWaitsTooLongOpensAgainOrClosesAsConfigured) {
  BreakerScript opens(c1());
  opens.run("F F F F F +5000 S +999");
  EXPECT_EQ(opens.state(), "half_open");
  opens.run("+1");
  EXPECT_EQ(opens.state(), "open");
  EXPECT_EQ(opens.metrics().buffered, 1);

  BreakerConfig config = c1();
  config.closes_on_expiry = true;
  BreakerScript closes(config);
  closes.run("F F F F F +5000 S +1000");
  EXPECT_EQ(closes.state(), "closed");

  config.half_open_max_wait = Millis{0};
  BreakerScript waits(config);
  waits.run("F F F F F +5000 S +99999999");
  EXPECT_EQ(waits.state(), "half_open");
}

TEST(CircuitBreakerEdges, TheOpenTimeAfterAnExpiryCountsFromTheExpiry) {
  BreakerScript script(c1());
  script.run("F F F F F +5000 S +4000 ?");  // half-open at 5 s, open again at 6 s, asked at 9 s
  EXPECT_EQ(script.last.retry_after, Millis{2000});
}

TEST(CircuitBreakerEdges, AutomaticHalfOpenNeedsNoCall) {
  BreakerConfig config = c1();
  config.automatic_half_open = true;
  config.half_open_max_wait = Millis{0};
  BreakerScript script(config);
  script.run("F F F F F +4999");
  EXPECT_EQ(script.state(), "open");
  script.run("+1");
  EXPECT_EQ(script.state(), "half_open");
  EXPECT_EQ(script.transitions(), "closed>open open>half_open");
}

TEST(CircuitBreakerEdges, ALongJumpOfTimeEndsQuickly) {
  BreakerConfig config = c1();
  config.automatic_half_open = true;
  BreakerScript script(config);
  script.run("F F F F F +99999999999");
  EXPECT_LE(script.breaker.take_transitions().size(), kMaxPendingTransitions);
}

TEST(CircuitBreakerEdges, HalfOpenByHandIsRefusedOnlyFromClosed) {
  BreakerScript script(c1());
  const auto refused = script.breaker.force_half_open(script.inputs());
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, "illegal_transition");
  EXPECT_EQ(script.state(), "closed");
  for (const BreakerState state : {BreakerState::kOpen, BreakerState::kForcedOpen, BreakerState::kDisabled,
                                   BreakerState::kMetricsOnly, BreakerState::kHalfOpen}) {
    BreakerConfig config = c1();
    config.initial = state;
    BreakerScript other(config);
    EXPECT_TRUE(other.breaker.force_half_open(other.inputs()).has_value()) << to_string(state);
    EXPECT_EQ(other.state(), "half_open");
  }
}

TEST(CircuitBreakerEdges, OpenForByHandLetsNobodyInUntilItsEnd) {
  BreakerScript script(c1());
  script.breaker.open_for(Millis{7'200'000}, script.inputs());
  EXPECT_EQ(script.run("+7199999 ?"), "no");
  EXPECT_EQ(script.last.retry_after, Millis{1});
  EXPECT_EQ(script.run("+1 ?"), "yes");
}

TEST(CircuitBreakerEdges, MetricsOnlyCountsAndNeverTrips) {
  BreakerConfig config = c1();
  config.initial = BreakerState::kMetricsOnly;
  config.consecutive_failures = 2;
  BreakerScript script(config);
  EXPECT_EQ(script.run("F F F F F F ?"), "yes yes yes yes yes yes yes");
  EXPECT_DOUBLE_EQ(script.metrics().failure_rate, 100);
  EXPECT_EQ(script.state(), "metrics_only");
}

TEST(CircuitBreakerEdges, ARateOfZeroIsOff) {
  BreakerConfig config = c1();
  config.failure_rate = 0;
  config.slow_rate = 0;
  BreakerScript script(config);
  for (int i = 0; i < 50; ++i) script.run("SF");
  EXPECT_EQ(script.state(), "closed");
}

TEST(CircuitBreakerEdges, WithRatesOffProbesThatAllFailOpenItAgain) {
  BreakerConfig config = c1();
  config.failure_rate = 0;
  config.slow_rate = 0;
  config.consecutive_failures = 5;
  BreakerScript script(config);
  script.run("F F F F F +5000 F F F F");
  EXPECT_EQ(script.state(), "open");
}

TEST(CircuitBreakerEdges, RatesWithoutAnExactDoubleStillTripAtTheThreshold) {
  for (int percent = 1; percent <= 100; ++percent) {
    BreakerConfig config = c1();
    config.window = {100, Millis{0}};
    config.min_calls = 100;
    config.failure_rate = percent / 100.0;
    BreakerScript script(config);
    for (int i = 0; i < 100; ++i) script.run(i < percent ? "F" : "S");
    EXPECT_EQ(script.state(), "open") << percent;
  }
}

TEST(CircuitBreakerEdges, APermitWhoseHolderDiedComesBack) {
  BreakerConfig config = c1();
  config.half_open_max_wait = Millis{0};
  config.permit_expiry = Millis{300};
  BreakerScript script(config);
  EXPECT_EQ(script.run("F F F F F +5000 ? ? ? ?z ? +299 ? +1 ?"),
            "yes yes yes yes yes yes yes yes yes no no yes");
  script.run("z:F");  // too late: its permit is somebody else's
  EXPECT_EQ(script.metrics().buffered, 0);
}

TEST(CircuitBreakerEdges, ANewerDecisionOfAnotherWorkerIsTakenOverAndNotToldAgain) {
  BreakerScript first(c1());
  first.run("F F F F F +1000");
  BreakerScript second(c1());
  EXPECT_TRUE(second.breaker.adopt(first.breaker.snapshot(first.now), second.inputs()));
  EXPECT_EQ(second.state(), "open");
  EXPECT_EQ(second.transitions(), "");
  EXPECT_EQ(second.run("?"), "no");
  EXPECT_EQ(second.last.retry_after, Millis{4000});
  EXPECT_FALSE(second.breaker.adopt(first.breaker.snapshot(first.now), second.inputs()));
}

TEST(CircuitBreakerEdges, AResetOfAClosedBreakerForgetsAndIsNoTransition) {
  BreakerScript script(c1());
  script.run("?x F F");
  script.breaker.reset(script.inputs());
  EXPECT_EQ(script.metrics().buffered, 0);
  script.run("x:F");
  EXPECT_EQ(script.metrics().buffered, 0);
  EXPECT_EQ(script.transitions(), "");
}

TEST(CircuitBreakerEdges, ACallIsSlowAtExactlyTheLimit) {
  BreakerConfig config = c1();
  config.slow_after = Millis{4000};
  const CircuitBreaker breaker(config, {});
  EXPECT_FALSE(breaker.is_slow(Millis{3999}));
  EXPECT_TRUE(breaker.is_slow(Millis{4000}));
}

}  // namespace
}  // namespace pawl::resilience
