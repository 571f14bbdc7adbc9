#include "common/json/write.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

#include "common/base/rng.h"
#include "common/json/parse.h"

namespace pawl::json {
namespace {

TEST(JsonWrite, EscapesOnlyWhatMustBe) {
  EXPECT_EQ(write(Value("a\"b\\c\n\t\r\b\f\x01\x1f/\x7f\xC3\xA9")),
            "\"a\\\"b\\\\c\\n\\t\\r\\b\\f\\u0001\\u001f/\x7f\xC3\xA9\"");
  EXPECT_EQ(write(Value(std::string("a\0b", 3))), R"("a\u0000b")");
}

TEST(JsonWrite, BytesThatAreNoUtf8BecomeTheReplacementCharacter) {
  EXPECT_EQ(write(Value("a\xFFz\xC3\xA9\xE2\x82")), "\"a\xEF\xBF\xBDz\xC3\xA9\xEF\xBF\xBD\xEF\xBF\xBD\"");
  EXPECT_TRUE(parse(write(Value("\xED\xA0\x80"))).has_value());
}

TEST(JsonWrite, DoublesStayDoublesAndReadBackTheSame) {
  EXPECT_EQ(write(Value(1.0)), "1.0");
  EXPECT_EQ(write(Value(0.1)), "0.1");
  EXPECT_EQ(write(Value(-0.0)), "-0.0");
  EXPECT_EQ(write(Value(1e300)), "1e+300");
  EXPECT_EQ(write(Value(1e-7)), "1e-07");
  EXPECT_EQ(write(Value(std::nan(""))), "null");
  EXPECT_EQ(write(Value(std::numeric_limits<double>::infinity())), "null");
  SeededRng rng(1);
  for (int i = 0; i < 20'000; ++i) {
    const auto d = std::bit_cast<double>(rng.next());
    if (!std::isfinite(d)) continue;
    const auto back = parse(write(Value(d)));
    ASSERT_TRUE(back.has_value() && back->is_double()) << write(Value(d));
    ASSERT_EQ(std::bit_cast<std::uint64_t>(back->as_double()), std::bit_cast<std::uint64_t>(d))
        << write(Value(d));
  }
}

TEST(JsonWrite, PrettyIndentsByTwo) {
  EXPECT_EQ(write_pretty(Value(Object{{"a", Array{1, Object{}}}, {"b", Array{}}})),
            "{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"b\": []\n}");
}

TEST(JsonCanonical, SortsKeysAndHasOneFormForEachNumber) {
  const auto a = parse(R"({"b": 1.0, "a": [1e2, -0.0, 18446744073709551615, 0.5], "é": {"y":1,"x":2}})");
  const auto b = parse(R"({"é":{"x":2,"y":1.0},"a":[100,0,18446744073709551615,5e-1],"b":1})");
  EXPECT_EQ(write_canonical(*a), "{\"a\":[100,0,18446744073709551615,0.5],\"b\":1,\"é\":{\"x\":2,\"y\":1}}");
  EXPECT_EQ(canonical_hash(*a), canonical_hash(*b));
  EXPECT_NE(canonical_hash(Value(1)), canonical_hash(Value("1")));
  EXPECT_NE(canonical_hash(Value(Array{1, 2})), canonical_hash(Value(Array{2, 1})));
}

TEST(JsonCanonical, EqualNumbersHaveEqualText) {
  EXPECT_EQ(write_canonical(Value(9223372036854775808.0)), write_canonical(Value(9223372036854775808ull)));
  EXPECT_EQ(write_canonical(Value(-9223372036854775808.0)), "-9223372036854775808");
  EXPECT_EQ(write_canonical(Value(18446744073709551616.0)), "1.8446744073709552e+19");
}

}  // namespace
}  // namespace pawl::json
