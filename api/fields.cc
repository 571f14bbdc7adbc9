#include "api/fields.h"

#include <algorithm>
#include <utility>

#include "api/limits.h"
#include "api/paging.h"
#include "common/base/time_format.h"

namespace pawl::api {

Fields::Fields(const json::Value& body, std::string pointer) : body_(body), pointer_(std::move(pointer)) {
  if (!body_.is_object()) faults_.push_back({pointer_, "wrong_type", "must be an object"});
}

const json::Value* Fields::take(std::string_view key) {
  known_.emplace(key);
  const json::Value* value = body_.find(key);
  return value == nullptr || value->is_null() ? nullptr : value;
}

bool Fields::has(std::string_view key) const {
  const json::Value* value = body_.find(key);
  return value != nullptr && !value->is_null();
}

void Fields::fault(std::string_view key, std::string code, std::string message) {
  faults_.push_back({json::pointer_join(pointer_, key), std::move(code), std::move(message)});
}

void Fields::add(std::vector<Fault> faults) {
  std::move(faults.begin(), faults.end(), std::back_inserter(faults_));
}

void Fields::require(std::string_view key) {
  if (body_.is_object() && !has(key)) fault(key, "required", "is required");
}

std::optional<std::string> Fields::text(std::string_view key, std::size_t min_length,
                                        std::size_t max_length) {
  const json::Value* value = take(key);
  if (value == nullptr) return std::nullopt;
  if (!value->is_string()) return fault(key, "wrong_type", "must be a string"), std::nullopt;
  const std::string& text = value->as_string();
  if (text.size() < min_length)
    return fault(key, "too_short", "must have at least " + std::to_string(min_length) + " characters"),
           std::nullopt;
  if (text.size() > max_length)
    return fault(key, "too_long", "must have at most " + std::to_string(max_length) + " characters"),
           std::nullopt;
  return text;
}

std::optional<std::int64_t> Fields::integer(std::string_view key, std::int64_t least, std::int64_t most) {
  const json::Value* value = take(key);
  if (value == nullptr) return std::nullopt;
  if (!value->is_int() && !value->is_uint())
    return fault(key, "wrong_type", "must be an integer"), std::nullopt;
  if (value->is_uint() || value->as_int() < least || value->as_int() > most) {
    return fault(key, "out_of_range",
                 "must be from " + std::to_string(least) + " to " + std::to_string(most)),
           std::nullopt;
  }
  return value->as_int();
}

std::optional<bool> Fields::flag(std::string_view key) {
  const json::Value* value = take(key);
  if (value == nullptr) return std::nullopt;
  if (!value->is_bool()) return fault(key, "wrong_type", "must be true or false"), std::nullopt;
  return value->as_bool();
}

std::optional<json::Value> Fields::object(std::string_view key) {
  const json::Value* value = take(key);
  if (value == nullptr) return std::nullopt;
  if (!value->is_object()) return fault(key, "wrong_type", "must be an object"), std::nullopt;
  return *value;
}

std::optional<json::Array> Fields::array(std::string_view key, std::size_t most) {
  const json::Value* value = take(key);
  if (value == nullptr) return std::nullopt;
  if (!value->is_array()) return fault(key, "wrong_type", "must be a list"), std::nullopt;
  if (value->as_array().size() > most)
    return fault(key, "too_many", "must have at most " + std::to_string(most) + " items"), std::nullopt;
  return value->as_array();
}

std::optional<WallTime> Fields::time(std::string_view key) {
  const json::Value* value = take(key);
  if (value == nullptr) return std::nullopt;
  const auto time = value->is_string() ? parse_rfc3339(value->as_string()) : std::nullopt;
  if (!time) fault(key, "invalid_time", "must be an RFC 3339 time, as 2026-12-01T00:00:00Z");
  return time;
}

std::optional<Millis> Fields::duration(std::string_view key) {
  const json::Value* value = take(key);
  if (value == nullptr) return std::nullopt;
  std::optional<Millis> duration;
  constexpr std::int64_t kMostSeconds = std::int64_t{100} * 366 * 86400;
  if (value->is_int() && value->as_int() >= 0 && value->as_int() <= kMostSeconds)
    duration = std::chrono::seconds(value->as_int());
  if (value->is_string()) duration = parse_duration(value->as_string());
  if (!duration) fault(key, "invalid_duration", "must be seconds or a duration, as 90 or \"5m\"");
  return duration;
}

std::optional<std::vector<std::string>> Fields::texts(std::string_view key, std::size_t most) {
  const auto items = array(key, most);
  if (!items) return std::nullopt;
  std::vector<std::string> out;
  for (const json::Value& item : *items) {
    if (!item.is_string()) return fault(key, "wrong_type", "must be a list of strings"), std::nullopt;
    out.push_back(item.as_string());
  }
  return out;
}

std::optional<json::Value> Fields::any(std::string_view key) {
  known_.emplace(key);
  const json::Value* value = body_.find(key);
  if (value == nullptr) return std::nullopt;
  return *value;
}

Result<void> Fields::finish() {
  if (body_.is_object()) {
    for (const auto& [key, value] : body_.as_object()) {
      if (!known_.contains(key)) fault(key, "unknown_field", "is not a field here");
    }
  }
  if (faults_.empty()) return {};
  return fail(faults_error(std::move(faults_)));
}

Error faults_error(std::vector<Fault> faults) {
  const bool all_unknown =
      std::all_of(faults.begin(), faults.end(), [](const Fault& f) { return f.code == "unknown_field"; });
  const bool all_denied =
      std::all_of(faults.begin(), faults.end(), [](const Fault& f) { return f.code == "policy_denied"; });
  Error error{ErrorKind::kInvalid,
              all_denied    ? "policy_denied"
              : all_unknown ? "unknown_field"
                            : "validation_failed",
              ""};
  const Fault& first = faults.front();
  error.message = (first.pointer.empty() ? std::string("the body") : first.pointer) + " " + first.message;
  if (faults.size() > 1) error.message += " (and " + std::to_string(faults.size() - 1) + " more faults)";
  error.faults = std::move(faults);
  return error;
}

namespace {

void walk(const json::Value& value, const std::string& pointer,
          const std::set<std::string, std::less<>>& free_members, std::vector<Fault>& faults) {
  if (value.is_string() && value.as_string().size() > kMaxString) {
    faults.push_back({pointer, "too_long", "is a string of more than 64 KiB"});
  } else if (value.is_array()) {
    std::size_t i = 0;
    for (const json::Value& item : value.as_array())
      walk(item, json::pointer_join(pointer, i++), free_members, faults);
  } else if (value.is_object()) {
    for (const auto& [key, member] : value.as_object()) {
      if (!free_members.contains(key)) walk(member, json::pointer_join(pointer, key), free_members, faults);
    }
  }
}

}  // namespace

std::vector<Fault> check_strings(const json::Value& body,
                                 const std::set<std::string, std::less<>>& free_members) {
  std::vector<Fault> faults;
  walk(body, "", free_members, faults);
  return faults;
}

Result<std::vector<ExecutionStatus>> parse_statuses(std::string_view list) {
  std::vector<ExecutionStatus> statuses;
  while (true) {
    const std::size_t comma = list.find(',');
    const auto status = parse_execution_status(list.substr(0, comma));
    if (!status) {
      return pawl::fail(query_fault(
          "status", "unknown_value",
          "must be pending, running, waiting, paused, completed, failed, cancelled or timed_out"));
    }
    statuses.push_back(*status);
    if (comma == std::string_view::npos) return statuses;
    list.remove_prefix(comma + 1);
  }
}

}  // namespace pawl::api
