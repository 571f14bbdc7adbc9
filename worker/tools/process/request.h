// The parameters of the process tool, read and checked. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/base/error.h"
#include "common/json/value.h"
#include "worker/tools/process/sandbox.h"
#include "worker/tools/tool.h"

namespace pawl::tools {

struct ProcessRequest {
  Command command;
  std::vector<int> expect_exit;
  std::int64_t max_output = 0;
};

/// Reads `with`; `faults` gets every fault. What still holds an expression is left out. Environment and
/// limits are complete only after complete_command.
ProcessRequest read_process_request(const json::Value& with, std::vector<Fault>& faults);

/// Adds the identity of the call (PAWL_…), the variables that programs expect, and the limits of the step.
void complete_command(Command& command, const CallIdentity& identity, const plan::Resources& resources);

}  // namespace pawl::tools
