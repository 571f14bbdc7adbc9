// The static estimate: what is known before there is any history. Steps in a row add up; children of a group
// share max_parallel places and can't be faster than the longest of them.
#include <algorithm>
#include <cmath>

#include "common/plan/fields.h"
#include "common/plan/policy.h"

namespace pawl::plan {
namespace {

// A guess is taken for the median; measured step times spread about so far around theirs.
constexpr double kFast = 0.5;
constexpr double kSlow = 2.0;
constexpr double kDefaultMillis = 1000;  // a tool step whose author guessed nothing

struct Range {
  double p10 = 0;
  double p50 = 0;
  double p90 = 0;
};

Range operator+(const Range& a, const Range& b) { return {a.p10 + b.p10, a.p50 + b.p50, a.p90 + b.p90}; }
Range operator*(const Range& a, double times) { return {a.p10 * times, a.p50 * times, a.p90 * times}; }
Range longest(const Range& a, const Range& b) {
  return {std::max(a.p10, b.p10), std::max(a.p50, b.p50), std::max(a.p90, b.p90)};
}
Range guess(Millis around) {
  const auto median = static_cast<double>(around.count());
  return {median * kFast, median, median * kSlow};
}
Range exactly(Millis time) {
  const auto millis = static_cast<double>(time.count());
  return {millis, millis, millis};
}

class Estimator {
 public:
  explicit Estimator(const Plan& plan) : plan_(plan) {}

  [[nodiscard]] Range row(const Steps& steps) const {
    Range total;
    for (const Step& step : steps) total = total + one(step);
    return total;
  }

 private:
  [[nodiscard]] Range one(const Step& step) const {
    Range range = step.estimate ? guess(*step.estimate) : body(step);
    if (step.when) range.p10 = 0;  // it may be skipped
    return range;
  }

  [[nodiscard]] double places(const std::optional<int>& own) const {
    return std::max(1, std::min(own.value_or(plan_.limits.max_parallel), plan_.limits.max_parallel));
  }

  [[nodiscard]] Range body(const Step& step) const {
    if (const auto* sequence = std::get_if<SequenceSpec>(&step.body)) return row(sequence->steps);
    if (const auto* parallel = std::get_if<ParallelSpec>(&step.body)) return group(*parallel);
    if (const auto* each = std::get_if<ForEachSpec>(&step.body)) return loop(*each);
    if (const auto* choose = std::get_if<ChooseSpec>(&step.body)) return choice(*choose);
    if (const auto* wait = std::get_if<WaitSpec>(&step.body)) return pause(*wait);
    if (std::holds_alternative<ApprovalStepSpec>(step.body)) return {};  // nobody knows when a person answers
    return guess(Millis{static_cast<std::int64_t>(kDefaultMillis)});
  }

  [[nodiscard]] Range group(const ParallelSpec& parallel) const {
    Range total, most;
    for (const Step& step : parallel.steps) {
      const Range range = one(step);
      total = total + range;
      most = longest(most, range);
    }
    return longest(most, total * (1 / places(parallel.max_parallel)));
  }

  /// The number of items is known only when they are written into the plan; else one is counted.
  [[nodiscard]] Range loop(const ForEachSpec& each) const {
    const json::Value& items = each.items.source();
    const double count = items.is_array() ? static_cast<double>(items.as_array().size()) : 1;
    const double batches = std::ceil(count / each.batch);
    return row(each.step) * std::ceil(batches / places(each.max_parallel));
  }

  [[nodiscard]] Range choice(const ChooseSpec& choose) const {
    Range range;
    double fastest = -1, sum = 0;
    bool has_else = false;
    for (const ChooseSpec::Branch& branch : choose.branches) {
      const Range each = row(branch.steps);
      fastest = fastest < 0 ? each.p10 : std::min(fastest, each.p10);
      sum += each.p50;
      range.p90 = std::max(range.p90, each.p90);
      has_else = has_else || !branch.when;
    }
    range.p10 = has_else ? std::max(fastest, 0.0) : 0;
    range.p50 = choose.branches.empty() ? 0 : sum / static_cast<double>(choose.branches.size());
    return range;
  }

  [[nodiscard]] static Range pause(const WaitSpec& wait) {
    if (!wait.for_duration || !wait.for_duration->is_constant()) return {};
    const auto duration = read_duration(wait.for_duration->source(), {});
    return duration ? exactly(*duration) : Range{};
  }

  const Plan& plan_;
};

}  // namespace

json::Value static_estimate(const Plan& plan) {
  const Range range = Estimator(plan).row(plan.steps);
  auto millis = [](double value) {
    return json::Value(static_cast<std::int64_t>(std::llround(std::min(value, 1e15))));
  };
  json::Object out;
  out.set("p10_ms", millis(range.p10));
  out.set("p50_ms", millis(range.p50));
  out.set("p90_ms", millis(range.p90));
  return json::Value(std::move(out));
}

}  // namespace pawl::plan
