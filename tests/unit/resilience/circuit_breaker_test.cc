// The cases B01–B34 of resilience.md §1.
#include "worker/core/resilience/circuit_breaker.h"

#include <gtest/gtest.h>

#include "tests/unit/resilience/breaker_script.h"

namespace pawl::resilience {
namespace {

/// C1, opened by five failures at time 0.
BreakerScript opened() {
  BreakerScript script(c1());
  script.run("F F F F F");
  return script;
}

BreakerScript half_open() {
  BreakerScript script = opened();
  script.run("+5000 ? release");
  return script;
}

TEST(CircuitBreaker, B01OpensAtTheFailureThresholdOnceTheMinimumIsReached) {
  BreakerScript script(c1());
  script.run("F F F S");
  EXPECT_EQ(script.state(), "closed");
  EXPECT_EQ(script.metrics().failure_rate, -1);
  EXPECT_EQ(script.metrics().buffered, 4);
  script.run("S");
  EXPECT_EQ(script.state(), "open");
  EXPECT_EQ(script.run("?"), "no");
  EXPECT_EQ(script.last.retry_after, Millis{5000});
  const BreakerMetrics metrics = script.metrics();
  EXPECT_DOUBLE_EQ(metrics.failure_rate, 60);
  EXPECT_EQ(metrics.buffered, 5);
  EXPECT_EQ(metrics.failed, 3);
  EXPECT_EQ(metrics.rejected, 1);
}

TEST(CircuitBreaker, B02OpensAtExactlyTheThreshold) {
  BreakerScript script(c1());
  script.run("S +1000 S +1000 S +1000 F +1000 F");
  EXPECT_EQ(script.state(), "closed");
  EXPECT_DOUBLE_EQ(script.metrics().failure_rate, 40);
  script.run("+1000 F");
  EXPECT_EQ(script.state(), "open");
  EXPECT_DOUBLE_EQ(script.metrics().failure_rate, 50);
}

TEST(CircuitBreaker, B03OpensOnSlowCallsAlone) {
  BreakerScript script(c1());
  script.run("SF SS F S");
  EXPECT_EQ(script.state(), "closed");
  script.run("SS");
  EXPECT_EQ(script.state(), "open");
  EXPECT_DOUBLE_EQ(script.metrics().slow_rate, 60);
  EXPECT_DOUBLE_EQ(script.metrics().failure_rate, 40);
}

TEST(CircuitBreaker, B04LetsAProbeInOnceTheOpenTimeIsOver) {
  BreakerScript script = opened();
  EXPECT_EQ(script.run("? +3000 ?"), "no no");
  EXPECT_EQ(script.last.retry_after, Millis{2000});
  EXPECT_EQ(script.metrics().rejected, 2);
  EXPECT_EQ(script.run("+3000 ?"), "yes");
  EXPECT_EQ(script.state(), "half_open");
  EXPECT_EQ(script.metrics().rejected, 0);
  EXPECT_EQ(script.metrics().buffered, 0);
}

TEST(CircuitBreaker, B05HalfOpenLetsItsPermitsOutAtOnceAndNoMore) {
  BreakerScript script = half_open();
  EXPECT_EQ(script.run("? ? ? ? ? ? release ?"), "yes yes yes yes no no yes");
  EXPECT_EQ(script.metrics().rejected, 2);
}

TEST(CircuitBreaker, B06HalfOpenOpensAgainOnFailures) {
  BreakerScript script = half_open();
  script.run("F F S");
  EXPECT_EQ(script.state(), "half_open");
  EXPECT_EQ(script.metrics().failure_rate, -1);
  script.run("F");
  EXPECT_EQ(script.state(), "open");
  EXPECT_DOUBLE_EQ(script.metrics().failure_rate, 75);
}

TEST(CircuitBreaker, B07HalfOpenOpensAgainOnSlowCalls) {
  BreakerScript script = half_open();
  script.run("SS SS SS S");
  EXPECT_EQ(script.state(), "open");
  EXPECT_DOUBLE_EQ(script.metrics().slow_rate, 75);
  EXPECT_DOUBLE_EQ(script.metrics().failure_rate, 0);
}

TEST(CircuitBreaker, B08HalfOpenClosesBelowTheThresholdWithACleanSheet) {
  BreakerScript script = half_open();
  script.run("F S S S");
  EXPECT_EQ(script.state(), "closed");
  EXPECT_EQ(script.metrics().buffered, 0);
  script.run("S");
  EXPECT_EQ(script.metrics().buffered, 1);
}

TEST(CircuitBreaker, B09AnIgnoredProbeGivesItsPermitBackAndDoesNotCount) {
  BreakerScript script = half_open();
  script.run("S S S I");
  EXPECT_EQ(script.state(), "half_open");
  EXPECT_EQ(script.metrics().buffered, 3);
  script.run("F");
  EXPECT_EQ(script.state(), "closed");
}

TEST(CircuitBreaker, B12AResetClosesItAndForgets) {
  BreakerScript script = opened();
  script.run("?");
  script.breaker.reset(script.inputs());
  EXPECT_EQ(script.state(), "closed");
  const BreakerMetrics metrics = script.metrics();
  EXPECT_EQ(metrics.buffered, 0);
  EXPECT_EQ(metrics.failed, 0);
  EXPECT_EQ(metrics.rejected, 0);
  EXPECT_EQ(metrics.failure_rate, -1);
}

TEST(CircuitBreaker, B13DisabledLetsAllInAndCountsNothing) {
  BreakerScript script(c1());
  script.breaker.disable(script.inputs());
  script.transitions();
  for (int i = 0; i < 100; ++i) EXPECT_EQ(script.run("F"), "yes");
  EXPECT_EQ(script.run("?"), "yes");
  EXPECT_EQ(script.metrics().buffered, 0);
  EXPECT_EQ(script.transitions(), "");
}

TEST(CircuitBreaker, B14ForcedOpenStaysSo) {
  BreakerScript script(c1());
  script.breaker.force_open(script.inputs());
  EXPECT_EQ(script.run("? +6000 ?"), "no no");
  EXPECT_EQ(script.last.retry_after, std::nullopt);
  EXPECT_EQ(script.metrics().rejected, 2);
}

TEST(CircuitBreaker, B22TripsAtOrAboveTheThresholdAndNotBelowTheMinimum) {
  struct Row {
    int calls;
    int failures;
    const char* state;
  };
  for (const Row& row :
       {Row{10, 0, "closed"}, {10, 1, "open"}, {10, 2, "open"}, {11, 2, "open"}, {9, 1, "closed"}}) {
    BreakerConfig config = c1();
    config.window = {100, Millis{0}};
    config.min_calls = 10;
    config.failure_rate = 0.1;
    BreakerScript script(config);
    for (int i = 0; i < row.calls; ++i) script.run(i >= row.calls - row.failures ? "F" : "S");
    EXPECT_EQ(script.state(), row.state) << row.calls << " calls, " << row.failures << " failures";
  }
}

TEST(CircuitBreaker, B32ACountWindowSlides) {
  BreakerConfig config = c1();
  config.window = {5, Millis{0}};
  config.failure_rate = 0.6;
  BreakerScript script(config);
  script.run("S S S F F");
  EXPECT_EQ(script.state(), "closed");
  EXPECT_DOUBLE_EQ(script.metrics().failure_rate, 40);
  script.run("F");
  EXPECT_EQ(script.state(), "open");
  EXPECT_DOUBLE_EQ(script.metrics().failure_rate, 60);
}

TEST(CircuitBreaker, B33ATimeWindowForgets) {
  BreakerConfig config = c1();
  config.window = {0, Millis{10'000}};
  config.min_calls = 3;
  BreakerScript script(config);
  script.run("F F +11000 F");
  EXPECT_EQ(script.state(), "closed");
  EXPECT_EQ(script.metrics().buffered, 1);
}

TEST(CircuitBreaker, B34TheMinimumIsReachedByTheLastCall) {
  BreakerConfig config = c1();
  config.window = {100, Millis{0}};
  config.min_calls = 100;
  BreakerScript script(config);
  for (int i = 0; i < 99; ++i) script.run("F");
  EXPECT_EQ(script.state(), "closed");
  script.run("F");
  EXPECT_EQ(script.state(), "open");
}

}  // namespace
}  // namespace pawl::resilience
