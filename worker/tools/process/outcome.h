// What the end of a command means: output or failure, by the rules of tools.md. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "worker/tools/process/init_protocol.h"
#include "worker/tools/process/request.h"
#include "worker/tools/tool.h"

namespace pawl::tools {

/// Why we ended it, if we did.
enum class Ended : std::uint8_t { kByItself, kTimeout, kCancelled, kTooMuchOutput };

struct ProcessEnd {
  Ended ended = Ended::kByItself;
  std::optional<init::Report> report = {};  ///< none when it was killed
  bool was_out_of_memory = false;           ///< the cgroup says so
  bool was_out_of_pids = false;
  bool is_memory_counted = false;  ///< false: no cgroup counts it, the peak has to tell
  std::string out;                 ///< bytes as they came
  std::string err;
  ResourceUse resources = {};
};

ToolResult judge(const ProcessRequest& request, const ProcessEnd& end);

}  // namespace pawl::tools
