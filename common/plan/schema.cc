#include "common/plan/schema.h"

#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

#include "common/plan/limits.h"
#include "common/plan/schema_adapter.h"
#include "common/plan/schema_guard.h"

namespace pawl::plan {
namespace {

/// How many values there are in `value`, itself included. The JSON parser bounds the depth.
std::int64_t count_values(const json::Value& value) {
  std::int64_t count = 1;
  if (value.is_array()) {
    for (const json::Value& item : value.as_array()) count += count_values(item);
  } else if (value.is_object()) {
    for (const auto& [key, member] : value.as_object()) count += count_values(member);
  }
  return count;
}

/// valijson's context ["<root>", "[name]", "[0]"] as a pointer.
std::string to_pointer(const std::vector<std::string>& context) {
  std::string pointer;
  for (std::size_t i = 1; i < context.size(); ++i) {
    std::string_view token = context[i];
    if (token.size() >= 2 && token.front() == '[' && token.back() == ']')
      token = token.substr(1, token.size() - 2);
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
    valijson::SchemaParser(valijson::SchemaParser::kDraft7)
        .populateSchema(SchemaAdapter(guarded.schema), compiled->schema);
  } catch (const std::exception& thrown) {
    faults.push_back({"", "schema_invalid", std::string("is no JSON Schema of draft 7: ") + thrown.what()});
    return tl::unexpected(std::move(faults));
  }
  return SchemaPtr(new Schema(std::move(compiled)));
}

std::vector<Fault> Schema::validate(const json::Value& value, const std::string& pointer) const {
  std::vector<Fault> faults;
  if (count_values(value) * compiled_->cost > kMaxValidationWork) {
    faults.push_back({pointer, "too_complex", "is too large to be checked against this schema"});
    return faults;
  }
  try {
    valijson::ValidationResults results;
    valijson::Validator validator(valijson::Validator::kStrongTypes);
    validator.validate(compiled_->schema, SchemaAdapter(value), &results);
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

std::vector<Fault> validate_schema(const json::Value& schema, const json::Value& value,
                                   const std::string& pointer) {
  auto compiled = Schema::compile(schema);
  return compiled ? (*compiled)->validate(value, pointer) : std::move(compiled).error();
}

}  // namespace pawl::plan
