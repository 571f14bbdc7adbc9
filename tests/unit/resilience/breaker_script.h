// Drives a breaker with the short scripts of resilience.md: "F F S ? +3s release".
#pragma once

#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "worker/core/resilience/circuit_breaker.h"

namespace pawl::resilience {

/// C1 of resilience.md.
inline BreakerConfig c1() {
  BreakerConfig out;
  out.window = {0, Millis{20'000}};
  out.min_calls = 5;
  out.failure_rate = 0.5;
  out.slow_rate = 0.5;
  out.consecutive_failures = 0;
  out.open_multiplier = 1;
  out.jitter = 0;
  out.half_open_permits = 4;
  out.half_open_max_wait = Millis{1000};
  return out;
}

class BreakerScript {
 public:
  explicit BreakerScript(const BreakerConfig& config, double jitter = 0.5)
      : jitter_(jitter), breaker(config, {MonoTime{}, jitter}) {}

  /// Runs the ops; the answers of all that asked for a permit, as "yes no yes".
  std::string run(const std::string& ops) {
    std::istringstream in(ops);
    std::string op;
    std::string answers;
    while (in >> op) {
      const std::string answer = step(op);
      if (answer.empty()) continue;
      answers += answers.empty() ? answer : " " + answer;
    }
    return answers;
  }

  [[nodiscard]] BreakerInputs inputs() const { return {now, jitter_}; }
  [[nodiscard]] std::string_view state() const { return to_string(breaker.state()); }
  [[nodiscard]] BreakerMetrics metrics() { return breaker.metrics(now); }
  /// "from>to from>to …" of all transitions since the last call.
  std::string transitions() {
    std::string out;
    for (const auto& t : breaker.take_transitions()) {
      if (!out.empty()) out += ' ';
      out += std::string(to_string(t.from)) + ">" + std::string(to_string(t.to));
    }
    return out;
  }

 private:
  std::string step(const std::string& op) {
    if (op[0] == '+') {
      now += Millis(std::stoll(op.substr(1)));
      breaker.tick(inputs());
      return "";
    }
    if (op == "release") {
      breaker.release(held_.back());
      held_.pop_back();
      return "";
    }
    if (const auto colon = op.find(':'); colon != op.npos) {
      finish(named_[op.substr(0, colon)], op.substr(colon + 1));
      return "";
    }
    last = breaker.try_acquire(inputs());
    if (!last.allowed) return "no";
    if (op == "?")
      held_.push_back(last.permit);
    else if (op[0] == '?')
      named_[op.substr(1)] = last.permit;
    else
      finish(last.permit, op);
    return "yes";
  }

  void finish(const Permit& permit, const std::string& outcome) {
    if (outcome == "I")
      breaker.release(permit);
    else
      breaker.record(permit, {outcome.back() == 'F', outcome.size() == 2}, inputs());
  }

  double jitter_;
  std::vector<Permit> held_;
  std::map<std::string, Permit> named_;

 public:
  MonoTime now{};
  Admission last;
  CircuitBreaker breaker;
};

}  // namespace pawl::resilience
