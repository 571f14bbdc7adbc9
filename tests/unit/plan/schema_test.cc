// JSON Schemas: what they catch, and what is refused so that no schema can hurt the process that uses it.
#include <gtest/gtest.h>

#include "common/plan/schema.h"
#include "tests/unit/plan/plan_support.h"

namespace pawl::plan {
namespace {

using Faults = std::vector<std::string>;

Faults check(const std::string& schema) { return fault_list(check_schema(from_text(schema))); }

/// Pointers and codes of what `value` breaks.
Faults validate(const std::string& schema, const std::string& value) {
  auto compiled = Schema::compile(from_text(schema));
  if (!compiled) return {"schema: " + faults_text(compiled.error())};
  return fault_list((*compiled)->validate(from_text(value), "/with"));
}

TEST(Schema, FindsFaultsAtTheirPlace) {
  const std::string schema =
      R"({"type": "object", "required": ["url"], "additionalProperties": false, "properties": {
      "url": {"type": "string", "minLength": 3}, "n": {"type": "integer", "minimum": 1, "maximum": 9},
      "tags": {"type": "array", "items": {"type": "string"}}, "mode": {"enum": ["a", "b"]}}})";
  EXPECT_EQ(validate(schema, R"({"url": "https://x", "n": 3, "tags": ["x"], "mode": "a"})"), Faults{});
  EXPECT_FALSE(validate(schema, R"({})").empty());
  EXPECT_FALSE(validate(schema, R"([])").empty());
  EXPECT_FALSE(validate(schema, R"({"url": "https://x", "extra": 1})").empty());
  EXPECT_EQ(validate(schema, R"({"url": "https://x", "n": 10})").front(), "/with/n schema_mismatch");
  EXPECT_EQ(validate(schema, R"({"url": "https://x", "tags": ["a", 1]})").front(),
            "/with/tags/1 schema_mismatch");
  EXPECT_EQ(validate(schema, R"({"url": "https://x", "mode": "c"})").front(), "/with/mode schema_mismatch");
}

TEST(Schema, AWholeNumberIsAnIntegerHoweverWritten) {
  EXPECT_EQ(validate(R"({"type": "integer"})", "1.0"), Faults{});
  EXPECT_FALSE(validate(R"({"type": "integer"})", "1.5").empty());
  EXPECT_EQ(validate(R"({"type": "integer"})", "18446744073709551615"), Faults{});
}

TEST(Schema, TrueAndFalseAreSchemas) {
  EXPECT_EQ(validate("true", "1"), Faults{});
  EXPECT_FALSE(validate("false", "1").empty());
  EXPECT_FALSE(validate(R"({"properties": {"a": false}})", R"({"a": 1})").empty());
}

TEST(Schema, CombinatorsWork) {
  const std::string schema = R"({"anyOf": [{"type": "string"}, {"type": "integer"}], "not": {"const": 5}})";
  EXPECT_EQ(validate(schema, "4"), Faults{});
  EXPECT_FALSE(validate(schema, "5").empty());
  EXPECT_FALSE(validate(schema, "[]").empty());
  const std::string conditional =
      R"({"if": {"required": ["a"]}, "then": {"required": ["b"]}, "else": {"required": ["c"]}})";
  EXPECT_EQ(validate(conditional, R"({"a": 1, "b": 1})"), Faults{});
  EXPECT_FALSE(validate(conditional, R"({"a": 1})").empty());
  EXPECT_FALSE(validate(conditional, "{}").empty());
}

TEST(Schema, PatternsAreCheckedByRe2) {
  const std::string schema =
      R"({"properties": {"id": {"pattern": "^[a-z]+$"}}, "additionalProperties": {"pattern": "^x"}})";
  EXPECT_EQ(validate(schema, R"({"id": "abc", "o": "xy", "n": 5})"), Faults{});
  EXPECT_EQ(validate(schema, R"({"id": "ABC"})"), Faults{"/with/id pattern_mismatch"});
  EXPECT_EQ(validate(schema, R"({"o": "y"})"), Faults{"/with/o pattern_mismatch"});
  EXPECT_EQ(validate(R"({"items": {"pattern": "^a$"}})", R"(["a", "b"])"),
            Faults{"/with/1 pattern_mismatch"});
  EXPECT_EQ(validate(R"({"items": [{}, {"pattern": "^a$"}], "additionalItems": {"pattern": "^b$"}})",
                     R"(["x", "x", "x"])"),
            (Faults{"/with/1 pattern_mismatch", "/with/2 pattern_mismatch"}));
  EXPECT_EQ(validate(R"({"allOf": [{"pattern": "a"}, {"pattern": "b"}]})", R"("a")"),
            Faults{"/with pattern_mismatch"});
}

TEST(Schema, AHostilePatternTakesLinearTime) {
  EXPECT_EQ(validate(R"({"pattern": "^(a+)+$"})", "\"" + std::string(100'000, 'a') + "b\""),
            Faults{"/with pattern_mismatch"});
}

TEST(Schema, UniqueItemsAreCheckedInLinearTime) {
  EXPECT_EQ(validate(R"({"uniqueItems": true})", "[1, 2, 1.0]"), Faults{"/with/2 schema_mismatch"});
  std::string many = "[";
  for (int i = 0; i < 20'000; ++i) many += std::to_string(i) + ",";
  many.back() = ']';
  EXPECT_EQ(validate(R"({"uniqueItems": true})", many), Faults{});
}

TEST(Schema, WhatIsDangerousIsRefused) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"patternProperties": {"^a": {}}})", "/patternProperties keyword_not_supported"},
      {R"({"properties": {"x": {"patternProperties": {}}}})",
       "/properties/x/patternProperties keyword_not_supported"},
      {R"({"anyOf": [{"pattern": "a"}]})", "/anyOf/0/pattern keyword_not_supported"},
      {R"({"oneOf": [{"properties": {"a": {"pattern": "a"}}}]})",
       "/oneOf/0/properties/a/pattern keyword_not_supported"},
      {R"({"not": {"pattern": "a"}})", "/not/pattern keyword_not_supported"},
      {R"({"if": {"pattern": "a"}})", "/if/pattern keyword_not_supported"},
      {R"({"then": {"pattern": "a"}})", "/then/pattern keyword_not_supported"},
      {R"({"contains": {"uniqueItems": true}})", "/contains/uniqueItems keyword_not_supported"},
      {R"({"propertyNames": {"pattern": "a"}})", "/propertyNames/pattern keyword_not_supported"},
      {R"({"dependencies": {"a": {"pattern": "a"}}})", "/dependencies/a/pattern keyword_not_supported"},
      {R"({"pattern": "("})", "/pattern pattern_invalid"},
      {R"x({"pattern": "(?=a)"})x", "/pattern pattern_invalid"},
      {R"({"pattern": 1})", "/pattern wrong_type"},
      {R"({"format": "date"})", "/format format_not_supported"},
      {R"({"items": {"format": "date-time"}})", "/items/format format_not_supported"},
      {R"({"format": "time"})", "/format format_not_supported"},
      {R"({"$ref": "https://example.org/schema"})", "/$ref reference_not_supported"},
      {R"({"$ref": "#"})", "/$ref reference_not_supported"},
      {R"({"$ref": "#/definitions/gone"})", "/$ref reference_not_supported"},
      {R"({"definitions": {"a": {"items": {"$ref": "#/definitions/a"}}}})",
       "/definitions/a/items/$ref reference_not_supported"},
      {R"({"unevaluatedProperties": false})", "/unevaluatedProperties keyword_not_supported"},
      {R"({"type": "nope"})", " schema_invalid"},
      {R"({"minimum": "x"})", " schema_invalid"},
      {R"({"properties": []})", "/properties wrong_type"},
      {R"({"anyOf": []})", "/anyOf wrong_type"},
      {R"([])", " wrong_type"},
      {R"("string")", " wrong_type"},
  };
  for (const auto& [schema, fault] : cases) EXPECT_EQ(check(schema), Faults{fault}) << schema;
}

TEST(Schema, ReferencesToDefinitionsWork) {
  const std::string schema =
      R"({"definitions": {"id": {"type": "string", "pattern": "^x"}}, "$defs": {"n": {"type": "integer"}},
      "properties": {"a": {"$ref": "#/definitions/id"}, "b": {"$ref": "#/$defs/n"}}})";
  EXPECT_EQ(validate(schema, R"({"a": "x1", "b": 1})"), Faults{});
  EXPECT_EQ(validate(schema, R"({"a": "y"})"), Faults{"/with/a pattern_mismatch"});
  EXPECT_EQ(validate(schema, R"({"b": "y"})").front(), "/with/b schema_mismatch");
}

TEST(Schema, AnExplosionOfReferencesIsRefused) {
  std::string definitions = R"("d0": {"type": "string"})";
  for (int i = 1; i < 25; ++i) {
    const std::string below = R"({"$ref": "#/definitions/d)" + std::to_string(i - 1) + R"("})";
    definitions += R"(, "d)" + std::to_string(i) + R"(": {"allOf": [)" + below + "," + below + "]}";
  }
  const Faults faults = check(R"({"definitions": {)" + definitions + R"(}, "$ref": "#/definitions/d24"})");
  ASSERT_FALSE(faults.empty());
  EXPECT_NE(faults.front().find("too_complex"), std::string::npos) << faults.front();
}

TEST(Schema, ADeepSchemaIsRefused) {
  std::string schema = "{}";
  for (int i = 0; i < 30; ++i) schema = R"({"items": )" + schema + "}";
  EXPECT_EQ(check(schema), Faults{});
}

TEST(Schema, ALargeValueUnderALargeSchemaIsRefusedNotWorkedOn) {
  std::string properties;
  for (int i = 0; i < 900; ++i) properties += R"("p)" + std::to_string(i) + R"(": {},)";
  properties.pop_back();
  std::string many = "[";
  for (int i = 0; i < 25'000; ++i) many += "1,";
  many.back() = ']';
  EXPECT_EQ(validate(R"({"properties": {)" + properties + "}}", many), Faults{"/with too_complex"});
}

}  // namespace
}  // namespace pawl::plan
