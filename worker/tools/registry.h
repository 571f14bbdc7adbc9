// The tools a worker offers, by name.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "worker/tools/tool.h"

namespace pawl::tools {

class ToolRegistry {
 public:
  /// The name is the tool's own; a second tool of one name is a bug (assert).
  void add(std::unique_ptr<Tool> tool);
  /// The tool, or null.
  [[nodiscard]] Tool* find(std::string_view name) const;
  /// In order of their names.
  [[nodiscard]] std::vector<std::string> names() const;

 private:
  std::map<std::string, std::unique_ptr<Tool>, std::less<>> tools_;
};

/// One item of GET /tools: {"name","summary","with_schema","output_schema","default_timeout","idempotent",
/// "health":{"state","reason"?}}.
json::Value describe_tool(const Tool& tool);
std::string_view to_string(ToolHealth::State state);

}  // namespace pawl::tools
