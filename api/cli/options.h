// The command line as typed → a command and its arguments, or what to print and the exit code.
// CLI11 is behind options.cc only.
#pragma once

#include <string>
#include <vector>

#include "api/cli/command.h"

namespace pawl::cli {

struct Invocation {
  const Command* command = nullptr;  ///< null: there is nothing to run, only this to print
  Arguments arguments;
  std::string out;
  std::string err;
  int exit_code = 0;
};

/// `words` without the program's name. Errors are told in `err` (one line, and where help is) with exit
/// code 2.
Invocation parse_command_line(const std::vector<std::string>& words, const std::vector<Command>& commands);

}  // namespace pawl::cli
