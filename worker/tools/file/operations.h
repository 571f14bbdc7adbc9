// What each operation of the file tool does, on the execution's folder. Blocking, for a thread of the pool.
#pragma once

#include <string>

#include "worker/tools/file/folder.h"
#include "worker/tools/file/request.h"
#include "worker/tools/file/undo.h"

namespace pawl::tools {

/// The output of tools.md, or the failure. `root`: file_root; `exec_id` and `step` say whose folder and
/// record.
FileResult<json::Value> run_file_operation(const std::string& root, const std::string& exec_id,
                                           const std::string& step, const FileRequest& request);

}  // namespace pawl::tools
