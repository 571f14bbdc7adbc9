// Two ways to keep retries from drowning a target that is down: a share of the calls of a window (what a
// worker uses per tenant and host:port), and a bucket of tokens (the AWS and gRPC styles). Pure: time is an
// input.
#pragma once

#include <cstdint>
#include <optional>

#include "worker/core/resilience/sliding_sum.h"

namespace pawl::resilience {

struct RetryBudgetConfig {
  double ratio = 0.2;  ///< retries per call
  double floor =
      10;  ///< retries in a window that are always allowed: the floor per second × window / live workers
  Millis window{10'000};
};

/// At most max(ratio × calls, floor) retries in a window. Source: Finagle's RetryBudget, Envoy's
/// retry_budget.
class RetryBudget {
 public:
  explicit RetryBudget(const RetryBudgetConfig& config) : config_(config), used_(config.window) {}

  /// First attempts only: a retry earns nothing.
  void add_calls(std::int64_t calls, MonoTime now);
  /// Takes up to `wanted` retries; returns how many are granted.
  std::int64_t take(std::int64_t wanted, MonoTime now);
  /// Retries left, with fractions; never below 0.
  [[nodiscard]] double balance(MonoTime now);
  /// How long until a retry is granted if nobody calls: zero when one is now, empty when none ever is (a
  /// floor below 1).
  [[nodiscard]] std::optional<Millis> until_next(MonoTime now);

 private:
  struct Tally {
    std::int64_t calls = 0;
    std::int64_t retries = 0;
    Tally& operator+=(const Tally& other);
    Tally& operator-=(const Tally& other);
  };
  [[nodiscard]] double balance_of(const Tally& tally) const;

  RetryBudgetConfig config_;
  SlidingSum<Tally> used_;
};

struct TokenBudgetConfig {
  double tokens = 500;  ///< capacity, and what it starts with
  double cost = 14;
  double refund = 1;     ///< a success at the first try gives this back
  double threshold = 0;  ///< > 0: every failure costs, and a retry needs more than this left (gRPC A6)
};

/// Without a threshold a retry is granted if its cost is there, and only then charged (AWS SDKs, "standard"
/// mode).
class TokenBudget {
 public:
  explicit TokenBudget(const TokenBudgetConfig& config) : config_(config), tokens_(config.tokens) {}

  /// A call failed and would be retried: is it granted?
  bool take();
  /// A call succeeded; after a retry the cost of that retry comes back.
  void succeeded(int attempt);
  [[nodiscard]] double tokens() const { return tokens_; }

 private:
  TokenBudgetConfig config_;
  double tokens_;
};

}  // namespace pawl::resilience
