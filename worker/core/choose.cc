// A choice: the first branch whose condition holds runs as a list. Which one is in the ledger, so that a
// recovered execution does not choose again.
#include "worker/core/machine.h"

namespace pawl::core {

void Machine::begin_choose(NodeIndex index, const plan::ChooseSpec& spec) {
  int chosen = node(index).chosen;
  for (std::size_t i = 0; chosen < 0 && i < spec.branches.size(); ++i) {
    if (!spec.branches[i].when) {
      chosen = static_cast<int>(i);
      break;
    }
    const std::optional<json::Value> holds = render(index, *spec.branches[i].when);
    if (!holds) return;
    if (!holds->is_bool()) {
      return end_failed(index,
                        failure_of(Category::kConfiguration, "not_boolean",
                                   "`when` of a branch gave " + std::string(holds->type_name()) + "."));
    }
    if (holds->as_bool()) chosen = static_cast<int>(i);
  }
  static const plan::Steps kNothing;
  const bool is_known = chosen >= 0 && static_cast<std::size_t>(chosen) < spec.branches.size();
  const plan::Steps& steps = is_known ? spec.branches[static_cast<std::size_t>(chosen)].steps : kNothing;
  auto group = std::make_unique<Group>();
  group->steps = &steps;
  group->count = static_cast<std::uint32_t>(steps.size());
  grow_progress(index, count_leaves(steps) - node(index).share);
  open_group(index, std::move(group), json::Object{{"kind", "choose"}, {"branch", chosen}});
}

}  // namespace pawl::core
