#include "worker/engine/call_guard.h"

#include <algorithm>
#include <utility>

#include "worker/engine/limits.h"

namespace pawl::engine {
namespace {

using resilience::BreakerState;
using resilience::CircuitBreaker;

constexpr char kSeparator = '|';

std::string breaker_key(const Uuid& tenant, const std::string& tool, const std::string& target) {
  return tenant.to_string() + kSeparator + tool + kSeparator + target;
}

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

CallGuard::CallGuard(Loop& loop, Rng& rng, broker::Bus& bus, Log log, std::string worker_id, GuardOptions options)
    : loop_(loop),
      rng_(rng),
      bus_(bus),
      log_(std::move(log)),
      worker_id_(std::move(worker_id)),
      options_(options),
      breakers_([this] { return CircuitBreaker(options_.breaker, inputs()); },
                [](const CircuitBreaker& breaker) { return breaker.state() == BreakerState::kClosed; }),
      budgets_([this] { return resilience::RetryBudget(options_.budget); }, [](const resilience::RetryBudget&) { return true; }) {}

resilience::BreakerInputs CallGuard::inputs() { return {loop_.now(), rng_.unit()}; }

tl::expected<GuardedCall, Deferral> CallGuard::admit(const Uuid& tenant, const std::string& tool, const std::string& target, bool is_retry) {
  GuardedCall call;
  call.started = loop_.now();
  if (target.empty()) return call;
  resilience::RetryBudget& budget = budgets_.at(tenant.to_string() + kSeparator + target);
  if (is_retry && budget.balance(loop_.now()) < 1)
    return tl::unexpected(Deferral{core::DeferReason::kRetryBudget, budget.until_next(loop_.now()).value_or(kAskAgain)});
  call.breaker = breaker_key(tenant, tool, target);
  CircuitBreaker& breaker = breakers_.at(call.breaker);
  const resilience::Admission admission = breaker.try_acquire(inputs());
  announce(call.breaker, breaker);
  if (!admission.allowed) return tl::unexpected(Deferral{core::DeferReason::kBreakerOpen, admission.retry_after.value_or(kAskAgain)});
  call.permit = admission.permit;
  if (is_retry) budget.take(1, loop_.now());
  else budget.add_calls(1, loop_.now());
  return call;
}

void CallGuard::settle(const GuardedCall& call, const tools::ToolResult& result) {
  if (call.breaker.empty()) return;
  const Verdict verdict = verdict_of(result);
  if (verdict == Verdict::kSaysNothing) return give_back(call);
  CircuitBreaker& breaker = breakers_.at(call.breaker);
  const auto spent = std::chrono::duration_cast<Millis>(loop_.now() - call.started);
  breaker.record(call.permit, {.has_failed = verdict == Verdict::kFailure, .was_slow = breaker.is_slow(spent)}, inputs());
  announce(call.breaker, breaker);
}

void CallGuard::give_back(const GuardedCall& call) {
  if (call.breaker.empty()) return;
  if (CircuitBreaker* breaker = breakers_.find(call.breaker)) breaker->release(call.permit);
}

void CallGuard::announce(const std::string& key, CircuitBreaker& breaker) {
  const auto transitions = breaker.take_transitions();
  if (transitions.empty()) return;
  for (const resilience::BreakerTransition& one : transitions)
    log_.warn("circuit breaker changed", {{"breaker", key}, {"from", to_string(one.from)}, {"to", to_string(one.to)}});
  const resilience::BreakerSnapshot now = breaker.snapshot(loop_.now());
  // Half-open is each worker's own probing; what all must know is that the target is shut off, or well again.
  if (now.state == BreakerState::kHalfOpen) return;
  bus_.send_control("all", json::Object{{"breaker", json::Object{{"key", key},
                                                                 {"from", worker_id_},
                                                                 {"state", to_string(now.state)},
                                                                 {"generation", now.generation},
                                                                 {"reopened", now.reopened},
                                                                 {"remaining_ms", now.remaining.count()}}}});
}

void CallGuard::on_control(const json::Value& message) {
  const json::Value* told = message.find("breaker");
  if (told == nullptr || !told->is_object()) return;
  const auto text_of = [told](std::string_view name) {
    const json::Value* value = told->find(name);
    return value != nullptr && value->is_string() ? value->as_string() : std::string();
  };
  const auto number_of = [told](std::string_view name) {
    const json::Value* value = told->find(name);
    return value != nullptr && value->is_int() ? std::max<std::int64_t>(0, value->as_int()) : 0;
  };
  const auto state = resilience::parse_breaker_state(text_of("state"));
  const std::string key = text_of("key");
  if (text_of("from") == worker_id_ || !state || std::count(key.begin(), key.end(), kSeparator) != 2) return;
  resilience::BreakerSnapshot snapshot;
  snapshot.state = *state;
  snapshot.generation = static_cast<std::uint64_t>(number_of("generation"));
  snapshot.reopened = static_cast<int>(number_of("reopened"));
  snapshot.remaining = std::min(Millis{number_of("remaining_ms")}, options_.breaker.open_max);
  CircuitBreaker& breaker = breakers_.at(key);
  if (breaker.adopt(snapshot, inputs())) log_.info("circuit breaker taken over", {{"breaker", key}, {"state", text_of("state")}});
  breaker.take_transitions();  // not ours to tell
}

json::Array CallGuard::describe() {
  json::Array items;
  breakers_.for_each([&](const std::string& key, CircuitBreaker& breaker) {
    const std::size_t first = key.find(kSeparator), second = key.find(kSeparator, first + 1);
    const resilience::BreakerMetrics metrics = breaker.metrics(loop_.now());
    items.push_back(json::Object{{"tenant", key.substr(0, first)},
                                 {"tool", key.substr(first + 1, second - first - 1)},
                                 {"target", key.substr(second + 1)},
                                 {"state", to_string(breaker.state())},
                                 {"failure_rate", metrics.failure_rate},
                                 {"slow_rate", metrics.slow_rate},
                                 {"permitted", metrics.permitted},
                                 {"rejected", metrics.rejected},
                                 {"retry_after_ms", breaker.snapshot(loop_.now()).remaining.count()}});
  });
  return items;
}

}  // namespace pawl::engine
