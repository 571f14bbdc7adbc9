#include "worker/tools/registry.h"

#include "common/base/assert.h"
#include "common/base/time_format.h"

namespace pawl::tools {

void ToolRegistry::add(std::unique_ptr<Tool> tool) {
  std::string name = tool->describe().name;
  const bool is_new = tools_.emplace(std::move(name), std::move(tool)).second;
  PAWL_ASSERT(is_new, "each tool has a name of its own");
}

Tool* ToolRegistry::find(std::string_view name) const {
  const auto found = tools_.find(name);
  return found == tools_.end() ? nullptr : found->second.get();
}

std::vector<std::string> ToolRegistry::names() const {
  std::vector<std::string> out;
  out.reserve(tools_.size());
  for (const auto& [name, tool] : tools_) out.push_back(name);
  return out;
}

std::string_view to_string(ToolHealth::State state) {
  switch (state) {
    case ToolHealth::State::kOk: return "ok";
    case ToolHealth::State::kDegraded: return "degraded";
    case ToolHealth::State::kDown: return "down";
  }
  return "";
}

json::Value describe_tool(const Tool& tool) {
  const ToolDescription& description = tool.describe();
  const ToolHealth health = tool.health();
  json::Object state{{"state", to_string(health.state)}};
  if (!health.reason.empty()) state.set("reason", health.reason);
  return json::Object{{"name", description.name},
                      {"summary", description.summary},
                      {"with_schema", description.with_schema},
                      {"output_schema", description.output_schema},
                      {"default_timeout", format_duration(description.default_timeout)},
                      {"idempotent", description.idempotent},
                      {"health", std::move(state)}};
}

}  // namespace pawl::tools
