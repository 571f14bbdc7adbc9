// Reading bodies: types, ranges, and every fault with its pointer.
#include "api/fields.h"

#include <gtest/gtest.h>

#include "common/json/parse.h"

namespace pawl::api {
namespace {

json::Value parsed(std::string_view text) { return json::parse(text).value(); }

std::vector<std::string> pointers(const Error& error) {
  std::vector<std::string> out;
  for (const Fault& fault : error.faults) out.push_back(fault.pointer);
  return out;
}

TEST(Fields, ReadsWhatIsThereAndTakesNullForAbsent) {
  const json::Value body = parsed(
      R"({"a":"x","b":5,"c":true,"d":{"k":1},"e":[1,2],"f":null,"g":"2026-12-01T00:00:00Z","h":"5m","i":90,"j":["p","q"]})");
  Fields fields(body);
  EXPECT_EQ(fields.text("a"), "x");
  EXPECT_EQ(fields.integer("b", 0, 9), 5);
  EXPECT_EQ(fields.flag("c"), true);
  EXPECT_TRUE(fields.object("d"));
  EXPECT_EQ(fields.array("e", 2)->size(), 2u);
  EXPECT_FALSE(fields.text("f"));
  EXPECT_TRUE(fields.time("g"));
  EXPECT_EQ(fields.duration("h"), Millis{300'000});
  EXPECT_EQ(fields.duration("i"), Millis{90'000});
  EXPECT_EQ(fields.texts("j", 2), (std::vector<std::string>{"p", "q"}));
  EXPECT_FALSE(fields.text("z"));
  EXPECT_TRUE(fields.finish());
}

TEST(Fields, CollectsEveryFault) {
  const json::Value body = parsed(
      R"({"a":5,"b":"x","c":1,"d":[],"e":{},"g":"soon","h":"x","i":-1,"j":[1],"k":10,"l":"long","m":1.5})");
  Fields fields(body, "/at");
  fields.text("a");
  fields.integer("b", 0, 9);
  fields.flag("c");
  fields.object("d");
  fields.array("e", 1);
  fields.time("g");
  fields.duration("h");
  fields.duration("i");
  fields.texts("j", 2);
  fields.integer("k", 0, 9);
  fields.text("l", 0, 3);
  fields.integer("m", 0, 9);
  fields.require("n");
  const auto done = fields.finish();
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, "validation_failed");
  EXPECT_EQ(pointers(done.error()),
            (std::vector<std::string>{"/at/a", "/at/b", "/at/c", "/at/d", "/at/e", "/at/g", "/at/h", "/at/i",
                                      "/at/j", "/at/k", "/at/l", "/at/m", "/at/n"}));
}

TEST(Fields, WhatIsNotReadIsUnknown) {
  const json::Value body = parsed(R"({"a":"x","tenant_id":1,"we/ird~":2})");
  Fields fields(body);
  fields.text("a");
  const auto done = fields.finish();
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, "unknown_field");
  EXPECT_EQ(pointers(done.error()), (std::vector<std::string>{"/tenant_id", "/we~1ird~0"}));
}

TEST(Fields, TheCodeOfManyFaultsIsUnknownFieldOnlyWhenAllAre) {
  const json::Value body = parsed(R"({"a":5,"nope":1})");
  Fields fields(body);
  fields.text("a");
  EXPECT_EQ(fields.finish().error().code, "validation_failed");
  EXPECT_EQ(faults_error({{"/a", "policy_denied", "x"}}).code, "policy_denied");
}

TEST(Fields, ABodyThatIsNoObjectIsOneFault) {
  for (const std::string text : {"null", "[]", "\"x\"", "1"}) {
    const json::Value body = parsed(text);
    Fields fields(body);
    fields.text("a");
    fields.require("b");
    const auto done = fields.finish();
    ASSERT_FALSE(done) << text;
    EXPECT_EQ(done.error().faults.size(), 1u);
    EXPECT_EQ(done.error().faults.front().pointer, "");
  }
}

TEST(Fields, LongStringsAreFaultsOutsideTheFreeMembers) {
  const std::string text(64 * 1024 + 1, 'a');
  const json::Value body = json::Object{
      {"with", json::Object{{"a", text}}}, {"b", json::Array{json::Value(text)}}, {"c", text.substr(1)}};
  const auto faults = check_strings(body, {"with"});
  ASSERT_EQ(faults.size(), 1u);
  EXPECT_EQ(faults.front().pointer, "/b/0");
}

}  // namespace
}  // namespace pawl::api
