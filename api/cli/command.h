// What a command is: its words, its parameters, what it does. The table of commands (commands.h) is made of
// these; options.cc parses by it, completion.cc completes by it.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"

namespace pawl::cli {

enum class Shape : unsigned char {
  kPositional,  ///< must be there
  kOptional,    ///< a positional that may be left out
  kRest,        ///< whatever follows, handed on untouched
  kFlag,
  kValue,
  kList,  ///< an option that may be given many times
};

struct Parameter {
  Shape shape;
  std::string name;  ///< "EXEC" or "--label" or "-f,--follow"
  std::string help;
  std::string value = "TEXT";             ///< what stands for the value in the help
  std::vector<std::string> choices = {};  ///< any value when empty

  /// The key in Arguments: the long name without dashes, or the positional's word.
  [[nodiscard]] std::string key() const;
};

/// What was given on the command line, by key.
class Arguments {
 public:
  void set(std::string key, std::vector<std::string> values) { values_[std::move(key)] = std::move(values); }
  [[nodiscard]] bool has(std::string_view key) const { return values_.find(key) != values_.end(); }
  /// The (first) value, or "" when it was not given.
  [[nodiscard]] const std::string& text(std::string_view key) const;
  [[nodiscard]] const std::vector<std::string>& list(std::string_view key) const;

 private:
  std::map<std::string, std::vector<std::string>, std::less<>> values_;
};

struct Context;

struct Command {
  std::string path;     ///< "run", "task put"
  std::string summary;  ///< one line
  std::vector<Parameter> parameters;
  /// The exit code; an Error is printed and turned into one by the caller.
  std::function<Result<int>(Context&, const Arguments&)> run;
  std::string details = {};  ///< below the help
};

/// Options that every command takes.
const std::vector<Parameter>& global_parameters();
/// What a word that groups commands stands for: "task" → "Definitions of tasks".
std::string_view group_summary(std::string_view group);

}  // namespace pawl::cli
