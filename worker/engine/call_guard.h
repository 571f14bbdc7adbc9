// What stands between a step and its target: the circuit breaker of (tenant, tool, host:port), shared with
// the other workers, and the retry budget of (tenant, host:port), this worker's own.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "broker/ports.h"
#include "common/base/log.h"
#include "common/base/rng.h"
#include "common/loop/loop.h"
#include "common/store/breaker_store.h"
#include "worker/core/event.h"
#include "worker/core/resilience/circuit_breaker.h"
#include "worker/core/resilience/retry_budget.h"
#include "worker/core/resilience/target_map.h"
#include "worker/engine/shared_breakers.h"
#include "worker/tools/tool.h"

namespace pawl::engine {

struct GuardOptions {
  resilience::BreakerConfig breaker;
  resilience::RetryBudgetConfig budget;
};

/// A call that was let through; brought back with its outcome.
struct GuardedCall {
  std::optional<store::BreakerKey> breaker;  ///< none: nothing guards this call
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
  /// `breakers` null: they are not shared.
  CallGuard(Loop& loop, Rng& rng, broker::Bus& bus, store::BreakerStore* breakers, Log log,
            std::string worker_id, GuardOptions options);

  /// Begins to follow the shared breakers.
  void start() { breakers_.start(); }

  /// May this call be made now? `target` "" is let through. `is_retry` draws on the budget.
  tl::expected<GuardedCall, Deferral> admit(const Uuid& tenant, const std::string& tool,
                                            const std::string& target, bool is_retry);
  /// The outcome: transient failures and time-outs count against the target, what says nothing about it is
  /// given back.
  void settle(const GuardedCall& call, const tools::ToolResult& result);
  /// The call was ended by us: it says nothing about the target.
  void give_back(const GuardedCall& call);

  /// A transition that another worker or an operator told about.
  void on_control(const json::Value& message) { breakers_.on_control(message); }
  /// One item per breaker that has been used.
  [[nodiscard]] json::Array describe() { return breakers_.describe(); }

 private:
  Loop& loop_;
  SharedBreakers breakers_;
  resilience::TargetMap<resilience::RetryBudget> budgets_;
};

}  // namespace pawl::engine
