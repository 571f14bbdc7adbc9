#include "common/model/failure.h"

#include <gtest/gtest.h>

#include "common/json/parse.h"
#include "common/json/write.h"

namespace pawl {
namespace {

TEST(Category, TextAndEnumeratorArePairs) {
  for (int i = 0; i <= static_cast<int>(Category::kInternal); ++i) {
    const auto category = static_cast<Category>(i);
    EXPECT_EQ(parse_category(to_string(category)), category);
  }
  EXPECT_EQ(to_string(Category::kOutcomeUnknown), "outcome_unknown");
  EXPECT_EQ(parse_category("fatal"), std::nullopt);
}

TEST(Failure, LeavesOutWhatDoesNotApply) {
  EXPECT_EQ(json::write(to_json(Failure{.category = Category::kLogic, .code = "c", .message = "m"})),
            R"({"category":"logic","code":"c","message":"m"})");
}

TEST(Failure, GoesThroughJsonUnchanged) {
  const Failure failure{.category = Category::kTransient,
                        .code = "http_503",
                        .message = "m",
                        .suggestion = "s",
                        .step = "fan.left",
                        .attempt = 3,
                        .details = json::Object{{"status", 503}}};
  const std::string text = json::write(to_json(failure));
  EXPECT_EQ(text,
            R"({"category":"transient","code":"http_503","message":"m","suggestion":"s","step":"fan.left",)"
            R"("attempt":3,"details":{"status":503}})");
  const auto back = failure_from_json(*json::parse(text));
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(json::write(to_json(*back)), text);
}

TEST(Failure, RefusesWhatIsNoErrorObject) {
  for (const char* text :
       {"null", "[]", "{}", R"({"category":"fatal","code":"c","message":"m"})",
        R"({"category":"logic","message":"m"})", R"({"category":"logic","code":1,"message":"m"})",
        R"({"category":"logic","code":"c","attempt":-1})",
        R"({"category":"logic","code":"c","attempt":4294967296})",
        R"({"category":"logic","code":"c","details":[]})"}) {
    EXPECT_FALSE(failure_from_json(*json::parse(text)).has_value()) << text;
  }
}

}  // namespace
}  // namespace pawl
