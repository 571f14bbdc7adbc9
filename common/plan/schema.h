// JSON Schema (draft 7) of inputs and forms: valijson behind the guards of architecture.md §3. Checked and
// compiled once, when the plan is stored; what could take a hostile schema's or value's author too far is
// refused then.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "common/base/result.h"
#include "common/json/value.h"

namespace pawl::plan {

class Schema;
using SchemaPtr = std::shared_ptr<const Schema>;

/// A compiled schema. Immutable; validating does not change it.
class Schema {
 public:
  /// Errors: all faults, pointers relative to the schema: wrong_type, schema_invalid, pattern_invalid,
  /// keyword_not_supported (patternProperties; pattern or uniqueItems under anyOf, oneOf, not, if and the
  /// like; keywords of later drafts), format_not_supported (date and time), reference_not_supported (all but
  /// acyclic
  /// #/definitions/… and #/$defs/…), too_deep, too_complex.
  static tl::expected<SchemaPtr, std::vector<Fault>> compile(const json::Value& schema);

  /// The faults of `value` (code schema_mismatch, or pattern_mismatch), `pointer` in front of each; empty =
  /// valid.
  [[nodiscard]] std::vector<Fault> validate(const json::Value& value, const std::string& pointer) const;

  Schema(const Schema&) = delete;
  Schema& operator=(const Schema&) = delete;
  ~Schema();

 private:
  struct Compiled;
  explicit Schema(std::unique_ptr<const Compiled> compiled);
  std::unique_ptr<const Compiled> compiled_;
};

/// Faults of the schema itself, pointers relative to it. Errors: none.
std::vector<Fault> check_schema(const json::Value& schema);
/// Compiles and validates in one: for schemas used once. A schema that does not compile gives its own faults.
std::vector<Fault> validate_schema(const json::Value& schema, const json::Value& value,
                                   const std::string& pointer);

}  // namespace pawl::plan
