// The configuration file: TOML, flat, one key a line; lists may be arrays.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "common/base/result.h"

namespace pawl {

/// Reads `path` into (key, text) pairs in no particular order; arrays become comma lists.
/// Errors: kInvalid, code invalid_configuration, one line.
Result<std::vector<std::pair<std::string, std::string>>> read_config_file(const std::string& path);

}  // namespace pawl
