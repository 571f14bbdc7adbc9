// pawl-sim: drives the pure core with cases from stdin, one JSON object a line in and out, on virtual time.
#include <array>
#include <iostream>
#include <string>
#include <string_view>

#include "common/json/parse.h"
#include "common/json/write.h"
#include "worker/sim/commands.h"

namespace {

struct Command {
  std::string_view name;
  pawl::Result<pawl::json::Value> (*run)(const pawl::json::Value& line);
};

constexpr std::array kCommands{
    Command{"breaker", pawl::sim::run_breaker_case},
    Command{"retry", pawl::sim::run_retry_case},
    Command{"budget", pawl::sim::run_budget_case},
    Command{"plan", pawl::sim::run_plan_case},
};

pawl::json::Value answer(const Command& command, const std::string& text) {
  using pawl::json::Object;
  using pawl::json::Value;
  const auto line = pawl::json::parse(text);
  const auto result = line ? command.run(*line) : tl::unexpected(line.error());
  if (result) return *result;
  const Value* id = line ? line->find("id") : nullptr;
  return Object{{"id", id != nullptr ? *id : Value()},
                {"error", Object{{"code", result.error().code}, {"message", result.error().message}}}};
}

}  // namespace

int main(int argc, char** argv) {
  const Command* chosen = nullptr;
  for (const Command& command : kCommands)
    if (argc == 2 && command.name == argv[1]) chosen = &command;
  if (chosen == nullptr) {
    std::cerr << "usage: pawl-sim";
    for (const Command& command : kCommands)
      std::cerr << (&command == kCommands.data() ? " " : "|") << command.name;
    std::cerr << " < cases.jsonl\n";
    return 2;
  }
  std::ios::sync_with_stdio(false);
  std::string text;
  while (std::getline(std::cin, text)) {
    if (text.find_first_not_of(" \t\r") == std::string::npos) continue;
    std::cout << pawl::json::write(answer(*chosen, text)) << '\n' << std::flush;
  }
  return 0;
}
