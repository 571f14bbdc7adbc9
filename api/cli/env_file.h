// Reads files of shell assignments, as deploy/local writes them. They are parsed, never run: no expansion, no
// commands.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace pawl::cli {

using Assignments = std::map<std::string, std::string, std::less<>>;

/// `NAME=value`, `export NAME=value`, 'single' and "double" quotes, backslashes, # comments. Lines that are
/// something else are passed over; the last assignment of a name wins.
Assignments parse_env_file(std::string_view text);

}  // namespace pawl::cli
