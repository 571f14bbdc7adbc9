#include "common/json/value.h"

#include <gtest/gtest.h>

#include <limits>

namespace pawl::json {
namespace {

TEST(JsonValue, NumbersAreEqualByValueOverTheThreeForms) {
  EXPECT_EQ(Value(1), Value(1.0));
  EXPECT_EQ(Value(1u), Value(1));
  EXPECT_NE(Value(1), Value(1.5));
  EXPECT_NE(Value(1), Value(true));
  EXPECT_NE(Value(0), Value());
  EXPECT_EQ(Value(9223372036854775808ull), Value(9223372036854775808.0));
  EXPECT_NE(Value(std::numeric_limits<std::int64_t>::max()), Value(9223372036854775808.0));
  EXPECT_NE(Value(std::numeric_limits<std::uint64_t>::max()), Value(18446744073709551616.0));
  EXPECT_NE(Value(-1), Value(std::numeric_limits<std::uint64_t>::max()));
  EXPECT_NE(Value(9007199254740993), Value(9007199254740992.0));
}

TEST(JsonValue, ObjectsAreEqualWhateverTheirOrder) {
  EXPECT_EQ(Value(Object{{"a", 1}, {"b", Array{1, "x"}}}), Value(Object{{"b", Array{1, "x"}}, {"a", 1}}));
  EXPECT_NE(Value(Object{{"a", 1}}), Value(Object{{"a", 1}, {"b", 1}}));
  EXPECT_NE(Value(Array{1, 2}), Value(Array{2, 1}));
}

TEST(JsonValue, FindSeesOnlyMembersOfObjects) {
  const Value object(Object{{"a", 1}});
  ASSERT_NE(object.find("a"), nullptr);
  EXPECT_EQ(object.find("a")->as_int(), 1);
  EXPECT_EQ(object.find("b"), nullptr);
  EXPECT_EQ(Value(Array{1}).find("a"), nullptr);
}

TEST(JsonValue, AsUintTakesASmallIntegerToo) {
  EXPECT_EQ(Value(7).as_uint(), 7u);
  EXPECT_DEATH(static_cast<void>(Value(-7).as_uint()), "non-negative");
  EXPECT_DEATH(static_cast<void>(Value("x").as_int()), "as_int");
}

TEST(JsonValue, NamesItsType) {
  EXPECT_EQ(Value().type_name(), "null");
  EXPECT_EQ(Value(true).type_name(), "boolean");
  EXPECT_EQ(Value(std::numeric_limits<std::uint64_t>::max()).type_name(), "integer");
  EXPECT_EQ(Value(1.0).type_name(), "number");
  EXPECT_EQ(Value("").type_name(), "string");
  EXPECT_EQ(Value(Array{}).type_name(), "array");
  EXPECT_EQ(Value(Object{}).type_name(), "object");
}

// The index begins to work at the 17th member; each operation is checked on both sides of that.
TEST(JsonObject, SetFindAndEraseAgreeOnBothSidesOfTheIndex) {
  for (const int size : {1, 16, 17, 18, 200}) {
    Object object;
    for (int i = 0; i < size; ++i) object.set("k" + std::to_string(i * 7919 % size), i);
    ASSERT_EQ(object.size(), static_cast<std::size_t>(size));
    object.set("k0", "again");
    EXPECT_EQ(object.size(), static_cast<std::size_t>(size));
    EXPECT_EQ(object.find("k0")->as_string(), "again");
    EXPECT_EQ(object.find("none"), nullptr);
    object.erase("none");
    for (int i = 0; i < size; ++i) {
      const std::string key = "k" + std::to_string(i);
      ASSERT_TRUE(object.contains(key)) << size << " " << key;
      object.erase(key);
      ASSERT_FALSE(object.contains(key)) << size << " " << key;
    }
    EXPECT_TRUE(object.empty());
  }
}

TEST(JsonObject, BuilderRefusesAKeyThatCameTwice) {
  for (const int size : {2, 16, 17, 500}) {
    ObjectBuilder good, bad;
    for (int i = 0; i < size; ++i) {
      good.add("k" + std::to_string(i), i);
      bad.add("k" + std::to_string(i), i);
    }
    bad.add("k1", 0);
    EXPECT_FALSE(bad.take().has_value());
    const auto object = good.take();
    ASSERT_TRUE(object.has_value());
    EXPECT_EQ(object->find("k1")->as_int(), 1);
  }
}

TEST(JsonPointer, EscapesTildeAndSlash) {
  EXPECT_EQ(pointer_join("", "a/b~c"), "/a~1b~0c");
  EXPECT_EQ(pointer_join("/x", 3), "/x/3");
}

}  // namespace
}  // namespace pawl::json
