#include "common/json/parse.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "common/json/write.h"

namespace pawl::json {
namespace {

std::string code_of(std::string_view text, const ParseLimits& limits = {}) {
  const auto result = parse(text, limits);
  return result ? "ok" : result.error().code;
}

TEST(JsonParse, ReadsEveryType) {
  const auto value =
      parse(R"( {"a":null,"b":true,"c":-7,"d":1.5,"e":"x\n\u00e9\ud83d\ude00","f":[1,[]],"g":{}} )");
  ASSERT_TRUE(value.has_value());
  EXPECT_TRUE(value->find("a")->is_null());
  EXPECT_TRUE(value->find("b")->as_bool());
  EXPECT_EQ(value->find("c")->as_int(), -7);
  EXPECT_EQ(value->find("d")->as_double(), 1.5);
  EXPECT_EQ(value->find("e")->as_string(), "x\n\xC3\xA9\xF0\x9F\x98\x80");
  EXPECT_EQ(value->find("f")->as_array().size(), 2u);
  EXPECT_TRUE(value->find("g")->as_object().empty());
}

TEST(JsonParse, KeepsTheOrderOfMembers) {
  EXPECT_EQ(write(*parse(R"({"z":1,"a":2,"m":3})")), R"({"z":1,"a":2,"m":3})");
}

TEST(JsonParse, KeepsIntegersExactlyToTheEndsOfTheRange) {
  EXPECT_EQ(parse("-9223372036854775808")->as_int(), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(parse("9223372036854775807")->as_int(), std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(parse("9223372036854775808")->as_uint(), 9223372036854775808ull);
  EXPECT_EQ(parse("18446744073709551615")->as_uint(), std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(parse("9007199254740993")->as_int(), 9007199254740993);
}

TEST(JsonParse, RefusesNumbersThatCannotBeKept) {
  for (const char* text : {"18446744073709551616", "-9223372036854775809", "1e400", "-1e400", "1e-400",
                           "123456789012345678901234567890", "1e99999999999999999999"}) {
    EXPECT_EQ(code_of(text), "validation_failed") << text;
  }
  EXPECT_EQ(code_of(std::string(500, '9')), "validation_failed");
  EXPECT_EQ(code_of("0." + std::string(500, '3')), "ok");
  EXPECT_EQ(code_of("1.7976931348623157e308"), "ok");
  EXPECT_EQ(code_of("5e-324"), "ok");
}

TEST(JsonParse, RefusesWhatIsNotJson) {
  for (const char* text : {"",
                           " ",
                           "NaN",
                           "Infinity",
                           "-",
                           "01",
                           "1.",
                           ".5",
                           "+1",
                           "1e",
                           "0x1",
                           "'a'",
                           "\"a",
                           "[1,]",
                           "{\"a\":1,}",
                           "{a:1}",
                           "[1 2]",
                           "{} {}",
                           "// c\n1",
                           "/* c */1",
                           "\"\\x\"",
                           "\"a\nb\"",
                           "\"\x01\"",
                           "nul",
                           "TRUE",
                           "[",
                           "]",
                           "{\"a\"}",
                           "\xEF\xBB\xBF{}",
                           "\"\\u12g4\""}) {
    EXPECT_EQ(code_of(text), "malformed_json") << text;
  }
  EXPECT_EQ(code_of(std::string_view("1\0", 2)), "malformed_json");
  EXPECT_EQ(code_of(std::string_view("\"a\0b\"", 5)), "malformed_json");
}

TEST(JsonParse, TellsWhereTheFaultIs) {
  EXPECT_TRUE(parse("{\n  \"a\": 1,\n  b\n}").error().message.starts_with("line 3, column 3:"))
      << parse("{\n  \"a\": 1,\n  b\n}").error().message;
}

TEST(JsonParse, RefusesBadUtf8AndHalfSurrogates) {
  for (const char* text : {"\"\xFF\"", "\"\xC0\x80\"", "\"\xED\xA0\x80\"", "\"\xF4\x90\x80\x80\"",
                           "\"\xE2\x82\"", R"("\ud800")", R"("\udc00")", R"("\ud83dx")", R"("\ud83d\u0041")",
                           R"({"\udfff":1})", R"("\ude00\ud83d")", R"("abc\udc00def")"}) {
    EXPECT_EQ(code_of(text), "invalid_utf8") << text;
  }
  EXPECT_EQ(code_of(R"("\ud7ff\ue000\uffff")"), "ok");
  EXPECT_EQ(code_of("\"\xED\x9F\xBF\""), "ok");
}

TEST(JsonParse, RefusesNulInStringsWithItsPointer) {
  const auto result = parse(R"({"a":[1,{"b/c":"x\u0000"}],"\u0000":1})");
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code, "validation_failed");
  ASSERT_EQ(result.error().faults.size(), 2u);
  EXPECT_EQ(result.error().faults[0].pointer, "/a/1/b~1c");
  EXPECT_EQ(result.error().faults[1].pointer, "");
}

TEST(JsonParse, PointsAtNumbersInsideContainers) {
  EXPECT_EQ(parse(R"([0,[1,2,1e999]])").error().faults.at(0).pointer, "/1/2");
  EXPECT_EQ(parse(R"({"x":{"y":1e999}})").error().faults.at(0).pointer, "/x/y");
  EXPECT_EQ(parse("1e999").error().faults.at(0).pointer, "");
}

TEST(JsonParse, AFaultOfSyntaxWinsOverOneOfContent) {
  EXPECT_EQ(code_of("[99999999999999999999,]"), "malformed_json");
  EXPECT_EQ(code_of(R"([1e-999,{"a":1,"a":2}])"), "duplicate_key");
}

TEST(JsonParse, RefusesADuplicateKeyInSmallAndLargeObjects) {
  EXPECT_EQ(code_of(R"({"a":1,"b":2,"a":3})"), "duplicate_key");
  EXPECT_EQ(code_of(R"({"a":1,"\u0061":3})"), "duplicate_key");
  std::string large = "{";
  for (int i = 0; i < 900; ++i) large += "\"key" + std::to_string(i) + "\":1,";
  EXPECT_EQ(code_of(large + "\"last\":1}"), "ok");
  EXPECT_EQ(code_of(large + "\"key0\":1}"), "duplicate_key");
}

TEST(JsonParse, CountsKeysPerObject) {
  const auto object_of = [](int keys) {
    std::string text = "{";
    for (int i = 0; i < keys; ++i) text += (i > 0 ? ",\"" : "\"") + std::to_string(i) + "\":0";
    return text + "}";
  };
  EXPECT_EQ(code_of(object_of(1000)), "ok");
  EXPECT_EQ(code_of("{\"a\":" + object_of(1001) + "}"), "validation_failed");
  EXPECT_EQ(parse("{\"a\":" + object_of(1001) + "}").error().faults.at(0).pointer, "/a");
}

TEST(JsonParse, CountsDepthFromTheOutermostContainer) {
  const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_EQ(code_of(nested(64)), "ok");
  EXPECT_EQ(code_of(nested(65)), "json_too_deep");
  EXPECT_EQ(code_of(std::string(100'000, '[')), "json_too_deep");
  EXPECT_EQ(code_of("1", {.max_depth = 0}), "ok");
  EXPECT_EQ(code_of(nested(kMaxDepth), {.max_depth = kMaxDepth}), "ok");
}

TEST(JsonParse, RefusesATextOverItsSize) {
  EXPECT_EQ(code_of("[1,2,3]", {.max_bytes = 6}), "payload_too_large");
}

}  // namespace
}  // namespace pawl::json
