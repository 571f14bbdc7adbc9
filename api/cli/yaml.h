// YAML in and out. Plans may be written in YAML; the API takes JSON only.
#pragma once

#include <string>
#include <string_view>

#include "common/base/result.h"
#include "common/json/value.h"

namespace pawl::cli {

/// One YAML 1.2 document as JSON: plain scalars by the core schema (so `yes` is a text, `0x1f` a number),
/// quoted ones are texts. Errors: kInvalid with line and column; also for two documents, a key given twice,
/// keys that are no scalars, numbers JSON can't hold, and documents made huge by aliases.
Result<json::Value> parse_yaml(std::string_view text);

/// The value as block YAML that reads back the same.
std::string write_yaml(const json::Value& value);

}  // namespace pawl::cli
