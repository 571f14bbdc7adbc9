#include "common/plan/fields.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "common/base/time_format.h"

namespace pawl::plan {
namespace {

struct SizeUnit {
  std::string_view name;
  double bytes;
};
constexpr SizeUnit kSizeUnits[] = {
    {"B", 1},    {"KiB", 0x1p10}, {"MiB", 0x1p20}, {"GiB", 0x1p30}, {"TiB", 0x1p40},
    {"KB", 1e3}, {"MB", 1e6},     {"GB", 1e9},     {"TB", 1e12},
};

std::optional<std::int64_t> parse_size(std::string_view text) {
  double amount = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), amount, std::chars_format::fixed);
  if (error != std::errc() || !std::isfinite(amount) || amount < 0) return std::nullopt;
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  for (const SizeUnit& known : kSizeUnits) {
    if (unit == known.name && amount * known.bytes < 0x1p53)
      return static_cast<std::int64_t>(amount * known.bytes);
  }
  return std::nullopt;
}

std::string range_text(const std::string& least, const std::string& most) {
  return "must lie between " + least + " and " + most;
}

}  // namespace

bool is_identifier(std::string_view text, std::string_view extra, std::size_t most) {
  if (text.empty() || text.size() > most) return false;
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           extra.find(c) != std::string_view::npos;
  });
}

std::string join_choices(std::initializer_list<std::string_view> choices) {
  std::string out;
  for (const auto* it = choices.begin(); it != choices.end(); ++it) {
    if (it != choices.begin()) out += it + 1 == choices.end() ? " or " : ", ";
    out += *it;
  }
  return out;
}

tl::expected<Millis, Fault> read_duration(const json::Value& value, DurationRange range) {
  Millis duration{0};
  const Fault out_of_range{"", "out_of_range",
                           range_text(format_duration(range.least), format_duration(range.most))};
  if (value.is_string()) {
    const std::string& text = value.as_string();
    if (text.starts_with('-')) return tl::unexpected(out_of_range);
    const auto parsed = parse_duration(text);
    if (!parsed)
      return tl::unexpected(Fault{"", "invalid_duration", "not a duration; write 250ms, 10s, 5m, 2h or 7d"});
    duration = *parsed;
  } else if (value.is_int()) {
    const std::int64_t seconds = value.as_int();
    if (seconds < 0 || seconds > kMaxDuration.count() / 1000) return tl::unexpected(out_of_range);
    duration = std::chrono::seconds(seconds);
  } else if (value.is_uint()) {
    return tl::unexpected(out_of_range);
  } else {
    return tl::unexpected(Fault{"", "wrong_type", "must be whole seconds or a duration as \"5m\""});
  }
  if (duration < range.least || duration > range.most) return tl::unexpected(out_of_range);
  return duration;
}

std::optional<Template> read_template(const json::Value& value, const std::string& pointer,
                                      FaultList& faults) {
  auto parsed = Template::parse(value);
  if (parsed) return std::move(*parsed);
  faults.add_below(pointer, std::move(parsed.error().faults));
  return std::nullopt;
}

Fields::Fields(const json::Value& value, std::string pointer, FaultList& faults)
    : pointer_(std::move(pointer)), faults_(faults) {
  if (value.is_object())
    object_ = &value.as_object();
  else
    faults_.add(pointer_, "wrong_type", "must be an object, not " + std::string(value.type_name()));
}

bool Fields::has(std::string_view key) const { return object_ != nullptr && object_->contains(key); }

const json::Value* Fields::take(std::string_view key) {
  known_.push_back(key);
  return object_ == nullptr ? nullptr : object_->find(key);
}

const json::Value* Fields::require(std::string_view key) {
  const json::Value* value = take(key);
  if (value == nullptr && object_ != nullptr) fault(key, "required", "is required");
  return value;
}

void Fields::fault(std::string_view key, std::string code, std::string message) {
  faults_.add(at(key), std::move(code), std::string(key) + " " + std::move(message));
}

void Fields::wrong_type(std::string_view key, std::string_view wanted, const json::Value& value) {
  fault(key, "wrong_type", "must be " + std::string(wanted) + ", not " + std::string(value.type_name()));
}

std::optional<std::string> Fields::text(std::string_view key) {
  const json::Value* value = take(key);
  if (value == nullptr) return std::nullopt;
  if (!value->is_string()) {
    wrong_type(key, "a string", *value);
    return std::nullopt;
  }
  if (value->as_string().size() > kMaxText) {
    fault(key, "too_long", "is over 64 KiB");
    return std::nullopt;
  }
  return value->as_string();
}

