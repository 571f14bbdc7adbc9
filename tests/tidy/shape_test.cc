// Sizes, openings and company of files (style.md): rooms are small, each has a README, no source is left out
// of the build.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "tests/tidy/tree.h"

namespace pawl::tidy {
namespace {

constexpr std::size_t kMaxLines = 400;
constexpr std::size_t kMaxTestLines = 600;
constexpr std::size_t kMaxColumns = 110;
constexpr std::size_t kMaxFunctionLines = 70;
constexpr std::size_t kMaxFrontPageLines = 200;

TEST(Shape, FilesAreSmallRooms) {
  for (const auto& file : files()) {
    if (!file.is_cpp()) continue;
    EXPECT_LE(file.lines.size(), file.is_test() ? kMaxTestLines : kMaxLines)
        << file.path << " is a room to split";
  }
}

/// Whether a raw string that is open at this line, or begins in it, goes on in the next.
bool raw_string_goes_on(const std::string& line) {
  return line.find(")sql\"") == std::string::npos && line.find(")\"") == std::string::npos &&
         line.find(")json\"") == std::string::npos;
}

TEST(Shape, LinesFitOnTheScreen) {
  for (const auto& file : files()) {
    if (!file.is_cpp()) continue;
    bool in_raw_string = false;
    for (std::size_t i = 0; i < file.lines.size(); ++i) {
      // A raw string or a URL may not be broken without changing it.
      const std::string& line = file.lines[i];
      const bool begins_raw = line.find("R\"") != std::string::npos;
      if (in_raw_string || begins_raw) in_raw_string = raw_string_goes_on(line);
      if (in_raw_string || begins_raw || line.find("://") != std::string::npos) continue;
      EXPECT_LE(columns(line), kMaxColumns) << at(file, i + 1, "a line too long");
    }
  }
}

/// Functions outside of classes begin at the margin and end with a brace at the margin.
TEST(Shape, FunctionsFitOnOnePage) {
  const auto opens_function = [](const std::string& line) {
    if (line.empty() || !line.ends_with("{") || line.find('(') == std::string::npos) return false;
    for (const auto* word : {"namespace", "struct", "class", "enum", "union", "extern", " ", "}", "TEST"}) {
      if (line.starts_with(word)) return false;
    }
    return true;
  };
  for (const auto& file : files()) {
    if (!file.is_cpp()) continue;
    std::size_t opened_at = 0;
    for (std::size_t i = 0; i < file.lines.size(); ++i) {
      if (opened_at == 0 && opens_function(file.lines[i])) opened_at = i + 1;
      if (opened_at == 0 || !file.lines[i].starts_with("}")) continue;
      EXPECT_LE(i + 2 - opened_at, kMaxFunctionLines) << at(file, opened_at, "a function too long");
      opened_at = 0;
    }
  }
}

TEST(Shape, HeadersSayWhatTheyAreFor) {
  for (const auto& file : files()) {
    if (!file.is_header()) continue;
    ASSERT_FALSE(file.lines.empty()) << file.path;
    EXPECT_TRUE(file.lines.front().starts_with("// ")) << file.path << " does not open with its purpose";
    EXPECT_NE(file.text.find("\n#pragma once\n"), std::string::npos) << file.path << " lacks #pragma once";
    EXPECT_EQ(file.text.find("\nusing namespace "), std::string::npos)
        << file.path << " opens a namespace for others";
  }
}

TEST(Shape, EachCodeFolderHasAReadme) {
  std::set<std::string> code;
  std::set<std::string> described;
  for (const auto& file : files()) {
    if (file.is_cpp() && !file.is_test() && !file.in("deploy")) code.insert(file.folder);
    if (file.name == "README.md") described.insert(file.folder);
  }
  for (const auto* folder : {"tests", "deploy", "common", "broker", "worker", "api"}) code.insert(folder);
  for (const auto& folder : code) EXPECT_TRUE(described.contains(folder)) << folder << " has no README.md";
}

TEST(Shape, TheFrontPageIsShort) {
  for (const auto& file : files()) {
    if (file.path != "README.md") continue;
    EXPECT_LE(file.lines.size(), kMaxFrontPageLines);
  }
}

/// A test file that no CMakeLists.txt names would never run, and nobody would notice.
TEST(Shape, EverySourceIsBuilt) {
  std::map<std::string, std::string> build_texts;
  for (const auto& file : files()) {
    if (file.name == "CMakeLists.txt") {
      build_texts[file.folder] = file.text;
      EXPECT_EQ(file.text.find("GLOB"), std::string::npos) << file.path << " collects sources by a pattern";
    }
  }
  for (const auto& file : files()) {
    if (!file.name.ends_with(".cc")) continue;
    bool is_named = false;
    std::string folder = file.folder;
    while (!folder.empty() && !is_named) {
      const std::string relative = file.path.substr(folder.size() + 1);
      const auto text = build_texts.find(folder);
      // Some lists name areas, whose file is <area>_test.cc.
      const std::string stem = relative.substr(0, relative.size() - (relative.ends_with("_test.cc") ? 8 : 3));
      is_named = text != build_texts.end() && (text->second.find(relative) != std::string::npos ||
                                               text->second.find(stem) != std::string::npos);
      const auto slash = folder.rfind('/');
      folder = slash == std::string::npos ? "" : folder.substr(0, slash);
    }
    EXPECT_TRUE(is_named) << file.path << " is in no CMakeLists.txt";
  }
}

}  // namespace
}  // namespace pawl::tidy
