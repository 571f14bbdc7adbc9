#include "common/base/config_file.h"

#include <fstream>
#include <optional>
#include <string_view>
#include <toml.hpp>

namespace pawl {
namespace {

std::string first_line(std::string_view text) { return std::string(text.substr(0, text.find('\n'))); }

std::optional<std::string> scalar_text(const toml::value& value) {
  if (value.is_string()) return toml::get<std::string>(value);
  if (value.is_boolean()) return toml::get<bool>(value) ? "true" : "false";
  if (value.is_integer()) return std::to_string(toml::get<std::int64_t>(value));
  if (value.is_floating()) {
    std::string text = std::to_string(toml::get<double>(value));
    return text;
  }
  return std::nullopt;
}

std::optional<std::string> value_text(const toml::value& value) {
  if (!value.is_array()) return scalar_text(value);
  std::string joined;
  for (const toml::value& item : value.as_array()) {
    const auto text = scalar_text(item);
    if (!text) return std::nullopt;
    if (!joined.empty()) joined += ',';
    joined += *text;
  }
  return joined;
}

}  // namespace

Result<std::vector<std::pair<std::string, std::string>>> read_config_file(const std::string& path) {
  const auto refuse = [&](const std::string& why) {
    return fail(ErrorKind::kInvalid, "invalid_configuration", "configuration file " + path + ": " + why);
  };
  std::ifstream file(path);
  if (!file) return refuse("cannot be read");
  try {
    const toml::value document = toml::parse(file, path);
    std::vector<std::pair<std::string, std::string>> pairs;
    for (const auto& [key, value] : document.as_table()) {
      auto text = value_text(value);
      if (!text) return refuse("key " + key + " must be a text, a number, a boolean or a list of those");
      pairs.emplace_back(key, std::move(*text));
    }
    return pairs;
  } catch (const std::exception& error) {
    return refuse(first_line(error.what()));
  }
}

}  // namespace pawl
