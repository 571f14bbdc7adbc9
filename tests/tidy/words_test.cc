// Words that must not be there: unfinished work, skipped tests, waiting in pure tests, places of one machine.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/tidy/tree.h"

namespace pawl::tidy {
namespace {

using Words = std::vector<std::string>;

bool is_this_folder(const File& file) { return file.in("tests/tidy"); }

/// Fails for each line of the files `applies` says yes to, that has one of the words.
template <typename Applies>
void expect_absent(const Words& words, const std::string& reason, Applies applies) {
  for (const auto& file : files()) {
    if (is_this_folder(file) || !applies(file)) continue;
    for (std::size_t i = 0; i < file.lines.size(); ++i) {
      for (const auto& word : words) {
        EXPECT_EQ(file.lines[i].find(word), std::string::npos)
            << at(file, i + 1, "'" + word + "': " + reason);
      }
    }
  }
}

TEST(Words, NothingIsLeftUnfinished) {
  expect_absent({"FIXME", "// XXX", "HACK", "TODO:", "TODO ", "not implemented yet", "placeholder"},
                "unfinished work", [](const File& file) {
                  return file.is_cpp() || file.name.ends_with(".sh") || file.folder == "deploy";
                });
}

TEST(Words, NoTestIsSkippedOrSwitchedOff) {
  expect_absent({"GTEST_SKIP", "DISABLED_"}, "a test that needs something starts it",
                [](const File& file) { return file.is_test() && file.is_cpp(); });
}

TEST(Words, PureTestsDoNotWait) {
  expect_absent({"sleep_for", "sleep_until", "usleep(", "nanosleep", "steady_clock::now", "system_clock::now",
                 "socket("},
                "unit and sim tests have no clock, no port and no sleep", [](const File& file) {
                  return (file.in("tests/unit") || file.in("tests/sim")) && file.is_cpp();
                });
}

TEST(Words, WhatTheHouseDoesNotUse) {
  expect_absent({"std::regex", "co_await", "co_return", "PQcancel(", "PQreset(", "std::endl", "[=]"},
                "see style.md and architecture.md", [](const File& file) { return file.is_cpp(); });
}

TEST(Words, NoPlaceOfOneMachine) {
  expect_absent({"/work/", "\"/home/", " /home/", "=/home/", "/root/"},
                "works from any folder, on any machine",
                [](const File& file) { return !file.name.ends_with(".md") && !file.in("k8s"); });
}

TEST(Words, OneIntegerNeverComparesAsJson) {
  // RapidJSON's `value == 1` recurses for ever under C++20.
  expect_absent({"GetInt() ==", "document == ", "rapidjson::Value =="}, "compare through common/json",
                [](const File& file) { return file.in("common/json"); });
}

}  // namespace
}  // namespace pawl::tidy
