#include "worker/tools/parameters.h"

#include <algorithm>
#include <cmath>

#include "common/base/time_format.h"

namespace pawl::tools {

bool is_unrendered(const json::Value& value) {
  return value.is_string() && value.as_string().find("${{") != std::string::npos;
}

Parameters::Parameters(const json::Value& with) : with_(with) {
  if (!with.is_object() && !is_unrendered(with)) fault_at("", "invalid_type", "must be an object");
}

void Parameters::allow_only(std::initializer_list<std::string_view> names) {
  if (!with_.is_object()) return;
  for (const auto& [name, value] : with_.as_object())
    if (std::find(names.begin(), names.end(), name) == names.end())
      fault(name, "unknown_field", "there is no such field");
}

const json::Value* Parameters::known(std::string_view name) const {
  const json::Value* value = with_.find(name);
  return value == nullptr || value->is_null() || is_unrendered(*value) ? nullptr : value;
}

bool Parameters::has(std::string_view name) const {
  const json::Value* value = with_.find(name);
  return value != nullptr && !value->is_null();
}

void Parameters::require(std::string_view name) {
  if (with_.is_object() && !has(name)) fault(name, "required", "is missing");
}

std::optional<std::string> Parameters::text(std::string_view name) {
  const json::Value* value = known(name);
  if (value == nullptr) return std::nullopt;
  if (value->is_string()) return value->as_string();
  fault(name, "invalid_type", "must be a string");
  return std::nullopt;
}

std::optional<std::int64_t> Parameters::integer(std::string_view name, std::int64_t lowest,
                                                std::int64_t highest) {
  const json::Value* value = known(name);
  if (value == nullptr) return std::nullopt;
  if (!value->is_int()) {
    fault(name, "invalid_type", "must be an integer");
    return std::nullopt;
  }
  if (value->as_int() >= lowest && value->as_int() <= highest) return value->as_int();
  fault(name, "out_of_range", "must be from " + std::to_string(lowest) + " to " + std::to_string(highest));
  return std::nullopt;
}

std::optional<Millis> Parameters::duration(std::string_view name) {
  const json::Value* value = known(name);
  if (value == nullptr) return std::nullopt;
  constexpr double kLongestSeconds = 100.0 * 366 * 86'400;
  if (value->is_number() && value->as_double() >= 0 && value->as_double() <= kLongestSeconds)
    return Millis(static_cast<std::int64_t>(std::llround(value->as_double() * 1000)));
  if (value->is_string())
    if (const auto parsed = parse_duration(value->as_string())) return parsed;
  fault(name, "invalid_duration", "must be a duration as \"250ms\", \"10s\", \"5m\", or a number of seconds");
  return std::nullopt;
}

std::optional<bool> Parameters::flag(std::string_view name) {
  const json::Value* value = known(name);
  if (value == nullptr) return std::nullopt;
  if (value->is_bool()) return value->as_bool();
  fault(name, "invalid_type", "must be true or false");
  return std::nullopt;
}

std::vector<int> Parameters::integers(std::string_view name, int lowest, int highest) {
  std::vector<int> out;
  const json::Value* value = known(name);
  if (value == nullptr) return out;
  if (!value->is_array()) {
    fault(name, "invalid_type", "must be a list of integers");
    return out;
  }
  std::size_t index = 0;
  for (const json::Value& item : value->as_array()) {
    const std::string pointer = json::pointer_join("/" + std::string(name), index++);
    if (is_unrendered(item)) continue;
    if (!item.is_int())
      fault_at(pointer, "invalid_type", "must be an integer");
    else if (item.as_int() < lowest || item.as_int() > highest)
      fault_at(pointer, "out_of_range",
               "must be from " + std::to_string(lowest) + " to " + std::to_string(highest));
    else
      out.push_back(static_cast<int>(item.as_int()));
  }
  return out;
}

std::optional<std::string> Parameters::choice(std::string_view name,
                                              std::initializer_list<std::string_view> choices) {
  auto value = text(name);
  if (!value || std::find(choices.begin(), choices.end(), *value) != choices.end()) return value;
  std::string all;
  for (const std::string_view choice : choices) all.append(all.empty() ? "" : ", ").append(choice);
  fault(name, "invalid_value", "must be one of " + all);
  return std::nullopt;
}

const json::Object* Parameters::object(std::string_view name) {
  const json::Value* value = known(name);
  if (value == nullptr) return nullptr;
  if (value->is_object()) return &value->as_object();
  fault(name, "invalid_type", "must be an object");
  return nullptr;
}

void Parameters::fault(std::string_view name, std::string code, std::string message) {
  fault_at(json::pointer_join("", name), std::move(code), std::move(message));
}

void Parameters::fault_at(std::string pointer, std::string code, std::string message) {
  faults_.push_back({std::move(pointer), std::move(code), std::move(message)});
}

}  // namespace pawl::tools
