// Why a step or an execution failed: a category that says what can be done, a stable code, words for people.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/clock.h"
#include "common/base/result.h"
#include "common/json/value.h"

namespace pawl {

enum class Category : std::uint8_t {
  kTransient,
  kConfiguration,
  kPermission,
  kResource,
  kLogic,
  kCancelled,
  kOutcomeUnknown,
  kInternal
};
std::string_view to_string(Category category);
std::optional<Category> parse_category(std::string_view text);

struct Failure {
  Category category = Category::kInternal;
  std::string code;
  std::string message;
  std::string suggestion = {};
  std::string step = {};                   ///< path; "" when it is the execution's own
  int attempt = 0;                         ///< 0: does not apply
  json::Value details = {};                ///< null or an object
  std::optional<Millis> retry_after = {};  ///< what the target asked for
  bool sent = true;  ///< false: certainly no effect reached the target (as connection refused)
};

/// The error object of http-api.md §4:
/// {"category","code","message","suggestion"?,"step"?,"attempt"?,"details"?}.
json::Value to_json(const Failure& failure);
/// The inverse. Errors: kInvalid when it is no such object.
Result<Failure> failure_from_json(const json::Value& value);

}  // namespace pawl
