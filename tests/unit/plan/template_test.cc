// Templates: where expressions are found, how values keep their type, and that a rendered value is only data.
#include <gtest/gtest.h>

#include "tests/unit/plan/plan_support.h"

namespace pawl::plan {
namespace {

MapScope scope_with(const std::string& input) {
  MapScope scope;
  scope.names["input"] = from_text(input);
  return scope;
}

std::string render(const std::string& source, const std::string& input = "{}") {
  auto parsed = Template::parse(from_text(source));
  if (!parsed) return parsed.error().code + ": " + parsed.error().message;
  const MapScope scope = scope_with(input);
  auto value = parsed->render(scope);
  return value ? json::write(*value) : value.error().code;
}

TEST(Template, AStringOfOneExpressionKeepsTheType) {
  EXPECT_EQ(render(R"("${{ input.n }}")", R"({"n": 5})"), "5");
  EXPECT_EQ(render(R"("${{input}}")", R"({"a": [1]})"), R"({"a":[1]})");
  EXPECT_EQ(render(R"(" ${{ input.n }}")", R"({"n": 5})"), R"(" 5")");
}

TEST(Template, OtherwiseValuesAreRenderedIntoTheText) {
  EXPECT_EQ(render(R"("n=${{ input.n }}, t=${{ input.t }};")", R"({"n": 5, "t": "x"})"), R"("n=5, t=x;")");
  EXPECT_EQ(render(R"("${{ input.o }}${{ input.l }}${{ input.z }}")",
                   R"({"o": {"a": 1}, "l": [1, "x"], "z": null})"),
            R"("{\"a\":1}[1,\"x\"]null")");
}

TEST(Template, ARenderedValueIsNeverScannedAgain) {
  EXPECT_EQ(render(R"x({"a": "${{ input.t }}", "b": "x ${{ input.t }}"})x", R"x({"t": "${{ 7*7 }} $(id)"})x"),
            R"x({"a":"${{ 7*7 }} $(id)","b":"x ${{ 7*7 }} $(id)"})x");
}

TEST(Template, KeysAreNoTemplates) { EXPECT_EQ(render(R"({"${{ input }}": 1})"), R"({"${{ input }}":1})"); }

TEST(Template, BracesInTextAndObjectsDoNotClose) {
  EXPECT_EQ(render(R"("${{ '}}' }}")"), R"("}}")");
  EXPECT_EQ(render(R"("a${{ {'x': {}} }}")"), R"("a{\"x\":{}}")");
  EXPECT_EQ(render(R"("${{ {\"x\": {\"y\": 1}} }}")"), R"({"x":{"y":1}})");
  EXPECT_EQ(render(R"("${{ '${{' }}")"), R"("${{")");
}

TEST(Template, AnOpenExpressionIsAFault) {
  EXPECT_EQ(render(R"("ab ${{ input")"), "expression_invalid: column 4: ${{ is never closed by }}");
  EXPECT_EQ(render(R"("é${{ 1 + }}")"), "expression_invalid: column 10: the expression ends too soon");
}

TEST(Template, ReportsEachBadString) {
  auto parsed =
      Template::parse(from_text(R"({"a": "${{ }}", "b": ["ok", "${{ 1 1 }}"], "c": "${{ ( }} ${{ ) }}"})"));
  ASSERT_FALSE(parsed);
  EXPECT_EQ(fault_list(parsed.error().faults),
            (std::vector<std::string>{"/a expression_invalid", "/b/1 expression_invalid",
                                      "/c expression_invalid", "/c expression_invalid"}));
}

TEST(Template, ConstantsAreKnown) {
  EXPECT_TRUE(Template().is_constant());
  EXPECT_TRUE(Template().source().is_null());
  EXPECT_TRUE(Template::parse(from_text(R"({"a": ["x", 1, {"b": "$ {{ }}"}]})"))->is_constant());
  EXPECT_FALSE(Template::parse(from_text(R"({"a": ["${{ 1 }}"]})"))->is_constant());
  EXPECT_FALSE(Template::parse_expression("1")->is_constant());
}

TEST(Template, ReferencesHaveTheirPlace) {
  auto parsed = Template::parse(from_text(
      R"({"a/b": ["${{ steps.x.output.y ?? input.z }}"], "s": "${{ secret('k') }} ${{ exec.id }}"})"));
  ASSERT_TRUE(parsed);
  const auto& found = parsed->references();
  ASSERT_EQ(found.size(), 4u);
  EXPECT_EQ(found[0].kind, Reference::Kind::kStep);
  EXPECT_EQ(found[0].name, "x");
  EXPECT_EQ(found[0].field, "output");
  EXPECT_TRUE(found[0].guarded);
  EXPECT_EQ(found[0].pointer, "/a~1b/0");
  EXPECT_EQ(found[1].name, "input");
  EXPECT_FALSE(found[1].guarded);
  EXPECT_EQ(found[2].kind, Reference::Kind::kSecret);
  EXPECT_EQ(found[2].name, "k");
  EXPECT_EQ(found[3].kind, Reference::Kind::kMeta);
  EXPECT_EQ(found[3].name, "exec.id");
}

TEST(Template, AConditionIsBareOrInBraces) {
  const MapScope scope = scope_with(R"({"n": 5})");
  for (const char* text : {"input.n > 3", "${{ input.n > 3 }}", "  ${{input.n > 3}}  "}) {
    auto parsed = Template::parse_expression(text);
    ASSERT_TRUE(parsed) << text;
    EXPECT_EQ(json::write(*parsed->render(scope)), "true") << text;
  }
  EXPECT_FALSE(Template::parse_expression("${{ input.n }} > 3"));
  EXPECT_FALSE(Template::parse_expression("   "));
}

TEST(Template, TheWholeResultIsBounded) {
  auto parsed = Template::parse(from_text(R"(["${{ input.s }}", "${{ input.s }}"])"));
  MapScope scope;
  scope.names["input"] = json::Value(json::Object{{"s", json::Value(std::string(600'000, 'x'))}});
  auto value = parsed->render(scope);
  ASSERT_FALSE(value);
  EXPECT_EQ(value.error().code, "expression_limit");
  auto text = Template::parse(from_text(R"("${{ input.s }} ${{ input.s }}")"))->render(scope);
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().code, "expression_limit");
}

}  // namespace
}  // namespace pawl::plan
