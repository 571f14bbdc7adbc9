// The table of routes against api/openapi.yaml, both ways: what is served is documented, what is documented
// is served.
#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "api/handlers/admin.h"
#include "api/handlers/handlers.h"
#include "api/openapi_text.h"
#include "tests/unit/api/api_world.h"

namespace pawl::api {
namespace {

struct Operation {
  std::string id, scope;
  bool has_body = false;
  friend bool operator==(const Operation&, const Operation&) = default;
};
std::ostream& operator<<(std::ostream& out, const Operation& operation) {
  return out << operation.id << " " << operation.scope << (operation.has_body ? " with a body" : "");
}
using Table = std::map<std::string, Operation>;  // by "METHOD /path"

Table served() {
  ApiWorld world;
  Table table;
  std::vector<Route> routes = all_routes(world.services);
  for (Route& route : admin_routes(world.services)) routes.push_back(std::move(route));
  for (const Route& route : routes) {
    const std::string key = std::string(http::to_string(route.method)) + " " + route.pattern;
    const bool is_new = table
                            .emplace(key, Operation{route.operation_id, std::string(to_string(route.scope)),
                                                    route.body == Body::kObject})
                            .second;
    EXPECT_TRUE(is_new) << key << " is there twice";
  }
  return table;
}

Table documented(const YAML::Node& document) {
  Table table;
  for (const auto& path : document["paths"]) {
    for (const auto& method : path.second) {
      std::string name = method.first.as<std::string>();
      if (name == "parameters") continue;
      std::transform(name.begin(), name.end(), name.begin(),
                     [](char c) { return static_cast<char>(c - 'a' + 'A'); });
      const YAML::Node& node = method.second;
      table[name + " " + path.first.as<std::string>()] = {node["operationId"].as<std::string>(""),
                                                          node["x-scope"].as<std::string>(""),
                                                          static_cast<bool>(node["requestBody"])};
    }
  }
  return table;
}

YAML::Node document() { return YAML::Load(std::string(openapi_text())); }

TEST(Routes, AreTheDocumentsRoutesAndTheOtherWayRound) {
  const Table code = served(), text = documented(document());
  ASSERT_GT(code.size(), 25u);
  for (const auto& [key, operation] : code) {
    const auto found = text.find(key);
    ASSERT_NE(found, text.end()) << key << " is served but not in openapi.yaml";
    EXPECT_EQ(found->second, operation) << key;
  }
  for (const auto& [key, operation] : text)
    EXPECT_TRUE(code.contains(key)) << key << " is in openapi.yaml but not served";
}

TEST(Routes, HaveOneOperationIdEach) {
  std::set<std::string> ids;
  for (const auto& [key, operation] : served()) EXPECT_TRUE(ids.insert(operation.id).second) << operation.id;
}

TEST(Routes, AskForAScopeAllButTheDocument) {
  for (const auto& [key, operation] : served()) {
    if (operation.id == "getOpenApi")
      EXPECT_EQ(operation.scope, "none");
    else
      EXPECT_TRUE(parse_scope(operation.scope)) << key;
  }
}

TEST(Routes, FollowTheContractsRuleOfScopes) {
  for (const auto& [key, operation] : served()) {
    const bool is_read = key.starts_with("GET");
    const auto has = [&key](std::string_view part) { return key.find(part) != std::string::npos; };
    std::string expected = is_read ? "exec:read" : "exec:write";
    if (has("/keys"))
      expected = "admin:keys";
    else if (has("/admin/"))
      expected = is_read ? "ops:metrics" : "admin:breakers";
    else if (has("/cancel") || has("/pause") || has("/resume") || has("/retry") || has("/signals"))
      expected = "exec:control";
    else if (!is_read && has("/approvals"))
      expected = "approve";
    else if (key.starts_with("PUT") || key.starts_with("DELETE /api/v0/tasks"))
      expected = "task:write";
    else if (has("/tickets"))
      expected = "exec:read";  // they open what reads may open
    else if (has("/tasks/validate") || has("openapi"))
      continue;
    EXPECT_EQ(operation.scope, expected) << key;
  }
}

TEST(Routes, EveryPathParameterIsDeclared) {
  const YAML::Node text = document();
  for (const auto& path : text["paths"]) {
    const std::string pattern = path.first.as<std::string>();
    std::set<std::string> declared;
    for (const auto& parameter : path.second["parameters"])
      declared.insert(parameter["name"].as<std::string>());
    std::set<std::string> used;
    for (std::size_t at = pattern.find('{'); at != std::string::npos; at = pattern.find('{', at + 1))
      used.insert(pattern.substr(at + 1, pattern.find('}', at) - at - 1));
    EXPECT_EQ(used, declared) << pattern;
  }
}

/// Every {$ref: "#/a/b/c"} leads somewhere.
void check_references(const YAML::Node& root, const YAML::Node& node) {
  if (node.IsMap()) {
    if (const YAML::Node reference = node["$ref"]) {
      const std::string path = reference.as<std::string>();
      YAML::Node at = YAML::Clone(root);
      std::size_t from = 2;
      while (from <= path.size()) {
        const std::size_t slash = std::min(path.find('/', from), path.size());
        at.reset(at[path.substr(from, slash - from)]);
        ASSERT_TRUE(at.IsDefined()) << path;
        from = slash + 1;
      }
    }
    for (const auto& member : node) check_references(root, member.second);
  } else if (node.IsSequence()) {
    for (const auto& item : node) check_references(root, item);
  }
}

TEST(Routes, ReferencesOfTheDocumentLeadSomewhere) { check_references(document(), document()["paths"]); }

}  // namespace
}  // namespace pawl::api
