// The commands of each group. Adding one is a row here and a function beside it.
#pragma once

#include <vector>

#include "api/cli/command.h"

namespace pawl::cli {

std::vector<Command> run_commands();
std::vector<Command> execution_commands();
std::vector<Command> control_commands();
std::vector<Command> log_commands();
std::vector<Command> task_commands();
std::vector<Command> session_commands();
std::vector<Command> admin_commands();
std::vector<Command> doctor_commands();
std::vector<Command> migrate_commands();
std::vector<Command> completion_commands();

/// All of them, in the order of the help.
const std::vector<Command>& all_commands();

}  // namespace pawl::cli
