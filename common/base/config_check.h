// Whether a text is a legal value of a configuration key: its type, its bounds, its shape.
#pragma once

#include <optional>
#include <string_view>

#include "common/base/config.h"

namespace pawl {

/// The key called `name` (underscores), or nullptr.
const ConfigKey* find_config_key(std::string_view name);

/// Errors: kInvalid, code invalid_configuration, one line with key, source, what is allowed.
Result<void> check_config_value(const ConfigKey& key, std::string_view value, std::string_view source);

/// The error for a key nobody knows, with the nearest one that exists. `shown` is the name as the user wrote
/// it.
Error unknown_config_key(std::string_view shown, std::string_view name, std::string_view source);

std::optional<std::int64_t> parse_config_int(std::string_view text);
std::optional<double> parse_config_double(std::string_view text);
/// true/false, yes/no, on/off, 1/0.
std::optional<bool> parse_config_bool(std::string_view text);
/// A plan duration, or digits alone for seconds.
std::optional<Millis> parse_config_duration(std::string_view text);

}  // namespace pawl
