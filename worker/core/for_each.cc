// A loop over a list: items are begun only as slots come free, so what is in memory is what is in flight, and
// one compact result for each item that has ended.
#include <algorithm>

#include "common/plan/parse.h"
#include "worker/core/machine.h"

namespace pawl::core {

void Machine::begin_for_each(NodeIndex index, const plan::ForEachSpec& spec) {
  std::optional<json::Value> items = render(index, spec.items);
  if (!items) return;
  if (!items->is_array()) {
    return end_failed(index, failure_of(Category::kConfiguration, "not_a_list",
                                        "`items` gave " + std::string(items->type_name()) + ", not a list."));
  }
  const auto length = static_cast<std::int64_t>(items->as_array().size());
  const std::int64_t batch = std::max(1, spec.batch);
  const std::int64_t runs = (length + batch - 1) / batch;
  // One run was counted with the plan.
  const std::int64_t more = (runs - 1) * count_steps(spec.step.front());
  if (!unfold(index, std::max<std::int64_t>(more, 0))) return;
  auto group = std::make_unique<Group>();
  group->kind = GroupKind::kForEach;
  group->each = &spec;
  group->items = std::move(*items);
  group->count = static_cast<std::uint32_t>(runs);
  group->strategy = spec.strategy;
  group->merge = spec.merge;
  if (spec.max_parallel) group->max_parallel = static_cast<std::uint32_t>(*spec.max_parallel);
  if (runs > 1) grow_progress(index, (runs - 1) * count_leaves(spec.step.front()));
  open_group(index, std::move(group), json::Object{{"kind", "for_each"}, {"items", length}});
}

/// Counts `more` steps against max_steps; false: the step has failed, nothing of it starts.
bool Machine::unfold(NodeIndex index, std::int64_t more) {
  if (s_.unfolded + more > s_.facts.limits.max_steps) {
    Failure failure = failure_of(Category::kConfiguration, "max_steps_exceeded",
                                 "The step would unfold to more steps than the limit allows.");
    failure.details = json::Object{{"max_steps", s_.facts.limits.max_steps}, {"steps", s_.unfolded + more}};
    end_failed(index, std::move(failure));
    return false;
  }
  s_.unfolded += more;
  return true;
}

namespace {

struct CountSteps {
  std::int64_t operator()(const plan::ToolSpec&) const { return 1; }
  std::int64_t operator()(const plan::TaskSpec&) const { return 1; }
  std::int64_t operator()(const plan::WaitSpec&) const { return 1; }
  std::int64_t operator()(const plan::ApprovalStepSpec&) const { return 1; }
  std::int64_t operator()(const plan::SequenceSpec& spec) const { return 1 + of(spec.steps); }
  std::int64_t operator()(const plan::ParallelSpec& spec) const { return 1 + of(spec.steps); }
  std::int64_t operator()(const plan::ForEachSpec& spec) const { return 1 + of(spec.step); }
  std::int64_t operator()(const plan::ChooseSpec& spec) const {
    std::int64_t most = 0;
    for (const plan::ChooseSpec::Branch& branch : spec.branches) most = std::max(most, of(branch.steps));
    return 1 + most;
  }
  std::int64_t of(const plan::Steps& steps) const {
    std::int64_t sum = 0;
    for (const plan::Step& step : steps) sum += std::visit(*this, step.body);
    return sum;
  }
};

}  // namespace

std::int64_t Machine::count_steps(const plan::Step& step) { return std::visit(CountSteps{}, step.body); }
std::int64_t Machine::count_steps(const plan::Steps& steps) { return CountSteps{}.of(steps); }

}  // namespace pawl::core
