// pawl-sim breaker: a script of calls, times and switches against one circuit breaker.
#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/rng.h"
#include "worker/core/resilience/circuit_breaker.h"
#include "worker/sim/case_reader.h"
#include "worker/sim/commands.h"

namespace pawl::sim {
namespace {

using resilience::Admission;
using resilience::BreakerConfig;
using resilience::BreakerInputs;
using resilience::BreakerState;
using resilience::CallOutcome;
using resilience::CircuitBreaker;
using resilience::Permit;

Result<resilience::WindowSpec> read_window(const std::string& text) {
  const auto colon = text.find(':');
  const std::string kind = text.substr(0, colon);
  const std::string size = colon == std::string::npos ? "" : text.substr(colon + 1);
  if (kind == "time") {
    const Millis span = TRY(read_duration(size));
    if (span > Millis{0}) return resilience::WindowSpec{0, span};
  }
  if (kind == "count" && !size.empty() && size.size() <= 6 &&
      size.find_first_not_of("0123456789") == size.npos) {
    const int calls = std::stoi(size);
    if (calls > 0) return resilience::WindowSpec{calls, Millis{0}};
  }
  return fail(ErrorKind::kInvalid, "bad_case", "window must be time:<duration> or count:<calls>");
}

/// What a case leaves out is off or neutral here (no jitter, no growth, no row of failures), so that a case
/// says all it tests.
Result<BreakerConfig> read_config(const json::Value* object) {
  const CaseReader in(object);
  BreakerConfig out;
  out.window = TRY(read_window(TRY(in.text("window", "count:100"))));
  out.min_calls = static_cast<int>(TRY(in.integer("min_calls", out.min_calls)));
  out.failure_rate = TRY(in.number("failure_rate", out.failure_rate));
  out.slow_after = TRY(in.duration("slow_after", out.slow_after));
  out.slow_rate = TRY(in.number("slow_rate", out.slow_rate));
  out.consecutive_failures = static_cast<int>(TRY(in.integer("consecutive_failures", 0)));
  out.open_for = TRY(in.duration("open_for", out.open_for));
  out.open_multiplier = TRY(in.number("open_multiplier", 1));
  out.open_max = TRY(in.duration("open_max", out.open_max));
  out.jitter = TRY(in.number("jitter", 0));
  out.half_open_permits = static_cast<int>(TRY(in.integer("half_open_permits", out.half_open_permits)));
  out.half_open_max_wait = TRY(in.duration("half_open_max_wait", out.half_open_max_wait));
  out.closes_on_expiry = TRY(in.text("half_open_on_expiry", "open")) == "closed";
  out.automatic_half_open = TRY(in.flag("automatic_half_open", false));
  const auto initial = resilience::parse_breaker_state(TRY(in.text("initial", "closed")));
  if (!initial) return fail(ErrorKind::kInvalid, "bad_case", "initial is no state");
  out.initial = *initial;
  return out;
}

class Script {
 public:
  Script(const BreakerConfig& config, std::uint64_t seed) : rng_(seed), breaker_(config, inputs()) {}

  Result<json::Value> step(const std::string& op) {
    json::Object out{{"op", op}};
    TRY(apply(op, out));
    const auto metrics = breaker_.metrics(now_);
    out.set("state", resilience::to_string(breaker_.state()))
        .set("failure_rate", plain_number(metrics.failure_rate))
        .set("slow_rate", plain_number(metrics.slow_rate))
        .set("buffered", metrics.buffered)
        .set("failed", metrics.failed)
        .set("rejected", metrics.rejected);
    if (retry_after_) out.set("retry_after_ms", retry_after_->count());
    if (!error_.empty()) out.set("error", error_);
    return json::Value(std::move(out));
  }

 private:
  BreakerInputs inputs() { return {now_, rng_.unit()}; }

