#include "api/cli/commands.h"

#include <iterator>

namespace pawl::cli {
namespace {

std::vector<Command> collect() {
  std::vector<Command> all;
  for (const auto& group :
       {run_commands, execution_commands, log_commands, control_commands, task_commands, session_commands,
        admin_commands, doctor_commands, migrate_commands, completion_commands}) {
    std::vector<Command> commands = group();
    std::move(commands.begin(), commands.end(), std::back_inserter(all));
  }
  return all;
}

}  // namespace

const std::vector<Command>& all_commands() {
  static const std::vector<Command> commands = collect();
  return commands;
}

}  // namespace pawl::cli
