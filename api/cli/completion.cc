// `pawl completion`: scripts for bash, zsh and fish, written from the table of commands.
#include <algorithm>
#include <map>
#include <set>

#include "api/cli/commands.h"
#include "api/cli/context.h"
#include "api/cli/exit_code.h"

namespace pawl::cli {
namespace {

using Words = std::vector<std::string>;

/// "-f,--follow" → "-f", "--follow".
Words spellings(const Parameter& parameter) {
  Words out;
  std::string_view rest = parameter.name;
  while (!rest.empty()) {
    const std::size_t comma = rest.find(',');
    out.emplace_back(rest.substr(0, comma));
    rest = comma == std::string_view::npos ? std::string_view{} : rest.substr(comma + 1);
  }
  return out;
}

bool is_option(const Parameter& parameter) { return parameter.name.starts_with('-'); }
bool takes_value(const Parameter& parameter) {
  return parameter.shape == Shape::kValue || parameter.shape == Shape::kList;
}

std::string joined(const Words& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : " ") + word;
  return out;
}

/// In single quotes of a shell; fish and zsh read them alike.
std::string quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

/// What may follow each path of words: "" → first words, "task" → put get …, "task put" → its options.
std::map<std::string, Words> followers(const std::vector<Command>& commands) {
  std::map<std::string, Words> out;
  Words globals;
  for (const Parameter& parameter : global_parameters()) {
    for (std::string& word : spellings(parameter)) globals.push_back(std::move(word));
  }
  std::set<std::string> groups;
  for (const Command& command : commands) {
    const std::size_t space = command.path.find(' ');
    const std::string first = command.path.substr(0, space);
    if (groups.insert(first).second) out[""].push_back(first);
    if (space != std::string::npos) out[first].push_back(command.path.substr(space + 1));
    Words& own = out[command.path];
    for (const Parameter& parameter : command.parameters) {
      if (!is_option(parameter)) {
        own.insert(own.end(), parameter.choices.begin(), parameter.choices.end());
        continue;
      }
      for (std::string& word : spellings(parameter)) own.push_back(std::move(word));
    }
    own.insert(own.end(), globals.begin(), globals.end());
  }
  return out;
}

/// Options with a value: those with choices by choice, the others end in file names.
std::map<std::string, Words> values_of_options(const std::vector<Command>& commands) {
  std::map<std::string, Words> out;
  const auto add = [&out](const std::vector<Parameter>& parameters) {
    for (const Parameter& parameter : parameters) {
      if (!is_option(parameter) || !takes_value(parameter)) continue;
      for (const std::string& word : spellings(parameter)) out[word] = parameter.choices;
    }
  };
  add(global_parameters());
  for (const Command& command : commands) add(command.parameters);
  return out;
}

/// Bash and zsh share one: zsh runs it through bashcompinit.
std::string bash_script(const std::vector<Command>& commands) {
  std::string out =
      "# bash completion of pawl; load it with: source <(pawl completion bash)\n"
      "_pawl() {\n"
      "  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} path='' word i "
      "words=''\n"
      "  COMPREPLY=()\n"
      "  case $previous in\n";
  for (const auto& [option, choices] : values_of_options(commands)) {
    if (choices.empty())
      out += "    " + option + ") COMPREPLY=($(compgen -f -- \"$current\")); return ;;\n";
    else
      out += "    " + option + ") COMPREPLY=($(compgen -W " + quoted(joined(choices)) +
             " -- \"$current\")); return ;;\n";
  }
  out +=
      "  esac\n"
      "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
      "    word=${COMP_WORDS[i]}\n"
      "    case \"$path $word\" in\n";
  for (const auto& [path, words] : followers(commands)) {
    if (path.empty()) continue;
    const std::size_t space = path.find(' ');
    const std::string pattern = space == std::string::npos ? " " + path : path;
    out += "      " + quoted(pattern) + ") path=" + quoted(path) + " ;;\n";
  }
  out +=
      "    esac\n"
      "  done\n"
      "  case $path in\n";
  for (const auto& [path, words] : followers(commands))
    out += "    " + quoted(path) + ") words=" + quoted(joined(words)) + " ;;\n";
  out +=
      "  esac\n"
      "  COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
      "  if ((${#COMPREPLY[@]} == 0)); then COMPREPLY=($(compgen -f -- \"$current\")); fi\n"
      "}\n"
      "complete -F _pawl pawl\n";
  return out;
}

std::string zsh_script(const std::vector<Command>& commands) {
  return "#compdef pawl\n# zsh completion of pawl; load it with: source <(pawl completion zsh)\n"
         "autoload -U +X bashcompinit && bashcompinit\n" +
         bash_script(commands);
}

std::string fish_option(const Parameter& parameter, const std::string& condition) {
  std::string out = "complete -c pawl" + condition;
  for (const std::string& word : spellings(parameter)) {
    out += word.starts_with("--") ? " -l " + word.substr(2) : " -s " + word.substr(1);
  }
  if (takes_value(parameter))
    out += parameter.choices.empty() ? " -r" : " -x -a " + quoted(joined(parameter.choices));
  return out + " -d " + quoted(parameter.help) + "\n";
}

std::string fish_script(const std::vector<Command>& commands) {
  std::string out = "# fish completion of pawl; load it with: pawl completion fish | source\n";
  for (const Parameter& parameter : global_parameters()) out += fish_option(parameter, "");
  std::set<std::string> seen;
  for (const Command& command : commands) {
    const std::size_t space = command.path.find(' ');
    const std::string first = command.path.substr(0, space);
    std::string condition = " -n '__fish_seen_subcommand_from " + first + "'";
    if (seen.insert(first).second) {
      const std::string_view group = group_summary(first);
      out += "complete -c pawl -n __fish_use_subcommand -a " + first + " -d " +
             quoted(space == std::string::npos ? std::string_view(command.summary) : group) + "\n";
    }
    if (space != std::string::npos) {
      const std::string second = command.path.substr(space + 1);
      out += "complete -c pawl" + condition + " -f -a " + second + " -d " + quoted(command.summary) + "\n";
      condition =
          " -n '__fish_seen_subcommand_from " + first + "; and __fish_seen_subcommand_from " + second + "'";
    }
    for (const Parameter& parameter : command.parameters) {
      if (is_option(parameter)) out += fish_option(parameter, condition);
    }
  }
  return out;
}

Result<int> completion(Context& context, const Arguments& arguments) {
  const std::string& shell = arguments.text("SHELL");
  const std::vector<Command>& commands = all_commands();
  context.screen.out(shell == "fish"  ? fish_script(commands)
                     : shell == "zsh" ? zsh_script(commands)
                                      : bash_script(commands));
  return kExitCompleted;
}

}  // namespace

std::vector<Command> completion_commands() {
  return {{"completion",
           "print a script that completes commands in a shell",
           {{Shape::kPositional, "SHELL", "the shell", "SHELL", {"bash", "zsh", "fish"}}},
           completion,
           "  source <(pawl completion bash)"}};
}

}  // namespace pawl::cli
