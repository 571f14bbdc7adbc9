// Text to Value with every guard of http-api.md §1 and §9. A level is counted before it is entered, so deep
// input can't overflow the stack.
#pragma once

#include <cstddef>
#include <string_view>

#include "common/base/result.h"
#include "common/json/limits.h"
#include "common/json/value.h"

namespace pawl::json {

struct ParseLimits {
  std::size_t max_depth = kDefaultDepth;  ///< containers; the outermost is 1; at most kMaxDepth
  std::size_t max_keys = kMaxKeys;        ///< per object
  std::size_t max_bytes = kMaxBytes;
};

/// Parses one UTF-8 document. Linear in time and memory.
/// Errors, all kInvalid, by code: malformed_json, duplicate_key, invalid_utf8 (bad bytes or a lone
/// surrogate), json_too_deep, payload_too_large: the caller answers 400 (413); and, which the caller answers
/// 422 with the pointer in `faults`, validation_failed: `\u0000` in a string, a number that can't be kept,
/// too many keys.
Result<Value> parse(std::string_view text, const ParseLimits& limits = {});

}  // namespace pawl::json
