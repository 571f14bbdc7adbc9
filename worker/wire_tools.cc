#include "common/egress/own_servers.h"
#include "common/egress/policy.h"
#include "worker/tools/basic_tools.h"
#include "worker/tools/file/file_tool.h"
#include "worker/tools/http/http_tool.h"
#include "worker/tools/process/process_tool.h"
#include "worker/tools/transform/transform_tool.h"
#include "worker/wire.h"

namespace pawl::worker {

Result<std::unique_ptr<tools::ToolRegistry>> make_tools(Loop& loop, const Clock& clock, const Config& config,
                                                        const Log& log) {
  auto registry = std::make_unique<tools::ToolRegistry>();
  auto policy = TRY(egress::Policy::make(config.list("egress_allow"), config.flag("egress_allow_private")));
  egress::deny_servers(policy, config.text("postgres_url"), 5432);
  egress::deny_servers(policy, config.text("amqp_url"),
                       config.text("amqp_url").starts_with("amqps:") ? 5671 : 5672);
  egress::deny_servers(policy, config.text("amqp_management_url"), 15672);
  egress::deny_servers(policy, config.text("listen"), 7070);
  egress::deny_servers(policy, config.text("ops_listen"), 7071);
  registry->add(tools::make_echo_tool(loop));
  registry->add(tools::make_sleep_tool(loop));
  registry->add(tools::make_assert_tool(loop));
  registry->add(tools::make_http_tool(loop, clock, std::move(policy)));
  const auto profile = tools::parse_sandbox_profile(config.text("sandbox"));
  if (!profile)
    return fail(ErrorKind::kInvalid, "bad_config", "sandbox is no profile: " + config.text("sandbox"));
  auto sandbox = tools::Sandbox::probe(*profile);
  if (sandbox)
    log.info("sandbox ready", {{"layers", (*sandbox)->layers()}});
  else
    log.error("no sandbox, the process tool refuses", {error_field(sandbox.error())});
  auto process = tools::make_process_tool(loop, std::move(sandbox));
  registry->add(tools::make_transform_tool(loop, *process));
  registry->add(std::move(process));
  if (!config.text("file_root").empty()) registry->add(tools::make_file_tool(loop, config.text("file_root")));
  return registry;
}

}  // namespace pawl::worker
