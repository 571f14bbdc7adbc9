#include "worker/engine/call_guard.h"

#include <utility>

#include "worker/engine/limits.h"

namespace pawl::engine {
namespace {

enum class Verdict : unsigned char { kSuccess, kFailure, kSaysNothing };

/// Source: resilience.md §1, "What counts".
Verdict verdict_of(const tools::ToolResult& result) {
  if (result.output) return Verdict::kSuccess;
  const Failure& failure = result.output.error();
  if (failure.code == "http_429") return Verdict::kSaysNothing;  // feeds rate limits, not the breaker
  switch (failure.category) {
    case Category::kTransient:
    case Category::kOutcomeUnknown: return Verdict::kFailure;
    case Category::kConfiguration:
    case Category::kPermission:
      // A 4xx is an answer of a living target; what was refused before it was sent says nothing.
      return failure.sent && failure.code.starts_with("http_") ? Verdict::kSuccess : Verdict::kSaysNothing;
    default: return Verdict::kSaysNothing;
  }
}

}  // namespace

CallGuard::CallGuard(Loop& loop, Rng& rng, broker::Bus& bus, store::BreakerStore* breakers, Log log,
                     std::string worker_id, GuardOptions options)
    : loop_(loop),
      breakers_(loop, rng, bus, breakers, std::move(log), std::move(worker_id), options.breaker),
      budgets_([budget = options.budget] { return resilience::RetryBudget(budget); },
               [](const resilience::RetryBudget&) { return true; }) {}

tl::expected<GuardedCall, Deferral> CallGuard::admit(const Uuid& tenant, const std::string& tool,
                                                     const std::string& target, bool is_retry) {
  GuardedCall call;
  call.started = loop_.now();
  if (target.empty()) return call;
  resilience::RetryBudget& budget = budgets_.at(tenant.to_string() + '|' + target);
  if (is_retry && budget.balance(loop_.now()) < 1) {
    const Millis wait = budget.until_next(loop_.now()).value_or(kAskAgain);
    return tl::unexpected(Deferral{core::DeferReason::kRetryBudget, wait});
  }
  call.breaker = store::BreakerKey{tenant, tool, target};
  const auto permit = breakers_.try_acquire(*call.breaker);
  if (!permit) return tl::unexpected(Deferral{core::DeferReason::kBreakerOpen, permit.error()});
  call.permit = *permit;
  if (is_retry)
    budget.take(1, loop_.now());
  else
    budget.add_calls(1, loop_.now());
  return call;
}

void CallGuard::settle(const GuardedCall& call, const tools::ToolResult& result) {
  if (!call.breaker) return;
  const Verdict verdict = verdict_of(result);
  if (verdict == Verdict::kSaysNothing) return give_back(call);
  const auto spent = std::chrono::duration_cast<Millis>(loop_.now() - call.started);
  breakers_.record(*call.breaker, call.permit, verdict == Verdict::kFailure, spent);
}

void CallGuard::give_back(const GuardedCall& call) {
  if (call.breaker) breakers_.release(*call.breaker, call.permit);
}

}  // namespace pawl::engine
