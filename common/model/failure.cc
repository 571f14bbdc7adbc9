#include "common/model/failure.h"

#include <limits>

#include "common/model/enum_text.h"

namespace pawl {
namespace {

constexpr EnumTexts<8> kCategories = {"transient", "configuration", "permission",      "resource",
                                      "logic",     "cancelled",     "outcome_unknown", "internal"};

tl::unexpected<Error> no_failure(std::string_view field) {
  return fail(ErrorKind::kInvalid, "validation_failed", "an error object has no valid " + std::string(field));
}

/// The text member `key` into `out`; absent leaves it, any other type is false.
bool read_text(const json::Value& value, std::string_view key, std::string& out) {
  const json::Value* member = value.find(key);
  if (member == nullptr || member->is_null()) return true;
  if (!member->is_string()) return false;
  out = member->as_string();
  return true;
}

}  // namespace

std::string_view to_string(Category category) { return text_of(kCategories, category); }
std::optional<Category> parse_category(std::string_view text) {
  return value_of<Category>(kCategories, text);
}

json::Value to_json(const Failure& failure) {
  json::Object object;
  object.set("category", to_string(failure.category))
      .set("code", failure.code)
      .set("message", failure.message);
  if (!failure.suggestion.empty()) object.set("suggestion", failure.suggestion);
  if (!failure.step.empty()) object.set("step", failure.step);
  if (failure.attempt > 0) object.set("attempt", failure.attempt);
  if (failure.details.is_object()) object.set("details", failure.details);
  return object;
}

Result<Failure> failure_from_json(const json::Value& value) {
  if (!value.is_object())
    return fail(ErrorKind::kInvalid, "validation_failed",
                "an error is an object, not a " + std::string(value.type_name()));
  std::string category;
  if (!read_text(value, "category", category)) return no_failure("category");
  const auto known = parse_category(category);
  if (!known) return no_failure("category");
  Failure failure{.category = *known, .code = {}, .message = {}};
  if (!read_text(value, "code", failure.code) || failure.code.empty()) return no_failure("code");
  if (!read_text(value, "message", failure.message)) return no_failure("message");
  if (!read_text(value, "suggestion", failure.suggestion)) return no_failure("suggestion");
  if (!read_text(value, "step", failure.step)) return no_failure("step");
  if (const json::Value* attempt = value.find("attempt"); attempt != nullptr && !attempt->is_null()) {
    if (!attempt->is_int() || attempt->as_int() < 0 || attempt->as_int() > std::numeric_limits<int>::max())
      return no_failure("attempt");
    failure.attempt = static_cast<int>(attempt->as_int());
  }
  if (const json::Value* details = value.find("details"); details != nullptr && !details->is_null()) {
    if (!details->is_object()) return no_failure("details");
    failure.details = *details;
  }
  return failure;
}

}  // namespace pawl
