#include "common/plan/schema.h"

// Before any RapidJSON header: it sets RapidJSON's assert to an exception.
#include <valijson/adapters/rapidjson_adapter.hpp>

#include <rapidjson/document.h>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

#include <cmath>

#include "common/plan/limits.h"
#include "common/plan/schema_guard.h"

namespace pawl::plan {
namespace {

using Allocator = rapidjson::Document::AllocatorType;

/// Strings are referred to, not copied: `value` must outlive the result. Whole doubles become integers, as in JSON Schema
/// 1.0 is one. Depth is bounded by the JSON parser and the guard.
rapidjson::Value to_rapidjson(const json::Value& value, Allocator& allocator, std::int64_t& nodes) {
  ++nodes;
  auto text = [](const std::string& s) {
    return rapidjson::StringRef(s.data(), static_cast<rapidjson::SizeType>(s.size()));
  };
  if (value.is_bool()) return rapidjson::Value(value.as_bool());
  if (value.is_int()) return rapidjson::Value(value.as_int());
  if (value.is_uint()) return rapidjson::Value(value.as_uint());
  if (value.is_string()) return rapidjson::Value(text(value.as_string()));
  if (value.is_double()) {
    const double real = value.as_double();
    if (std::trunc(real) == real && std::abs(real) < 0x1p53) return rapidjson::Value(static_cast<std::int64_t>(real));
    return rapidjson::Value(real);
  }
  if (value.is_array()) {
    rapidjson::Value out(rapidjson::kArrayType);
    out.Reserve(static_cast<rapidjson::SizeType>(value.as_array().size()), allocator);
    for (const json::Value& item : value.as_array()) out.PushBack(to_rapidjson(item, allocator, nodes), allocator);
    return out;
  }
  if (!value.is_object()) return rapidjson::Value();
  rapidjson::Value out(rapidjson::kObjectType);
  for (const auto& [key, member] : value.as_object()) {
    rapidjson::Value name(text(key));
    out.AddMember(name, to_rapidjson(member, allocator, nodes), allocator);
  }
  return out;
}

/// valijson's context ["<root>", "[name]", "[0]"] as a pointer.
std::string to_pointer(const std::vector<std::string>& context) {
  std::string pointer;
  for (std::size_t i = 1; i < context.size(); ++i) {
    std::string_view token = context[i];
    if (token.size() >= 2 && token.front() == '[' && token.back() == ']') token = token.substr(1, token.size() - 2);
    pointer = json::pointer_join(pointer, token);
  }
  return pointer;
}

}  // namespace

struct Schema::Compiled {
  valijson::Schema schema;
  RulesPtr rules;
  std::int64_t cost = 0;
};

Schema::Schema(std::unique_ptr<const Compiled> compiled) : compiled_(std::move(compiled)) {}
Schema::~Schema() = default;

tl::expected<SchemaPtr, std::vector<Fault>> Schema::compile(const json::Value& schema) {
  std::vector<Fault> faults;
  GuardedSchema guarded = guard_schema(schema, faults);
  if (!faults.empty()) return tl::unexpected(std::move(faults));
  auto compiled = std::make_unique<Compiled>();
  compiled->rules = std::move(guarded.rules);
  compiled->cost = guarded.cost;
  try {
    rapidjson::Document document;
    std::int64_t nodes = 0;
    const rapidjson::Value converted = to_rapidjson(guarded.schema, document.GetAllocator(), nodes);
    const valijson::adapters::RapidJsonAdapter adapter(converted);
    valijson::SchemaParser(valijson::SchemaParser::kDraft7).populateSchema(adapter, compiled->schema);
  } catch (const std::exception& thrown) {
    faults.push_back({"", "schema_invalid", std::string("is no JSON Schema of draft 7: ") + thrown.what()});
    return tl::unexpected(std::move(faults));
  }
  return SchemaPtr(new Schema(std::move(compiled)));
}

std::vector<Fault> Schema::validate(const json::Value& value, const std::string& pointer) const {
  std::vector<Fault> faults;
  try {
    rapidjson::Document document;
    std::int64_t nodes = 0;
    const rapidjson::Value converted = to_rapidjson(value, document.GetAllocator(), nodes);
    if (nodes * compiled_->cost > kMaxValidationWork) {
      faults.push_back({pointer, "too_complex", "is too large to be checked against this schema"});
      return faults;
    }
    const valijson::adapters::RapidJsonAdapter adapter(converted);
    valijson::ValidationResults results;
    valijson::Validator validator(valijson::Validator::kStrongTypes);
    validator.validate(compiled_->schema, adapter, &results);
    valijson::ValidationResults::Error error;
    while (faults.size() < kMaxFaults && results.popError(error)) {
      faults.push_back({pointer + to_pointer(error.context), "schema_mismatch", error.description});
    }
  } catch (const std::exception&) {
    faults.push_back({pointer, "schema_mismatch", "could not be checked against the schema"});
  }
  if (compiled_->rules) check_rules(*compiled_->rules, value, pointer, faults);
  return faults;
}

std::vector<Fault> check_schema(const json::Value& schema) {
  auto compiled = Schema::compile(schema);
  return compiled ? std::vector<Fault>{} : std::move(compiled).error();
}

std::vector<Fault> validate_schema(const json::Value& schema, const json::Value& value, const std::string& pointer) {
  auto compiled = Schema::compile(schema);
  return compiled ? (*compiled)->validate(value, pointer) : std::move(compiled).error();
}

}  // namespace pawl::plan
