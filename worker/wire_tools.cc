#include "common/egress/policy.h"
#include "worker/tools/basic_tools.h"
#include "worker/tools/http/http_tool.h"
#include "worker/wire.h"

namespace pawl::worker {

Result<std::unique_ptr<tools::ToolRegistry>> make_tools(Loop& loop, const Clock& clock, const Config& config, const Log& log) {
  static_cast<void>(log);
  auto registry = std::make_unique<tools::ToolRegistry>();
  auto policy = TRY(egress::Policy::make(config.list("egress_allow"), config.flag("egress_allow_private")));
  registry->add(tools::make_echo_tool(loop));
  registry->add(tools::make_sleep_tool(loop));
  registry->add(tools::make_assert_tool(loop));
  registry->add(tools::make_http_tool(loop, clock, std::move(policy)));
  return registry;
}

}  // namespace pawl::worker
