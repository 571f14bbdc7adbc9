#include "worker/tools/schema.h"

namespace pawl::tools::schema {

json::Value anything() { return json::Object{}; }
json::Value text() { return json::Object{{"type", "string"}}; }
json::Value boolean() { return json::Object{{"type", "boolean"}}; }

json::Value integer(std::int64_t lowest, std::optional<std::int64_t> highest) {
  json::Object out{{"type", "integer"}, {"minimum", lowest}};
  if (highest) out.set("maximum", *highest);
  return out;
}

json::Value duration() {
  return json::Object{{"type", json::Array{"string", "number"}},
                      {"description", "250ms, 10s, 5m, 2h, 7d, or seconds"}};
}

json::Value one_of(std::initializer_list<std::string_view> choices) {
  json::Array values;
  for (const std::string_view choice : choices) values.emplace_back(choice);
  return json::Object{{"enum", std::move(values)}};
}

json::Value list(json::Value item) { return json::Object{{"type", "array"}, {"items", std::move(item)}}; }
json::Value map() { return json::Object{{"type", "object"}}; }

json::Value object(std::initializer_list<std::pair<std::string_view, json::Value>> properties,
                   std::initializer_list<std::string_view> required) {
  json::Object members;
  for (const auto& [name, value] : properties) members.set(std::string(name), value);
  json::Array names;
  for (const std::string_view name : required) names.emplace_back(name);
  json::Object out{{"type", "object"}, {"properties", std::move(members)}, {"additionalProperties", false}};
  if (!names.empty()) out.set("required", std::move(names));
  return out;
}

}  // namespace pawl::tools::schema
