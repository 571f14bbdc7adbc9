#include "common/base/config_check.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "common/base/limits.h"
#include "common/base/time_format.h"

namespace pawl {
namespace {

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j < row.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0u : 1u);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row.back();
}

template <typename T>
std::optional<T> parse_number(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool is_one_of(std::string_view value, std::string_view choices) {
  while (!choices.empty()) {
    const std::size_t bar = std::min(choices.find('|'), choices.size());
    if (value == choices.substr(0, bar)) return true;
    choices.remove_prefix(std::min(bar + 1, choices.size()));
  }
  return false;
}

bool is_host_port(std::string_view value) {
  const std::size_t colon = value.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return false;
  const auto port = parse_number<unsigned>(value.substr(colon + 1));
  return port && *port <= 65535;
}

bool is_url(std::string_view value) {
  return value.empty() ||
         (value.find("://") != std::string_view::npos && value.find_first_of(" \t\r\n") == value.npos);
}

bool is_window(std::string_view value) {
  if (value.starts_with("count:")) {
    const auto calls = parse_number<std::int64_t>(value.substr(6));
    return calls && *calls >= 1 && *calls <= 1'000'000;
  }
  if (!value.starts_with("time:")) return false;
  const auto span = parse_duration(value.substr(5));
  return span && *span >= Millis(100) && *span <= std::chrono::hours(24);
}

/// What a good value looks like, for the error message.
std::string allowed(const ConfigKey& key) {
  const auto number = [](double d) {
    return d == std::floor(d) ? std::to_string(static_cast<std::int64_t>(d)) : std::to_string(d);
  };
  const auto span = [](double ms) { return format_duration(Millis(static_cast<std::int64_t>(ms))); };
  switch (key.type) {
    case ConfigType::kInt: return "an integer from " + number(key.min) + " to " + number(key.max);
    case ConfigType::kDouble: return "a number from " + number(key.min) + " to " + number(key.max);
    case ConfigType::kBool: return "true or false";
    case ConfigType::kDuration:
      return "a duration from " + span(key.min) + " to " + span(key.max) + ", as 15s";
    case ConfigType::kList: return "a comma-separated list without empty items";
    case ConfigType::kString: break;
  }
  if (key.shape == "host:port") return "host:port, as 127.0.0.1:7070";
  if (key.shape == "url") return "a URL, as scheme://user:password@host:port/path";
  if (key.shape == "window") return "count:N (1 to 1000000) or time:DURATION (100ms to 24h)";
  if (key.shape.empty()) return "a text without control characters";
  return "one of " + std::string(key.shape);
}

bool is_within(const ConfigKey& key, double value) { return value >= key.min && value <= key.max; }

bool has_control_character(std::string_view value) {
  return std::any_of(value.begin(), value.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; });
}

bool is_legal_text(const ConfigKey& key, std::string_view value) {
  if (has_control_character(value)) return false;
  if (key.shape.empty()) return true;
  if (key.shape == "host:port") return is_host_port(value);
  if (key.shape == "url") return is_url(value);
  if (key.shape == "window") return is_window(value);
  return is_one_of(value, key.shape);
}

bool is_legal_list(std::string_view value) {
  if (has_control_character(value)) return false;
  return value.empty() ||
         (!value.starts_with(',') && !value.ends_with(',') && value.find(",,") == value.npos);
}

bool is_legal(const ConfigKey& key, std::string_view value) {
  switch (key.type) {
    case ConfigType::kString: return is_legal_text(key, value);
    case ConfigType::kList: return is_legal_list(value);
    case ConfigType::kBool: return parse_config_bool(value).has_value();
    case ConfigType::kInt: {
      const auto number = parse_config_int(value);
      return number && is_within(key, static_cast<double>(*number));
    }
    case ConfigType::kDouble: {
      const auto number = parse_config_double(value);
      return number && std::isfinite(*number) && is_within(key, *number);
    }
    case ConfigType::kDuration: {
      const auto duration = parse_config_duration(value);
      return duration && is_within(key, static_cast<double>(duration->count()));
    }
  }
  return false;
}

}  // namespace

const ConfigKey* find_config_key(std::string_view name) {
  const auto keys = config_keys();
  const auto found =
      std::find_if(keys.begin(), keys.end(), [&](const ConfigKey& key) { return key.name == name; });
  return found == keys.end() ? nullptr : &*found;
}

Result<void> check_config_value(const ConfigKey& key, std::string_view value, std::string_view source) {
  if (is_legal(key, value)) return {};
  std::string message = "bad value for " + std::string(key.name) + " (from " + std::string(source) + ")";
  if (!key.is_secret && !has_control_character(value)) message += ": '" + std::string(value) + "'";
  return fail(ErrorKind::kInvalid, "invalid_configuration", message + "; it must be " + allowed(key));
}

Error unknown_config_key(std::string_view shown, std::string_view name, std::string_view source) {
  std::string message =
      "unknown configuration key " + std::string(shown) + " (from " + std::string(source) + ")";
  const ConfigKey* nearest = nullptr;
  std::size_t best = kMaxKeyDistance + 1;
  for (const ConfigKey& key : config_keys()) {
    const std::size_t distance = edit_distance(name, key.name);
    if (distance >= best) continue;
    best = distance;
    nearest = &key;
  }
  if (nearest != nullptr)
    message += "; did you mean " + std::string(nearest->name) + "?";
  else
    message += "; --print-config lists all keys";
  return Error{ErrorKind::kInvalid, "invalid_configuration", std::move(message), {}, {}};
}

std::optional<std::int64_t> parse_config_int(std::string_view text) {
  return parse_number<std::int64_t>(text);
}
std::optional<double> parse_config_double(std::string_view text) { return parse_number<double>(text); }

std::optional<bool> parse_config_bool(std::string_view text) {
  if (text == "true" || text == "yes" || text == "on" || text == "1") return true;
  if (text == "false" || text == "no" || text == "off" || text == "0") return false;
  return std::nullopt;
}

std::optional<Millis> parse_config_duration(std::string_view text) {
  if (!text.empty() && text.find_first_not_of("0123456789") == text.npos)
    return parse_duration(std::string(text) + "s");
  return parse_duration(text);
}

}  // namespace pawl
