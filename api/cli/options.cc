#include "api/cli/options.h"

#include <CLI/CLI.hpp>
#include <deque>
#include <map>
#include <memory>

#include "api/cli/exit_code.h"
#include "api/cli/text.h"
#include "common/process/program.h"

namespace pawl::cli {
namespace {

/// One parameter's place to parse into; CLI11 keeps pointers to these.
struct Slot {
  const Parameter* parameter;
  CLI::Option* option = nullptr;
  std::string value;
  std::vector<std::string> values;  // of a list
  bool flag = false;
};

struct Node {
  CLI::App* app = nullptr;
  const Command* command = nullptr;
  std::deque<Slot> slots;
};

/// Help as kubectl has it: short, wide columns, the value's name behind the option.
class HelpFormatter final : public CLI::Formatter {
 public:
  HelpFormatter() { column_width(34); }
  std::string make_option_opts(const CLI::Option* option) const override {
    const std::string& name = option->get_type_name();
    return name.empty() ? "" : " " + name;
  }
};

void add_parameter(CLI::App& app, Slot& slot) {
  const Parameter& parameter = *slot.parameter;
  if (parameter.shape == Shape::kFlag) {
    slot.option = app.add_flag(parameter.name, slot.flag, parameter.help);
    return;
  }
  if (parameter.shape == Shape::kList) {
    slot.option = app.add_option(parameter.name, slot.values, parameter.help)->allow_extra_args(false);
  } else {
    slot.option = app.add_option(parameter.name, slot.value, parameter.help);
  }
  slot.option->type_name(parameter.name.starts_with('-') ? parameter.value : "");
  if (parameter.shape == Shape::kPositional) slot.option->required();
  if (!parameter.choices.empty()) {
    slot.option->check([choices = parameter.choices](const std::string& given) {
      std::string all;
      for (const std::string& choice : choices) {
        if (choice == given) return std::string();
        all += (all.empty() ? "" : ", ") + choice;
      }
      return "'" + given + "' is not one of " + all;
    });
  }
}

/// The CLI11 tree of one parse.
class Tree {
 public:
  explicit Tree(const std::vector<Command>& commands) {
    root_.formatter(std::make_shared<HelpFormatter>());
    root_.set_help_flag("-h,--help", "print this help");
    root_.set_version_flag("--version", "pawl " + std::string(process::kVersion), "print the version");
    root_.require_subcommand(1);
    root_.fallthrough();
    globals_.app = &root_;
    for (const Parameter& parameter : global_parameters()) {
      add_parameter(root_, globals_.slots.emplace_back(Slot{&parameter, nullptr, {}, {}, false}));
    }
    for (const Command& command : commands) add(command);
  }

  CLI::App& root() { return root_; }

  /// The deepest command that was named; the root when none was.
  CLI::App& named() {
    CLI::App* app = &root_;
    while (!app->get_subcommands().empty()) app = app->get_subcommands().front();
    return *app;
  }

  Invocation invocation() {
    Invocation out;
    CLI::App* app = &named();
    for (Node& node : nodes_) {
      if (node.app != app) continue;
      out.command = node.command;
      take(node, out.arguments);
      for (const Parameter& parameter : node.command->parameters) {
        if (parameter.shape == Shape::kRest) out.arguments.set(parameter.key(), app->remaining());
      }
    }
    take(globals_, out.arguments);
    return out;
  }

 private:
  CLI::App& parent_of(const std::string& path) {
    const std::size_t space = path.find(' ');
    if (space == std::string::npos) return root_;
    const std::string word = path.substr(0, space);
    CLI::App*& group = groups_[word];
    if (group == nullptr) {
      group = root_.add_subcommand(word, std::string(group_summary(word)));
      group->require_subcommand(1);
    }
    return *group;
  }

  void add(const Command& command) {
    Node& node = nodes_.emplace_back();
    node.command = &command;
    const std::size_t space = command.path.rfind(' ');
    node.app = parent_of(command.path)
                   .add_subcommand(space == std::string::npos ? command.path : command.path.substr(space + 1),
                                   command.summary);
    if (!command.details.empty()) node.app->footer(command.details);
    for (const Parameter& parameter : command.parameters) {
      if (parameter.shape == Shape::kRest) {
        node.app->prefix_command();
        node.app->fallthrough(false);
        node.app->set_help_flag();
        continue;
      }
      add_parameter(*node.app, node.slots.emplace_back(Slot{&parameter, nullptr, {}, {}, false}));
    }
  }

  static void take(Node& node, Arguments& arguments) {
    for (Slot& slot : node.slots) {
      if (slot.option->count() == 0) continue;
      const bool is_list = slot.parameter->shape == Shape::kList;
      arguments.set(slot.parameter->key(), is_list ? slot.values : std::vector{slot.value});
    }
  }

  CLI::App root_{"Runs multi-step jobs and never loses a finished step.", "pawl"};
  Node globals_;
  std::deque<Node> nodes_;
  std::map<std::string, CLI::App*> groups_;
};

std::string full_name(const CLI::App& app) {
  const std::string own = app.get_name();
  return app.get_parent() == nullptr ? own : full_name(*app.get_parent()) + " " + own;
}

std::string lower_first(std::string text) {
  if (text.size() > 1 && text[0] >= 'A' && text[0] <= 'Z' && !(text[1] >= 'A' && text[1] <= 'Z')) {
    text[0] = static_cast<char>(text[0] - 'A' + 'a');
  }
  return text.substr(0, text.find('\n'));
}

}  // namespace

Invocation parse_command_line(const std::vector<std::string>& words, const std::vector<Command>& commands) {
  Tree tree(commands);
  try {
    tree.root().parse(std::vector<std::string>(words.rbegin(), words.rend()));
    return tree.invocation();
  } catch (const CLI::CallForHelp&) {
    const CLI::App* const above = tree.named().get_parent();
    return {nullptr, {}, tree.named().help(above == nullptr ? "" : full_name(*above)), "", 0};
  } catch (const CLI::CallForVersion& version) {
    return {nullptr, {}, std::string(version.what()) + "\n", "", 0};
  } catch (const CLI::ParseError& error) {
    const std::string name = full_name(tree.named());
    const std::vector<std::string> left = tree.named().remaining();
    const bool is_unknown = error.get_exit_code() == static_cast<int>(CLI::ExitCodes::RequiredError) &&
                            tree.named().get_require_subcommand_min() > 0 && !left.empty();
    const std::string what =
        is_unknown ? "'" + escaped(left.front()) + "' is no command" : escaped(lower_first(error.what()));
    return {nullptr, {}, "", "pawl: " + what + "; see: " + name + " --help\n", kExitUsage};
  }
}

}  // namespace pawl::cli
