#include "common/plan/plan.h"

#include <array>

namespace pawl::plan {

std::string_view kind_name(const Step& step) {
  // In the order of StepBody.
  static constexpr std::array<std::string_view, std::variant_size_v<StepBody>> kNames = {
      "tool", "sequence", "parallel", "for_each", "task", "choose", "wait", "approval"};
  return kNames[step.body.index()];
}

}  // namespace pawl::plan
