#include "api/scopes.h"

#include <array>
#include <utility>

namespace pawl::api {
namespace {

constexpr std::array<std::pair<Scope, std::string_view>, 8> kScopes = {{
    {Scope::kExecRead, "exec:read"},
    {Scope::kExecWrite, "exec:write"},
    {Scope::kExecControl, "exec:control"},
    {Scope::kApprove, "approve"},
    {Scope::kTaskWrite, "task:write"},
    {Scope::kAdminKeys, "admin:keys"},
    {Scope::kAdminBreakers, "admin:breakers"},
    {Scope::kOpsMetrics, "ops:metrics"},
}};

}  // namespace

std::string_view to_string(Scope scope) {
  for (const auto& [value, name] : kScopes) {
    if (value == scope) return name;
  }
  return "none";
}

std::optional<Scope> parse_scope(std::string_view text) {
  for (const auto& [value, name] : kScopes) {
    if (name == text) return value;
  }
  return std::nullopt;
}

const std::vector<std::string>& all_scopes() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const auto& [value, name] : kScopes) all.emplace_back(name);
    return all;
  }();
  return names;
}

ScopeSet scope_set(const std::vector<std::string>& names) {
  ScopeSet set = 0;
  for (const std::string& name : names) {
    if (const auto scope = parse_scope(name))
      set = static_cast<ScopeSet>(set | static_cast<ScopeSet>(*scope));
  }
  return set;
}

}  // namespace pawl::api
