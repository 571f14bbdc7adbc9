#include "api/cli/application.h"

#include <algorithm>

#include "api/cli/commands.h"
#include "api/cli/exit_code.h"
#include "api/cli/options.h"
#include "api/cli/text.h"

namespace pawl::cli {
namespace {

/// Line breaks and tabs (libpq sends some) as blanks: an error is one line.
std::string one_line(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c == '\n' || c == '\t'; }, ' ');
  return escaped(text);
}

/// What went wrong and what to do next; the faults of an input below, one a line.
void print_error(Screen& screen, const Error& error) {
  std::string text = "pawl: " + one_line(error.message);
  if (!error.suggestion.empty()) text += "; " + one_line(error.suggestion);
  text += '\n';
  for (const Fault& fault : error.faults) {
    text += "  " + escaped(fault.pointer.empty() ? "(document)" : fault.pointer) + ": " +
            one_line(fault.message) + '\n';
  }
  screen.err(text);
}

Format format_of(const std::string& word) {
  if (word == "json") return Format::kJson;
  if (word == "jsonl") return Format::kJsonLines;
  if (word == "yaml") return Format::kYaml;
  return Format::kTable;
}

}  // namespace

int run_application(const std::vector<std::string>& words, World& world) {
  const Invocation invocation = parse_command_line(words, all_commands());
  if (invocation.command == nullptr) {
    world.screen.out(invocation.out);
    world.screen.err(invocation.err);
    return invocation.exit_code;
  }
  auto settings = load_settings(invocation.arguments, world.environment, world.read_file);
  if (!settings) {
    print_error(world.screen, settings.error());
    return kExitUsage;
  }
  Context context{world, world.screen, std::move(*settings), format_of(invocation.arguments.text("output")),
                  invocation.arguments.has("quiet")};
  const Result<int> code = invocation.command->run(context, invocation.arguments);
  if (code) return *code;
  print_error(world.screen, code.error());
  return exit_code_of(code.error().kind);
}

}  // namespace pawl::cli
