// How far it is: leaves are counted, groups are not; the whole grows as loops and tasks unfold, the share
// done never falls.
#include <algorithm>

#include "worker/core/limits.h"
#include "worker/core/machine.h"

namespace pawl::core {
namespace {

struct CountLeaves {
  std::int64_t operator()(const plan::ToolSpec&) const { return 1; }
  std::int64_t operator()(const plan::TaskSpec&) const { return 1; }
  std::int64_t operator()(const plan::WaitSpec&) const { return 1; }
  std::int64_t operator()(const plan::ApprovalStepSpec&) const { return 1; }
  std::int64_t operator()(const plan::SequenceSpec& spec) const { return of(spec.steps); }
  std::int64_t operator()(const plan::ParallelSpec& spec) const { return of(spec.steps); }
  std::int64_t operator()(const plan::ForEachSpec& spec) const { return of(spec.step); }
  /// Until a branch is chosen, the shortest: so the whole only grows.
  std::int64_t operator()(const plan::ChooseSpec& spec) const {
    bool has_else = false;
    std::int64_t least = INT64_MAX;
    for (const plan::ChooseSpec::Branch& branch : spec.branches) {
      has_else = has_else || !branch.when;
      least = std::min(least, of(branch.steps));
    }
    return has_else ? least : 0;
  }
  std::int64_t of(const plan::Steps& steps) const {
    std::int64_t sum = 0;
    for (const plan::Step& step : steps) sum += std::visit(*this, step.body);
    return sum;
  }
};

}  // namespace

std::int64_t Machine::count_leaves(const plan::Step& step) { return std::visit(CountLeaves{}, step.body); }
std::int64_t Machine::count_leaves(const plan::Steps& steps) { return CountLeaves{}.of(steps); }

/// Clean-up is not part of the way.
bool Machine::is_counted(NodeIndex index) const {
  for (; index != kNoNode; index = s_.nodes[index].parent)
    if (s_.nodes[index].role != Role::kStep) return false;
  return true;
}

void Machine::grow_progress(NodeIndex index, std::int64_t more) {
  if (!is_counted(index)) return;
  s_.total += more;
  for (; index != kNoNode; index = node(index).parent) node(index).share += more;
}

void Machine::count_done(NodeIndex index) {
  if (!is_counted(index)) return;
  const std::int64_t rest = node(index).share - node(index).done;
  s_.completed += rest;
  for (; index != kNoNode; index = node(index).parent) node(index).done += rest;
  const std::int64_t percent = s_.total > 0 ? s_.completed * 100 / s_.total : 0;
  s_.percent = std::max(s_.percent, static_cast<int>(std::min<std::int64_t>(percent, 100)));
}

json::Value progress_of(const State& state) {
  std::vector<NodeIndex> running = state.active;
  const std::size_t shown = std::min(running.size(), kMaxCurrent);
  std::partial_sort(
      running.begin(), running.begin() + static_cast<std::ptrdiff_t>(shown), running.end(),
      [&state](NodeIndex a, NodeIndex b) { return state.nodes[a].position < state.nodes[b].position; });
  json::Array current;
  for (std::size_t i = 0; i < shown; ++i) current.emplace_back(state.nodes[running[i]].path);
  return json::Object{{"completed", state.completed},
                      {"total", state.total},
                      {"percent", state.percent},
                      {"current", std::move(current)}};
}

}  // namespace pawl::core
