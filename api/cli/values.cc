#include "api/cli/values.h"

#include <cmath>

#include "common/json/write.h"

namespace pawl::cli {

const json::Value* value_at(const json::Value& value, std::string_view path) {
  const json::Value* at = &value;
  while (at != nullptr && !path.empty()) {
    const std::size_t dot = path.find('.');
    at = at->find(path.substr(0, dot));
    path = dot == std::string_view::npos ? std::string_view{} : path.substr(dot + 1);
  }
  return at;
}

std::string text_of(const json::Value& value) {
  if (value.is_null()) return "";
  return value.is_string() ? value.as_string() : json::write(value);
}

std::string text_at(const json::Value& value, std::string_view path) {
  const json::Value* const found = value_at(value, path);
  return found == nullptr ? "" : text_of(*found);
}

std::int64_t integer_at(const json::Value& value, std::string_view path, std::int64_t otherwise) {
  const json::Value* const found = value_at(value, path);
  if (found == nullptr || !found->is_number()) return otherwise;
  if (found->is_int()) return found->as_int();
  const double number = found->as_double();
  return std::abs(number) < 9e15 ? std::llround(number) : otherwise;
}

const json::Array& items_at(const json::Value& value, std::string_view path) {
  static const json::Array kNone;
  const json::Value* const found = value_at(value, path);
  return found != nullptr && found->is_array() ? found->as_array() : kNone;
}

bool is_final_status(std::string_view status) {
  return status == "completed" || status == "failed" || status == "cancelled" || status == "timed_out" ||
         status == "skipped";
}

}  // namespace pawl::cli
