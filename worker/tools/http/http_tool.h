// The http tool: one request to a target that the egress rules allow.
#pragma once

#include <memory>

#include "common/base/clock.h"
#include "common/egress/policy.h"
#include "common/loop/loop.h"
#include "worker/tools/tool.h"

namespace pawl::tools {

/// One per process: all its calls share a pool of connections. Calls under way must be destroyed before the
/// tool. Output {status, headers, body, duration_ms}; failures by code: tools.md. At run time a target that
/// may not be contacted fails as permission/egress_blocked, a redirect or a resolved address included.
std::unique_ptr<Tool> make_http_tool(Loop& loop, const Clock& clock, egress::Policy policy);

}  // namespace pawl::tools
