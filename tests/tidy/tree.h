// The files of the repository as the tidy tests see them: text by lines, and the includes of each source.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pawl::tidy {

struct Include {
  std::size_t line;
  std::string path;
  bool is_quoted;
};

struct File {
  std::string path;    ///< from the root of the repository, with /
  std::string folder;  ///< path without the last part
  std::string name;    ///< the last part
  std::string text;
  std::vector<std::string> lines;
  std::vector<Include> includes;

  [[nodiscard]] bool is_cpp() const { return name.ends_with(".h") || name.ends_with(".cc"); }
  [[nodiscard]] bool is_header() const { return name.ends_with(".h"); }
  [[nodiscard]] bool is_test() const { return in("tests"); }
  /// Whether it lies in this folder of the root, or below it.
  [[nodiscard]] bool in(std::string_view top) const;
};

/// All files of the source folders and of the root, read once; without build results, version control and
/// corpora.
const std::vector<File>& files();

/// Length of a UTF-8 line in characters.
std::size_t columns(std::string_view line);

/// "path:line: what", as compilers say it.
std::string at(const File& file, std::size_t line, std::string_view what);

}  // namespace pawl::tidy
