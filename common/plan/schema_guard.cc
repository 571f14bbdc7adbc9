#include "common/plan/schema_guard.h"

#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <string_view>

#include "common/json/write.h"
#include "common/plan/limits.h"

namespace pawl::plan {
namespace {

// Plain values: handed on as they are.
constexpr std::array<std::string_view, 15> kKept = {"type",          "enum",
                                                    "const",         "multipleOf",
                                                    "maximum",       "exclusiveMaximum",
                                                    "minimum",       "exclusiveMinimum",
                                                    "maxLength",     "minLength",
                                                    "maxItems",      "minItems",
                                                    "maxProperties", "minProperties",
                                                    "required"};
// Of later drafts: ignoring them silently would accept what the author refused.
constexpr std::array<std::string_view, 12> kLater = {
    "dependentRequired", "dependentSchemas", "unevaluatedProperties", "unevaluatedItems",
    "prefixItems",       "minContains",      "maxContains",           "$recursiveRef",
    "$dynamicRef",       "$anchor",          "$dynamicAnchor",        "$recursiveAnchor"};

template <std::size_t n>
bool is_one_of(const std::array<std::string_view, n>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

/// Where a subschema stands: under a combinator a mismatch is no fault yet, so nothing may be taken out of
/// it.
enum class Place : std::uint8_t { kPlain, kCombined };

struct Result {
  json::Value schema;
  RulesPtr rules;
};

class Guard {
 public:
  Guard(const json::Value& root, std::vector<Fault>& faults) : root_(root), faults_(faults) {}

  Result visit(const json::Value& schema, const std::string& pointer, Place place, std::size_t depth) {
    if (++cost_ > kMaxSchemaCost) {
      if (cost_ == kMaxSchemaCost + 1)
        add(pointer, "too_complex", "the schema has too many parts once its $refs are expanded");
      return {};
    }
    if (depth > kMaxSchemaDepth) {
      add(pointer, "too_deep", "the schema is nested too deep");
      return {};
    }
    if (schema.is_bool()) {
      json::Object as_object;
      if (!schema.as_bool()) as_object.set("not", json::Value(json::Object{}));
      return {json::Value(std::move(as_object)), nullptr};
    }
    if (!schema.is_object()) {
      add(pointer, "wrong_type", "a schema is an object, true or false");
      return {};
    }
    if (const json::Value* reference = schema.find("$ref")) return follow(*reference, pointer, place, depth);
    return object(schema.as_object(), pointer, place, depth);
  }

  [[nodiscard]] std::int64_t cost() const { return cost_; }

 private:
  void add(std::string pointer, std::string code, std::string message) {
    if (faults_.size() < kMaxFaults)
      faults_.push_back({std::move(pointer), std::move(code), std::move(message)});
  }

  Result follow(const json::Value& reference, const std::string& pointer, Place place, std::size_t depth) {
    const std::string at = json::pointer_join(pointer, "$ref");
    const std::string target = reference.is_string() ? reference.as_string() : "";
    const json::Value* found = nullptr;
    for (const std::string_view home : {"definitions", "$defs"}) {
      const std::string prefix = "#/" + std::string(home) + "/";
      const json::Value* definitions = root_.find(home);
      if (!target.starts_with(prefix) || definitions == nullptr) continue;
      found = definitions->find(target.substr(prefix.size()));
    }
    if (found == nullptr || std::find(open_.begin(), open_.end(), target) != open_.end()) {
      add(at, "reference_not_supported",
          "$ref leads to a name in #/definitions or #/$defs, and never back to itself");
      return {};
    }
    open_.push_back(target);
    Result result = visit(*found, pointer, place, depth + 1);
    open_.pop_back();
    return result;
  }

  Result object(const json::Object& schema, const std::string& pointer, Place place, std::size_t depth) {
    json::Object out;
    auto rules = std::make_shared<Rules>();
    bool has_rules = false;
    for (const auto& [keyword, value] : schema) {
      const std::string at = json::pointer_join(pointer, keyword);
      if (is_one_of(kKept, keyword)) {
        out.set(keyword, value);
      } else if (keyword == "pattern" || keyword == "uniqueItems") {
        has_rules = take_out(keyword, value, at, place, *rules) || has_rules;
      } else if (keyword == "patternProperties" || is_one_of(kLater, keyword)) {
        add(at, "keyword_not_supported", std::string(keyword) + " is not supported");
      } else if (keyword == "format") {
        check_format(value, at);
      } else if (keyword == "definitions" || keyword == "$defs") {
        check_definitions(value, at, depth);
      } else if (auto part = applicator(keyword, value, at, place, depth, *rules)) {
        out.set(keyword, std::move(part->value));
        has_rules = has_rules || part->has_rules;
      }
    }
    return {json::Value(std::move(out)), has_rules ? std::move(rules) : nullptr};
  }

  bool take_out(const std::string& keyword, const json::Value& value, const std::string& at, Place place,
                Rules& rules) {
    if (place == Place::kCombined && !(value.is_bool() && !value.as_bool())) {
      add(at, "keyword_not_supported",
          keyword +
              " is not supported below anyOf, oneOf, not, if, contains, propertyNames and dependencies");
      return false;
    }
    if (keyword == "uniqueItems") {
      if (!value.is_bool()) add(at, "wrong_type", "uniqueItems is true or false");
      rules.unique_items = value.is_bool() && value.as_bool();
      return rules.unique_items;
    }
    if (!value.is_string()) {
      add(at, "wrong_type", "pattern is a string");
      return false;
    }
    RE2::Options options(RE2::Quiet);
    options.set_max_mem(kRegexMemory);
    auto compiled = std::make_shared<const RE2>(value.as_string(), options);
    if (!compiled->ok()) {
      add(at, "pattern_invalid", "the pattern is no regular expression of RE2: " + compiled->error());
      return false;
    }
    rules.pattern = std::move(compiled);
    return true;
  }

  void check_format(const json::Value& value, const std::string& at) {
    if (!value.is_string()) {
      add(at, "wrong_type", "format is a string");
      return;
    }
    const std::string& format = value.as_string();
    if (format == "date" || format == "time" || format == "date-time") {
      add(at, "format_not_supported", "format " + format + " is not supported; use a pattern");
    }
  }

  /// Definitions nobody refers to are checked all the same, so that a fault in them is told now.
  void check_definitions(const json::Value& value, const std::string& at, std::size_t depth) {
    if (!value.is_object()) {
      add(at, "wrong_type", "must be an object");
      return;
    }
    if (depth > 0) return;  // only those of the root can be referred to
    const std::int64_t before = cost_;
    for (const auto& [name, definition] : value.as_object()) {
      open_.push_back("#" + at + "/" + name);
      visit(definition, json::pointer_join(at, name), Place::kPlain, depth + 1);
      open_.pop_back();
    }
    if (cost_ <= kMaxSchemaCost) cost_ = before;
  }

  struct Part {
    json::Value value;
    bool has_rules = false;
  };

  /// A keyword with subschemas in it. nullopt: an annotation or an unknown word, which draft 7 ignores.
  std::optional<Part> applicator(const std::string& keyword, const json::Value& value, const std::string& at,
                                 Place place, std::size_t depth, Rules& rules) {
    if (keyword == "properties") return properties(value, at, place, depth, rules);
    if (keyword == "allOf") return list(value, at, place, depth, &rules.all_of);
    if (keyword == "anyOf" || keyword == "oneOf") return list(value, at, Place::kCombined, depth, nullptr);
    if (keyword == "items" && value.is_array()) return list(value, at, place, depth, &rules.items);
    if (keyword == "items" || keyword == "additionalItems")
      return one(value, at, place, depth, &rules.other_items);
    if (keyword == "additionalProperties") return one(value, at, place, depth, &rules.other_properties);
    const bool is_combinator = keyword == "not" || keyword == "if" || keyword == "then" ||
                               keyword == "else" || keyword == "contains" || keyword == "propertyNames";
    if (is_combinator) return one(value, at, Place::kCombined, depth, nullptr);
    if (keyword == "dependencies") return dependencies(value, at, depth);
    return std::nullopt;
  }

  Part one(const json::Value& value, const std::string& at, Place place, std::size_t depth, RulesPtr* rules) {
    // valijson knows true and false here, and an empty object costs it more.
    if (value.is_bool() && rules != nullptr) return {value};
    Result result = visit(value, at, place, depth + 1);
    if (rules != nullptr) *rules = result.rules;
    return {std::move(result.schema), result.rules != nullptr};
  }

  Part list(const json::Value& value, const std::string& at, Place place, std::size_t depth,
            std::vector<RulesPtr>* rules) {
    Part part;
    json::Array out;
    if (!value.is_array() || value.as_array().empty()) {
      add(at, "wrong_type", "must be a list of schemas that is not empty");
      return part;
    }
    for (std::size_t i = 0; i < value.as_array().size(); ++i) {
      Result result = visit(value.as_array()[i], json::pointer_join(at, i), place, depth + 1);
      out.push_back(std::move(result.schema));
      part.has_rules = part.has_rules || result.rules != nullptr;
      if (rules != nullptr) rules->push_back(std::move(result.rules));
    }
    part.value = json::Value(std::move(out));
    return part;
  }

  Part properties(const json::Value& value, const std::string& at, Place place, std::size_t depth,
                  Rules& rules) {
    Part part;
    json::Object out;
    if (!value.is_object()) {
      add(at, "wrong_type", "must be an object of schemas");
      return part;
    }
    for (const auto& [name, schema] : value.as_object()) {
      Result result = visit(schema, json::pointer_join(at, name), place, depth + 1);
      out.set(name, std::move(result.schema));
      part.has_rules = part.has_rules || result.rules != nullptr;
      // Also without rules: a named property is not one of the others.
      rules.properties[name] = std::move(result.rules);
    }
    part.value = json::Value(std::move(out));
    return part;
  }

  Part dependencies(const json::Value& value, const std::string& at, std::size_t depth) {
    Part part;
    json::Object out;
    if (!value.is_object()) {
      add(at, "wrong_type", "must be an object");
      return part;
    }
    for (const auto& [name, dependency] : value.as_object()) {
      if (dependency.is_array())
        out.set(name, dependency);
      else
        out.set(name, visit(dependency, json::pointer_join(at, name), Place::kCombined, depth + 1).schema);
    }
    part.value = json::Value(std::move(out));
    return part;
  }

  const json::Value& root_;
  std::vector<Fault>& faults_;
  std::vector<std::string> open_;  // the $refs we are inside of
  std::int64_t cost_ = 0;
};

}  // namespace

GuardedSchema guard_schema(const json::Value& schema, std::vector<Fault>& faults) {
  Guard guard(schema, faults);
  Result result = guard.visit(schema, "", Place::kPlain, 0);
  return {std::move(result.schema), std::move(result.rules), guard.cost()};
}

void check_rules(const Rules& rules, const json::Value& value, const std::string& pointer,
                 std::vector<Fault>& faults) {
  if (faults.size() >= kMaxFaults) return;
  for (const RulesPtr& part : rules.all_of) {
    if (part) check_rules(*part, value, pointer, faults);
  }
  if (rules.pattern && value.is_string() && !RE2::PartialMatch(value.as_string(), *rules.pattern)) {
    faults.push_back({pointer, "pattern_mismatch", "does not match the pattern " + rules.pattern->pattern()});
  }
  if (value.is_object()) {
    for (const auto& [key, member] : value.as_object()) {
      const auto named = rules.properties.find(key);
      const RulesPtr& below = named == rules.properties.end() ? rules.other_properties : named->second;
      if (below) check_rules(*below, member, json::pointer_join(pointer, key), faults);
    }
  }
  if (!value.is_array()) return;
  const json::Array& items = value.as_array();
  std::set<std::string> seen;
  for (std::size_t i = 0; i < items.size(); ++i) {
    const std::string at = json::pointer_join(pointer, i);
    if (rules.unique_items && !seen.insert(json::write_canonical(items[i])).second) {
      faults.push_back({at, "schema_mismatch", "is there twice; the items must be unique"});
    }
    const RulesPtr& below = i < rules.items.size() ? rules.items[i] : rules.other_items;
    if (below) check_rules(*below, items[i], at, faults);
  }
}

}  // namespace pawl::plan
