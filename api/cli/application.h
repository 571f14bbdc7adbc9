// The whole program but for its surroundings: words in, exit code out.
#pragma once

#include <string>
#include <vector>

#include "api/cli/context.h"

namespace pawl::cli {

/// Runs the command that `words` (without the program's name) ask for. An error is one line on stderr.
int run_application(const std::vector<std::string>& words, World& world);

}  // namespace pawl::cli
