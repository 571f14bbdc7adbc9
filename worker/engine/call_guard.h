// What stands between a step and its target: the circuit breaker of (tenant, tool, host:port) and the retry budget of
// (tenant, host:port). Decides by the pure values of worker/core/resilience; tells other workers about transitions on
// pawl.control and takes over theirs, so that an opening is seen by all.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "broker/ports.h"
#include "common/base/log.h"
#include "common/base/rng.h"
#include "common/loop/loop.h"
#include "worker/core/event.h"
#include "worker/core/resilience/circuit_breaker.h"
#include "worker/core/resilience/retry_budget.h"
#include "worker/core/resilience/target_map.h"
#include "worker/tools/tool.h"

namespace pawl::engine {

struct GuardOptions {
  resilience::BreakerConfig breaker;
  resilience::RetryBudgetConfig budget;
};

/// A call that was let through; brought back with its outcome.
struct GuardedCall {
  std::string breaker;  ///< key; "" = nothing guards this call
  resilience::Permit permit = {};
  MonoTime started{};
};

/// Why not now.
struct Deferral {
  core::DeferReason why = core::DeferReason::kBreakerOpen;
  Millis retry_after{0};
};

class CallGuard {
 public:
  CallGuard(Loop& loop, Rng& rng, broker::Bus& bus, Log log, std::string worker_id, GuardOptions options);

  /// May this call be made now? `target` "" is let through. `is_retry` draws on the budget.
  tl::expected<GuardedCall, Deferral> admit(const Uuid& tenant, const std::string& tool, const std::string& target, bool is_retry);
  /// The outcome: transient failures and time-outs count against the target, what says nothing about it is given back.
  void settle(const GuardedCall& call, const tools::ToolResult& result);
  /// The call was ended by us: it says nothing about the target.
  void give_back(const GuardedCall& call);

  /// A transition another worker told about, or an operator's order: {"breaker":{…}}.
  void on_control(const json::Value& message);
  /// One item per breaker that has been used: {"key","tenant","tool","target","state","failure_rate",…}.
  [[nodiscard]] json::Array describe();

 private:
  [[nodiscard]] resilience::BreakerInputs inputs();
  void announce(const std::string& key, resilience::CircuitBreaker& breaker);

  Loop& loop_;
  Rng& rng_;
  broker::Bus& bus_;
  Log log_;
  std::string worker_id_;
  GuardOptions options_;
  resilience::TargetMap<resilience::CircuitBreaker> breakers_;
  resilience::TargetMap<resilience::RetryBudget> budgets_;
};

}  // namespace pawl::engine
