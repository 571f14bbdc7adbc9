// The process tool: one command in a sandbox.
#pragma once

#include <memory>

#include "common/loop/loop.h"
#include "worker/tools/process/sandbox.h"
#include "worker/tools/tool.h"

namespace pawl::tools {

/// `sandbox` from Sandbox::probe; when that failed, its error: every call is then refused as
/// configuration/sandbox_unavailable and the tool is down. Live chunks: {"stream": "stdout"|"stderr",
/// "text"}. Calls under way must be destroyed before the tool.
std::unique_ptr<Tool> make_process_tool(Loop& loop, Result<std::unique_ptr<Sandbox>> sandbox);

}  // namespace pawl::tools