std::optional<bool> Fields::boolean(std::string_view key) {
  const json::Value* value = take(key);
  if (value == nullptr) return std::nullopt;
  if (value->is_bool()) return value->as_bool();
  wrong_type(key, "true or false", *value);
  return std::nullopt;
}

std::optional<std::int64_t> Fields::integer(std::string_view key, std::int64_t least, std::int64_t most,
                                            const char* over_code) {
  const json::Value* value = take(key);
  if (value == nullptr) return std::nullopt;
  if (!value->is_int() && !value->is_uint()) {
    wrong_type(key, "an integer", *value);
    return std::nullopt;
  }
  const bool is_over = value->is_uint() || value->as_int() > most;
  if (!is_over && value->as_int() >= least) return value->as_int();
  fault(key, is_over ? over_code : "out_of_range", range_text(std::to_string(least), std::to_string(most)));
  return std::nullopt;
}

std::optional<double> Fields::number(std::string_view key, double least, double most) {
  const json::Value* value = take(key);
  if (value == nullptr) return std::nullopt;
  if (!value->is_number()) {
    wrong_type(key, "a number", *value);
    return std::nullopt;
  }
  const double number = value->as_double();
  if (number >= least && number <= most) return number;
  fault(key, "out_of_range", range_text(std::to_string(least), std::to_string(most)));
  return std::nullopt;
}

std::optional<Millis> Fields::duration(std::string_view key, DurationRange range) {
  const json::Value* value = take(key);
  if (value == nullptr) return std::nullopt;
  auto duration = read_duration(*value, range);
  if (duration) return *duration;
  fault(key, duration.error().code, duration.error().message);
  return std::nullopt;
}

std::optional<std::int64_t> Fields::bytes(std::string_view key, std::string_view suffix) {
  const json::Value* value = take(key);
  if (value == nullptr) return std::nullopt;
  const std::string example = "256MiB" + std::string(suffix);
  std::optional<std::int64_t> size;
  if (value->is_int()) {
    size = value->as_int();
  } else if (value->is_string()) {
    std::string_view text = value->as_string();
    if (!suffix.empty() && text.ends_with(suffix)) text.remove_suffix(suffix.size());
    size = parse_size(text);
    if (!size) fault(key, "invalid_size", "is no size; write " + example);
  } else {
    wrong_type(key, "bytes or a size as \"" + example + "\"", *value);
  }
  if (size && *size <= 0) {
    fault(key, "out_of_range", "must be more than 0");
    return std::nullopt;
  }
  return size;
}

std::optional<std::size_t> Fields::choice(std::string_view key,
                                          std::initializer_list<std::string_view> choices) {
  const auto value = text(key);
  if (!value) return std::nullopt;
  const auto* const found = std::find(choices.begin(), choices.end(), std::string_view(*value));
  if (found != choices.end()) return static_cast<std::size_t>(found - choices.begin());
  fault(key, "invalid_choice", "must be " + join_choices(choices));
  return std::nullopt;
}

std::vector<std::string> Fields::texts(std::string_view key, std::size_t most) {
  std::vector<std::string> out;
  const json::Value* value = take(key);
  if (value == nullptr) return out;
  if (!value->is_array()) {
    wrong_type(key, "a list of strings", *value);
    return out;
  }
  const json::Array& items = value->as_array();
  if (items.size() > most) fault(key, "out_of_range", "has more than " + std::to_string(most) + " entries");
  for (std::size_t i = 0; i < std::min(items.size(), most); ++i) {
    if (items[i].is_string())
      out.push_back(items[i].as_string());
    else
      faults_.add(json::pointer_join(at(key), i), "wrong_type", "must be a string");
  }
  return out;
}

std::optional<Template> Fields::value_template(std::string_view key) {
  const json::Value* value = take(key);
  if (value == nullptr) return std::nullopt;
  return read_template(*value, at(key), faults_);
}

std::optional<Template> Fields::condition(std::string_view key) {
  const json::Value* value = take(key);
  if (value == nullptr) return std::nullopt;
  if (value->is_bool()) return read_template(*value, at(key), faults_);
  if (!value->is_string()) {
    wrong_type(key, "an expression", *value);
    return std::nullopt;
  }
  auto parsed = Template::parse_expression(value->as_string());
  if (parsed) return std::move(*parsed);
  faults_.add_below(at(key), std::move(parsed.error().faults));
  return std::nullopt;
}

void Fields::finish() {
  if (object_ == nullptr) return;
  for (const auto& [key, value] : *object_) {
    if (std::find(known_.begin(), known_.end(), key) != known_.end()) continue;
    faults_.add(at(key), "unknown_field", "there is no field '" + key.substr(0, 64) + "' here");
  }
}

}  // namespace pawl::plan
