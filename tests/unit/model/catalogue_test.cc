#include "common/model/catalogue.h"

#include <gtest/gtest.h>

#include <set>

namespace pawl {
namespace {

TEST(Catalogue, EachCodeIsThereOnceAndSaysWhatToDo) {
  std::set<std::string_view> seen;
  for (const auto& entry : failure_catalogue()) {
    EXPECT_TRUE(seen.insert(entry.code).second) << entry.code;
    EXPECT_GE(entry.suggestion.size(), 20u) << entry.code;
    EXPECT_TRUE(entry.suggestion.ends_with('.')) << entry.code;
    EXPECT_EQ(entry.code.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_*"), std::string_view::npos);
  }
}

// The codes that the contract names, and the category it gives them.
TEST(Catalogue, HasTheCodesOfTheContract) {
  const std::pair<const char*, Category> named[] = {
      {"connection_refused", Category::kTransient},
      {"connection_reset", Category::kTransient},
      {"timeout", Category::kTransient},
      {"dns_failed", Category::kTransient},
      {"http_408", Category::kTransient},
      {"http_429", Category::kTransient},
      {"http_500", Category::kTransient},
      {"http_503", Category::kTransient},
      {"http_599", Category::kTransient},
      {"http_400", Category::kConfiguration},
      {"http_404", Category::kConfiguration},
      {"http_422", Category::kConfiguration},
      {"http_418", Category::kConfiguration},
      {"http_401", Category::kPermission},
      {"http_403", Category::kPermission},
      {"egress_blocked", Category::kPermission},
      {"path_denied", Category::kPermission},
      {"response_too_large", Category::kConfiguration},
      {"exit_1", Category::kLogic},
      {"exit_255", Category::kLogic},
      {"not_executable", Category::kConfiguration},
      {"oom_killed", Category::kResource},
      {"pids_limit", Category::kResource},
      {"no_space", Category::kResource},
      {"output_limit", Category::kResource},
      {"missing_binding", Category::kConfiguration},
      {"not_boolean", Category::kConfiguration},
      {"invalid_parameter", Category::kConfiguration},
      {"unknown_tool", Category::kConfiguration},
      {"assertion_failed", Category::kLogic},
      {"approval_rejected", Category::kLogic},
      {"approval_expired", Category::kLogic},
      {"cancelled", Category::kCancelled},
      {"outcome_unknown", Category::kOutcomeUnknown},
      {"worker_crash_loop", Category::kInternal},
      {"retry_budget_exhausted", Category::kTransient},
  };
  for (const auto& [code, category] : named) {
    const Failure failure = make_failure(code, "m");
    EXPECT_EQ(failure.category, category) << code;
    EXPECT_EQ(failure.code, code);
    EXPECT_FALSE(failure.suggestion.empty()) << code;
  }
}

TEST(Catalogue, APatternStandsForDigitsOnly) {
  EXPECT_EQ(suggestion_for("exit_"), "");
  EXPECT_EQ(suggestion_for("exit_x"), "");
  EXPECT_EQ(suggestion_for("exit_*"), "");
  EXPECT_EQ(suggestion_for("unheard_of"), "");
  EXPECT_NE(suggestion_for("exit_7"), "");
  EXPECT_NE(suggestion_for("http_404"), suggestion_for("http_499"));
}

TEST(Catalogue, AFailureOutsideOfItIsABug) {
  EXPECT_DEATH(static_cast<void>(make_failure("unheard_of", "m")), "code of the catalogue");
}

}  // namespace
}  // namespace pawl
