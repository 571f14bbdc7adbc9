// Value to text: compact, pretty for people, canonical for hashes.
#pragma once

#include <string>

#include "common/base/bytes.h"
#include "common/json/value.h"

namespace pawl::json {

/// Compact, members in their order. Doubles in the shortest form that reads back the same.
std::string write(const Value& value);
/// Two-space indentation.
std::string write_pretty(const Value& value);
/// RFC 8785-like: keys sorted by code unit, no white space, one form for each number (1.0 is 1).
std::string write_canonical(const Value& value);
/// SHA-256 of the canonical form: equal documents, equal hash.
Sha256 canonical_hash(const Value& value);

}  // namespace pawl::json
