// The scopes of http-api.md §7, as bits. Deny by default: a route names exactly one, a key holds some.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pawl::api {

enum class Scope : std::uint16_t {
  kNone = 0,  ///< open to everybody (the API document)
  kExecRead = 1,
  kExecWrite = 2,
  kExecControl = 4,
  kApprove = 8,
  kTaskWrite = 16,
  kAdminKeys = 32,
  kAdminBreakers = 64,
  kOpsMetrics = 128,
};
using ScopeSet = std::uint16_t;

std::string_view to_string(Scope scope);
std::optional<Scope> parse_scope(std::string_view text);
/// All names of scopes, in the order of the contract.
const std::vector<std::string>& all_scopes();
/// Unknown names are left out: they grant nothing.
ScopeSet scope_set(const std::vector<std::string>& names);
inline bool grants(ScopeSet held, Scope needed) {
  return (held & static_cast<ScopeSet>(needed)) == static_cast<ScopeSet>(needed);
}

}  // namespace pawl::api
