// The tools that leave the machine alone: echo, sleep, assert.
#pragma once

#include <memory>

#include "common/loop/loop.h"
#include "worker/tools/tool.h"

namespace pawl::tools {

/// Answers its parameters.
std::unique_ptr<Tool> make_echo_tool(Loop& loop);
/// {duration} → {slept_ms}. The engine parks what `estimate` says takes long, and never starts it here.
std::unique_ptr<Tool> make_sleep_tool(Loop& loop);
/// {that, message}: logic/assertion_failed when `that` is false.
std::unique_ptr<Tool> make_assert_tool(Loop& loop);

}  // namespace pawl::tools
