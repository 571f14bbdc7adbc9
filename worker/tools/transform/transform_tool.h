// The transform tool: a jq program over a value, in the sandbox of the process tool.
#pragma once

#include <memory>

#include "common/loop/loop.h"
#include "worker/tools/tool.h"

namespace pawl::tools {

/// `process` runs the program and outlives this; while it is down, so is this.
std::unique_ptr<Tool> make_transform_tool(Loop& loop, Tool& process);

}  // namespace pawl::tools
