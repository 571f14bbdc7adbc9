// Answers of calls: failures with their suggestion, and calls whose answer is known at once.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/loop/loop.h"
#include "worker/tools/tool.h"

namespace pawl::tools {

/// A failed result with the suggestion of the catalogue.
ToolResult failed(Category category, std::string code, std::string message);
/// configuration/invalid_parameter with all faults in `details`; permission/egress_blocked when one is
/// policy_denied.
ToolResult failed_for(const std::vector<Fault>& faults);
ToolResult cancelled();

/// A call that did its work already: `done` gets `result` on a later turn, unless the call is destroyed
/// before.
std::unique_ptr<RunningCall> answer_soon(Loop& loop, ToolResult result, std::function<void(ToolResult)> done);

}  // namespace pawl::tools
