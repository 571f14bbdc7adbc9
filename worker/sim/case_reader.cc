#include "worker/sim/case_reader.h"

#include <charconv>
#include <cmath>
#include <utility>

#include "common/base/time_format.h"

namespace pawl::sim {
namespace {

auto wrong(std::string_view key, std::string_view expected) {
  return fail(ErrorKind::kInvalid, "bad_case", std::string(key) + " must be " + std::string(expected));
}

}  // namespace

const json::Value* CaseReader::find(std::string_view key) const {
  const json::Value* value = object_ == nullptr ? nullptr : object_->find(key);
  return value == nullptr || value->is_null() ? nullptr : value;
}

Result<double> CaseReader::number(std::string_view key, double otherwise) const {
  const json::Value* value = find(key);
  if (value == nullptr) return otherwise;
  if (!value->is_number()) return wrong(key, "a number");
  return value->as_double();
}

Result<std::int64_t> CaseReader::integer(std::string_view key, std::int64_t otherwise) const {
  const json::Value* value = find(key);
  if (value == nullptr) return otherwise;
  if (value->is_int()) return value->as_int();
  if (!value->is_double() || std::abs(value->as_double()) > 1e15) return wrong(key, "an integer");
  return static_cast<std::int64_t>(value->as_double());
}

Result<bool> CaseReader::flag(std::string_view key, bool otherwise) const {
  const json::Value* value = find(key);
  if (value == nullptr) return otherwise;
  if (!value->is_bool()) return wrong(key, "true or false");
  return value->as_bool();
}

Result<std::string> CaseReader::text(std::string_view key, std::string otherwise) const {
  const json::Value* value = find(key);
  if (value == nullptr) return otherwise;
  if (!value->is_string()) return wrong(key, "a string");
  return value->as_string();
}

Result<Millis> CaseReader::duration(std::string_view key, Millis otherwise) const {
  const json::Value* value = find(key);
  if (value == nullptr) return otherwise;
  if (value->is_number()) return Millis(static_cast<std::int64_t>(std::llround(value->as_double() * 1000.0)));
  if (!value->is_string()) return wrong(key, "a duration");
  return read_duration(value->as_string());
}

Result<std::vector<std::string>> CaseReader::texts(std::string_view key) const {
  std::vector<std::string> out;
  const json::Value* value = find(key);
  if (value == nullptr) return out;
  if (!value->is_array()) return wrong(key, "a list of strings");
  for (const json::Value& item : value->as_array()) {
    if (!item.is_string()) return wrong(key, "a list of strings");
    out.push_back(item.as_string());
  }
  return out;
}

Result<Millis> read_duration(std::string_view text) {
  if (const auto parsed = parse_duration(text)) return *parsed;
  double seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size() ||
      !(seconds >= 0 && seconds < 4e9))
    return fail(ErrorKind::kInvalid, "bad_case", "not a duration: " + std::string(text));
  return Millis(static_cast<std::int64_t>(std::llround(seconds * 1000.0)));
}

json::Value plain_number(double value) {
  const double whole = std::round(value);
  if (std::abs(value - whole) < 1e-9 && std::abs(whole) < 1e15) return {static_cast<std::int64_t>(whole)};
  return {value};
}

}  // namespace pawl::sim
