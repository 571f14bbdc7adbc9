// How many steps a plan surely unfolds to.
#include <algorithm>

#include "common/plan/limits.h"
#include "common/plan/parse.h"

namespace pawl::plan {
namespace {

std::int64_t count_list(const Steps& steps);

/// A constant list of items is known now; any other counts as one item.
std::int64_t count_items(const ForEachSpec& each) {
  if (!each.items.source().is_array()) return 1;
  const auto items = static_cast<std::int64_t>(each.items.source().as_array().size());
  return (items + each.batch - 1) / each.batch;
}

/// Of a choice, the branch with the fewest steps; none when there is no else, as nothing may match.
std::int64_t count_branches(const ChooseSpec& choose) {
  std::int64_t least = INT64_MAX;
  bool has_else = false;
  for (const ChooseSpec::Branch& branch : choose.branches) {
    least = std::min(least, count_list(branch.steps));
    has_else = has_else || !branch.when;
  }
  return has_else ? least : 0;
}

std::int64_t count_step(const Step& step) {
  std::int64_t inner = 0;
  if (const auto* sequence = std::get_if<SequenceSpec>(&step.body)) inner = count_list(sequence->steps);
  if (const auto* parallel = std::get_if<ParallelSpec>(&step.body)) inner = count_list(parallel->steps);
  if (const auto* each = std::get_if<ForEachSpec>(&step.body))
    inner = count_items(*each) * count_list(each->step);
  if (const auto* choose = std::get_if<ChooseSpec>(&step.body)) inner = count_branches(*choose);
  // Nested constant lists multiply; far above every limit the exact number says nothing more.
  return std::min<std::int64_t>(inner, kMaxSteps * 1000) + 1;
}

std::int64_t count_list(const Steps& steps) {
  std::int64_t total = 0;
  for (const Step& step : steps) total = std::min<std::int64_t>(total + count_step(step), kMaxSteps * 1000);
  return total;
}

}  // namespace

std::int64_t count_steps(const Plan& plan) { return count_list(plan.steps); }

}  // namespace pawl::plan
