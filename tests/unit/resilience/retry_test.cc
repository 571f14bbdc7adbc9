// R01–R12 of resilience.md §2 and the rules around them.
#include "worker/core/resilience/retry.h"

#include <gtest/gtest.h>

#include <vector>

#include "worker/core/resilience/retry_budget.h"

namespace pawl::resilience {
namespace {

plan::RetryPolicy policy(int max_attempts, int initial_ms, double multiplier,
                         plan::Jitter jitter = plan::Jitter::kNone) {
  plan::RetryPolicy out;
  out.max_attempts = max_attempts;
  out.initial_delay = Millis{initial_ms};
  out.multiplier = multiplier;
  out.jitter = jitter;
  return out;
}

FailedAttempt failed(int attempt) {
  FailedAttempt out;
  out.attempt = attempt;
  out.is_retryable = true;
  return out;
}

bool always() { return true; }

struct Step {
  RetryVerdict verdict;
  double delay_ms;
  double tokens;
};

std::vector<Step> fail_times(int times, const plan::RetryPolicy& rules, TokenBudget& budget) {
  std::vector<Step> out;
  for (int n = 1; n <= times; ++n) {
    const RetryDecision decision = decide_retry(rules, failed(n), [&budget] { return budget.take(); });
    out.push_back({decision.verdict, decision.delay.count(), budget.tokens()});
  }
  return out;
}

TEST(Retry, R01ASuccessAfterARetryGivesItsCostBack) {
  TokenBudget budget({500, 14, 1, 0});
  const auto steps = fail_times(2, policy(4, 50, 2), budget);
  EXPECT_EQ(steps[0].delay_ms, 50);
  EXPECT_EQ(steps[0].tokens, 486);
  EXPECT_EQ(steps[1].delay_ms, 100);
  EXPECT_EQ(steps[1].tokens, 472);
  budget.succeeded(3);
  EXPECT_EQ(budget.tokens(), 486);
}

TEST(Retry, R02TheLastAttemptCostsNothing) {
  TokenBudget budget({500, 14, 1, 0});
  const auto steps = fail_times(3, policy(3, 50, 2), budget);
  EXPECT_EQ(steps[2].verdict, RetryVerdict::kMaxAttempts);
  EXPECT_EQ(steps[2].tokens, 472);
}

TEST(Retry, R03AnEmptyBudgetEndsIt) {
  TokenBudget budget({14, 14, 1, 0});
  const auto steps = fail_times(2, policy(4, 50, 2), budget);
  EXPECT_EQ(steps[0].verdict, RetryVerdict::kRetry);
  EXPECT_EQ(steps[0].tokens, 0);
  EXPECT_EQ(steps[1].verdict, RetryVerdict::kBudget);
}

TEST(Retry, R05FourDelaysThenMaxAttempts) {
  TokenBudget budget({500, 14, 1, 0});
  const auto steps = fail_times(5, policy(5, 50, 2), budget);
  const std::vector<double> delays{50, 100, 200, 400};
  const std::vector<double> tokens{486, 472, 458, 444};
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(steps[i].delay_ms, delays[i]);
    EXPECT_EQ(steps[i].tokens, tokens[i]);
  }
  EXPECT_EQ(steps[4].verdict, RetryVerdict::kMaxAttempts);
}

TEST(Retry, R11DelaysKeepTheirFractions) {
  const std::vector<double> expected{500, 750, 1125, 1687.5};
  plan::RetryPolicy rules = policy(9, 500, 1.5);
  for (int n = 1; n <= 4; ++n)
    EXPECT_DOUBLE_EQ(backoff_delay(rules, {n, 0.3}).count(), expected[static_cast<std::size_t>(n - 1)]);
  rules.jitter = plan::Jitter::kProportional;
  rules.proportion = 0.5;
  for (int n = 1; n <= 4; ++n) {
    const double x = expected[static_cast<std::size_t>(n - 1)];
    EXPECT_DOUBLE_EQ(backoff_delay(rules, {n, 0.0}).count(), 0.5 * x);
    EXPECT_NEAR(backoff_delay(rules, {n, 0.999999}).count(), 1.5 * x, 0.01);
  }
}

TEST(Retry, R12TheCapComesBeforeTheProportion) {
  plan::RetryPolicy rules = policy(9, 100, 2, plan::Jitter::kProportional);
  rules.max_delay = Millis{1000};
  rules.proportion = 0.2;
  const std::vector<double> base{100, 200, 400, 800, 1000, 1000};
  for (std::size_t i = 0; i < base.size(); ++i) {
    const int n = static_cast<int>(i) + 1;
    EXPECT_DOUBLE_EQ(backoff_delay(rules, {n, 0.0}).count(), 0.8 * base[i]);
    EXPECT_NEAR(backoff_delay(rules, {n, 0.999999}).count(), 1.2 * base[i], 0.01);
  }
}

TEST(Retry, EachJitterStaysInItsRange) {
  for (const double jitter : {0.0, 0.25, 0.5, 0.999}) {
    EXPECT_DOUBLE_EQ(backoff_delay(policy(9, 100, 2, plan::Jitter::kFull), {3, jitter}).count(),
                     400 * jitter);
    EXPECT_DOUBLE_EQ(backoff_delay(policy(9, 100, 2, plan::Jitter::kEqual), {3, jitter}).count(),
                     200 + 200 * jitter);
    const auto rules = policy(9, 100, 2, plan::Jitter::kDecorrelated);
    EXPECT_DOUBLE_EQ(backoff_delay(rules, {1, jitter}).count(), 100 + 200 * jitter);
    EXPECT_DOUBLE_EQ(backoff_delay(rules, {2, jitter, DelayMs(300)}).count(), 100 + 800 * jitter);
  }
}

TEST(Retry, ManyAttemptsStayAtTheCap) {
  const auto rules = policy(1'000'000, 100, 10);
  EXPECT_EQ(backoff_delay(rules, {100'000, 0.5}).count(), 30'000);
}

TEST(Retry, ARetryAfterIsNotJitteredIsClampedAndZeroFallsBack) {
  const auto rules = policy(9, 100, 2, plan::Jitter::kFull);
  EXPECT_EQ(backoff_delay(rules, {1, 0.5, DelayMs(0), Millis{1500}}).count(), 1500);
  EXPECT_EQ(backoff_delay(rules, {1, 0.5, DelayMs(0), Millis{90'000}}).count(), 30'000);
  EXPECT_EQ(backoff_delay(rules, {1, 0.5, DelayMs(0), Millis{0}}).count(), 50);
}

TEST(Retry, AnAttemptStartsOnlyBeforeTheDeadlineAndWithinTheElapsedTime) {
  FailedAttempt attempt = failed(1);
  const auto rules = policy(9, 100, 2);
  attempt.time_left = Millis{101};
  EXPECT_EQ(decide_retry(rules, attempt, always).verdict, RetryVerdict::kRetry);
  attempt.time_left = Millis{100};
  EXPECT_EQ(decide_retry(rules, attempt, always).verdict, RetryVerdict::kDeadline);
  attempt.time_left.reset();
  auto bounded = rules;
  bounded.max_elapsed = Millis{500};
  attempt.elapsed = Millis{399};
  EXPECT_EQ(decide_retry(bounded, attempt, always).verdict, RetryVerdict::kRetry);
  attempt.elapsed = Millis{400};
  EXPECT_EQ(decide_retry(bounded, attempt, always).verdict, RetryVerdict::kDeadline);
}

TEST(Retry, TheBudgetIsAskedOnlyForARetryThatWouldHappen) {
  int asked = 0;
  const auto count = [&asked] { return ++asked > 0; };
  FailedAttempt attempt = failed(9);
  decide_retry(policy(9, 100, 2), attempt, count);
  attempt = failed(1);
  attempt.is_retryable = false;
  decide_retry(policy(9, 100, 2), attempt, count);
  attempt = failed(1);
  attempt.time_left = Millis{1};
  decide_retry(policy(9, 100, 2), attempt, count);
  EXPECT_EQ(asked, 0);
}

TEST(Retry, AnAmbiguousFailureIsNeverRetriedAtMostOnce) {
  FailedAttempt attempt = failed(1);
  attempt.delivery = plan::Delivery::kAtMostOnce;
  attempt.is_ambiguous = true;
  EXPECT_EQ(decide_retry(policy(9, 100, 2), attempt, always).verdict, RetryVerdict::kOutcomeUnknown);
  attempt.is_ambiguous = false;
  EXPECT_EQ(decide_retry(policy(9, 100, 2), attempt, always).verdict, RetryVerdict::kRetry);
  EXPECT_TRUE(is_ambiguous(Failure{Category::kTransient, "timeout", ""}));
  EXPECT_FALSE(is_ambiguous(Failure{Category::kTransient, "http_503", ""}));
  Failure unsent{Category::kTransient, "timeout", ""};
  unsent.sent = false;
  EXPECT_FALSE(is_ambiguous(unsent));
}

TEST(Retry, TheHeaderIsSecondsOrADateAndNothingElse) {
  const WallTime now = std::chrono::sys_days{std::chrono::year{1994} / 11 / 6} + std::chrono::hours(8) +
                       std::chrono::minutes(49);
  EXPECT_EQ(parse_retry_after("120", now), Millis{120'000});
  EXPECT_EQ(parse_retry_after(" 2 ", now), Millis{2000});
  EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:49:37 GMT", now), Millis{37'000});
  EXPECT_TRUE(parse_retry_after("99999999999999999999999", now).has_value());
  for (const char* bad :
       {"", "0", "-1", "1.5", "soon", "Sun, 06 Nov 1994 08:48:37 GMT", "Sun, 31 Feb 1995 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 CET"})
    EXPECT_EQ(parse_retry_after(bad, now), std::nullopt) << bad;
}

TEST(Retry, WhatCountsForABreaker) {
  const auto count = [](Category category, const char* code) {
    const Failure failure{category, code, ""};
    return breaker_count(&failure);
  };
  EXPECT_EQ(breaker_count(nullptr), BreakerCount::kSuccess);
  EXPECT_EQ(count(Category::kTransient, "http_503"), BreakerCount::kFailure);
  EXPECT_EQ(count(Category::kTransient, "http_408"), BreakerCount::kFailure);
  EXPECT_EQ(count(Category::kTransient, "timeout"), BreakerCount::kFailure);
  EXPECT_EQ(count(Category::kOutcomeUnknown, "outcome_unknown"), BreakerCount::kFailure);
  EXPECT_EQ(count(Category::kTransient, "http_429"), BreakerCount::kIgnored);
  EXPECT_EQ(count(Category::kConfiguration, "http_404"), BreakerCount::kSuccess);
  EXPECT_EQ(count(Category::kPermission, "http_401"), BreakerCount::kSuccess);
  EXPECT_EQ(count(Category::kPermission, "egress_blocked"), BreakerCount::kIgnored);
  EXPECT_EQ(count(Category::kCancelled, "cancelled"), BreakerCount::kIgnored);
  EXPECT_EQ(count(Category::kResource, "oom_killed"), BreakerCount::kIgnored);
}

}  // namespace
}  // namespace pawl::resilience
