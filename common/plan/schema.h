// JSON Schema of inputs (valijson), with the guards of architecture.md §3: patterns by RE2, dangerous keywords refused at PUT.
#pragma once

#include <vector>

#include "common/base/result.h"
#include "common/json/value.h"

namespace pawl::plan {

/// Faults of the schema itself, pointers relative to it: patternProperties, pattern under anyOf/oneOf/not/if, date/time formats,
/// an invalid pattern, remote $ref, a schema that is no schema.
std::vector<Fault> check_schema(const json::Value& schema);
/// Faults of `value` against a schema that passed check_schema; empty = valid. `pointer` is put in front of each.
std::vector<Fault> validate_schema(const json::Value& schema, const json::Value& value, const std::string& pointer);

}  // namespace pawl::plan
