// The file tool: one operation on the files of an execution.
#pragma once

#include <memory>
#include <string>

#include "common/loop/loop.h"
#include "worker/tools/tool.h"

namespace pawl::tools {

/// Files live in `file_root`/<exec_id>, undo records in `file_root`/.undo. A call that was begun ends by
/// itself, on a thread of the pool: cancelling it is not noticed, destroying it drops its answer.
std::unique_ptr<Tool> make_file_tool(Loop& loop, std::string file_root);

}  // namespace pawl::tools
