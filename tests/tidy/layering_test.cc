// Which way the arrows run: who may include whom, and which folder wraps which library (architecture.md §4).
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "tests/tidy/tree.h"

namespace pawl::tidy {
namespace {

using Names = std::vector<std::string_view>;

bool starts_with_any(std::string_view path, const Names& starts) {
  return std::any_of(starts.begin(), starts.end(),
                     [&](std::string_view start) { return path.starts_with(start); });
}

/// What the sources of a layer may include, besides themselves.
const std::map<std::string_view, Names>& arrows() {
  static const std::map<std::string_view, Names> map = {
      {"common", {}},
      {"broker", {"common/"}},
      {"worker", {"common/", "broker/"}},
      {"api", {"common/", "broker/"}},
  };
  return map;
}

/// The same for the rooms of common.
const std::map<std::string_view, Names>& common_arrows() {
  static const std::map<std::string_view, Names> map = {
      {"common/base", {}},
      {"common/json", {"common/base/"}},
      {"common/egress", {"common/base/"}},
      {"common/model", {"common/base/", "common/json/"}},
      {"common/plan", {"common/base/", "common/json/", "common/model/"}},
      {"common/metrics", {"common/base/"}},
      {"common/loop", {"common/base/"}},
      {"common/http", {"common/base/", "common/json/", "common/loop/", "common/metrics/"}},
      {"common/db", {"common/base/", "common/loop/", "common/metrics/"}},
      {"common/process",
       {"common/base/", "common/json/", "common/loop/", "common/http/", "common/db/", "common/metrics/"}},
      {"common/store",
       {"common/base/", "common/json/", "common/model/", "common/plan/", "common/loop/", "common/db/",
        "common/metrics/"}},
  };
  return map;
}

void expect_arrows(const std::map<std::string_view, Names>& allowed) {
  for (const auto& file : files()) {
    for (const auto& [layer, others] : allowed) {
      if (!file.in(layer)) continue;
      for (const auto& include : file.includes) {
        const bool is_own = include.path.starts_with(std::string(layer) + "/");
        if (!include.is_quoted || is_own || starts_with_any(include.path, others)) continue;
        ADD_FAILURE() << at(file, include.line, std::string(layer) + " must not see " + include.path);
      }
    }
  }
}

TEST(Layering, CommonThenBrokerThenWorkerOrApi) { expect_arrows(arrows()); }

TEST(Layering, TheRoomsOfCommonStandOnEachOtherInOneOrder) {
  expect_arrows(common_arrows());
  for (const auto& file : files()) {
    if (!file.in("common") || !file.is_cpp()) continue;
    const auto room = file.path.substr(0, file.path.find('/', 7));
    EXPECT_TRUE(common_arrows().contains(room)) << room << " has no place in the order of rooms yet";
  }
}

TEST(Layering, TheCoreIsPure) {
  const Names ours = {"worker/core/",        "common/base/",        "common/json/value.h",
                      "common/json/write.h", "common/json/parse.h", "common/json/number.h",
                      "common/model/",       "common/plan/"};
  const Names impure = {"common/base/log.h", "common/base/config.h"};
  const std::set<std::string_view> world = {"thread",
                                            "mutex",
                                            "atomic",
                                            "random",
                                            "fstream",
                                            "iostream",
                                            "filesystem",
                                            "cstdio",
                                            "ctime",
                                            "future",
                                            "condition_variable",
                                            "cstdlib"};
  for (const auto& file : files()) {
    if (!file.in("worker/core")) continue;
    for (const auto& include : file.includes) {
      if (include.is_quoted) {
        EXPECT_TRUE(starts_with_any(include.path, ours) && !starts_with_any(include.path, impure))
            << at(file, include.line, "the core must not see " + include.path);
      } else {
        EXPECT_TRUE(!world.contains(include.path) && include.path.find('/') == std::string::npos &&
                    !include.path.ends_with(".h"))
            << at(file, include.line, "the core touches nothing of the world, as <" + include.path + ">");
      }
    }
    for (const auto* call : {"std::chrono::system_clock", "std::chrono::steady_clock::now", "std::rand"}) {
      EXPECT_EQ(file.text.find(call), std::string::npos) << file.path << " asks the world by " << call;
    }
  }
}

TEST(Layering, EachLibraryIsSeenOnlyByTheFolderThatWrapsIt) {
  const std::map<std::string_view, Names> wrapped = {
      {"uv.h", {"common/loop/"}},
      {"libpq-fe.h", {"common/db/"}},
      {"llhttp.h", {"common/http/"}},
      {"wslay/", {"common/http/", "api/"}},
      {"amqp", {"broker/"}},
      {"curl/", {"worker/tools/", "api/cli/"}},
      {"seccomp.h", {"worker/tools/"}},
      {"rapidjson/", {"common/json/"}},
      {"valijson/", {"common/plan/", "common/json/"}},
      {"CLI/", {"api/cli/"}},
      {"spdlog/", {"common/base/"}},
      {"prometheus/", {"common/metrics/"}},
      {"toml.hpp", {"common/base/", "api/cli/"}},
      {"yaml-cpp/", {"api/cli/"}},
  };
  const Names hidden = {"rapidjson/", "valijson/", "CLI/", "spdlog/", "toml.hpp", "yaml-cpp/"};
  for (const auto& file : files()) {
    if (file.is_test()) continue;
    for (const auto& include : file.includes) {
      if (include.is_quoted) continue;
      for (const auto& [header, folders] : wrapped) {
        if (!include.path.starts_with(header)) continue;
        EXPECT_TRUE(starts_with_any(file.path, folders))
            << at(file, include.line, "<" + include.path + "> belongs to " + std::string(folders.front()));
      }
      EXPECT_FALSE(file.is_header() && starts_with_any(include.path, hidden) &&
                   !file.name.ends_with("_adapter.h"))
          << at(file, include.line, "<" + include.path + "> is slow to compile and stays out of headers");
    }
  }
}

}  // namespace
}  // namespace pawl::tidy