  Result<void> apply(std::string_view op, json::Object& out) {
    retry_after_.reset();
    error_.clear();
    if (op.starts_with('+')) return advance(op.substr(1));
    if (op.starts_with("open_for:")) return open_for(op.substr(9));
    if (op.starts_with('?')) return ask(std::string(op.substr(1)), out);
    if (const auto colon = op.find(':'); colon != op.npos)
      return deliver(std::string(op.substr(0, colon)), op.substr(colon + 1));
    if (is_outcome(op)) return call(op, out);
    if (op == "release") return release();
    if (op == "reset")
      breaker_.reset(inputs());
    else if (op == "force_open")
      breaker_.force_open(inputs());
    else if (op == "disable")
      breaker_.disable(inputs());
    else if (op == "metrics_only")
      breaker_.metrics_only(inputs());
    else if (op == "force_half_open") {
      if (const auto done = breaker_.force_half_open(inputs()); !done) error_ = done.error().code;
    } else {
      return fail(ErrorKind::kInvalid, "bad_case", "unknown op: " + std::string(op));
    }
    return {};
  }

  Result<void> advance(std::string_view text) {
    now_ += TRY(read_duration(text));
    breaker_.tick(inputs());
    return {};
  }

  Result<void> open_for(std::string_view text) {
    breaker_.open_for(TRY(read_duration(text)), inputs());
    return {};
  }

  /// `?` and `?x`: takes a permit and keeps it.
  Result<void> ask(std::string name, json::Object& out) {
    const Admission admission = admit(out);
    if (!admission.allowed) return {};
    if (name.empty())
      anonymous_.push_back(admission.permit);
    else
      named_[std::move(name)] = admission.permit;
    return {};
  }

  /// `S F SS SF I`: a whole call; it takes a permit and brings it back at once.
  Result<void> call(std::string_view outcome, json::Object& out) {
    const Admission admission = admit(out);
    if (admission.allowed) finish(admission.permit, outcome);
    return {};
  }

  /// `x:F`: the outcome of the call that `?x` began.
  Result<void> deliver(const std::string& name, std::string_view outcome) {
    if (!is_outcome(outcome))
      return fail(ErrorKind::kInvalid, "bad_case", "no outcome: " + std::string(outcome));
    const auto found = named_.find(name);
    if (found == named_.end()) {
      error_ = "unknown_permit";
      return {};
    }
    finish(found->second, outcome);
    named_.erase(found);
    return {};
  }

  /// Gives a permit of `?` back, one that still counts before one that does not.
  Result<void> release() {
    if (anonymous_.empty()) return {};
    auto chosen = std::find_if(anonymous_.begin(), anonymous_.end(),
                               [this](const Permit& p) { return p.generation == breaker_.generation(); });
    if (chosen == anonymous_.end()) chosen = anonymous_.begin();
    breaker_.release(*chosen);
    anonymous_.erase(chosen);
    return {};
  }

  Admission admit(json::Object& out) {
    const Admission admission = breaker_.try_acquire(inputs());
    out.set("allowed", admission.allowed);
    if (!admission.allowed) retry_after_ = admission.retry_after;
    return admission;
  }

  void finish(const Permit& permit, std::string_view outcome) {
    if (outcome == "I")
      breaker_.release(permit);
    else
      breaker_.record(permit, CallOutcome{outcome.back() == 'F', outcome.size() == 2}, inputs());
  }

  static bool is_outcome(std::string_view op) {
    return op == "S" || op == "F" || op == "SS" || op == "SF" || op == "I";
  }

  SeededRng rng_;
  MonoTime now_{};
  CircuitBreaker breaker_;
  std::vector<Permit> anonymous_;
  std::map<std::string, Permit> named_;
  std::optional<Millis> retry_after_;
  std::string error_;
};

}  // namespace

Result<json::Value> run_breaker_case(const json::Value& line) {
  const CaseReader in(&line);
  const BreakerConfig config = TRY(read_config(line.find("config")));
  Script script(config, static_cast<std::uint64_t>(TRY(in.integer("seed", 1))));
  json::Array steps;
  for (const std::string& op : TRY(in.texts("ops"))) steps.push_back(TRY(script.step(op)));
  const json::Value* id = line.find("id");
  return json::Value(json::Object{{"id", id != nullptr ? *id : json::Value()}, {"steps", std::move(steps)}});
}

}  // namespace pawl::sim
