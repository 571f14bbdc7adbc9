// Expressions: values, types, errors and bounds.
#include <gtest/gtest.h>

#include "common/base/time_format.h"
#include "common/model/catalogue.h"
#include "tests/unit/plan/plan_support.h"

namespace pawl::plan {
namespace {

MapScope scope_of_examples() {
  MapScope scope;
  scope.names["input"] = from_text(R"({
    "n": 5, "zero": 0, "f": 2.5, "text": "Grüße", "list": [1, 2, 3], "flag": true, "none": null, "empty": "",
    "obj": {"a": 1, "b": [true], "x-y": "dash"}, "big": 9223372036854775807, "huge": 18446744073709551615,
    "words": ["a", "b"], "deep": {"a": {"b": {"c": 7}}}})");
  scope.names["row"] = json::Value("r");
  scope.fields["fetch.output"] = from_text(R"({"status": 200, "body": {"items": [10, 20]}})");
  scope.fields["fetch.status"] = json::Value("completed");
  scope.fields["a-b.output"] = json::Value(1);
  scope.metas["exec.id"] = json::Value("0193");
  scope.metas["exec.attempt"] = json::Value(2);
  scope.metas["task.id"] = json::Value("nightly");
  scope.time = *parse_rfc3339("2026-11-20T10:00:00.123Z");
  return scope;
}

/// The value as JSON, or "code: message".
std::string evaluate(const std::string& expression) {
  const MapScope scope = scope_of_examples();
  auto parsed = Template::parse_expression(expression);
  if (!parsed) return parsed.error().code + ": " + parsed.error().message;
  auto value = parsed->render(scope);
  return value ? json::write(*value) : value.error().code + ": " + value.error().message;
}

struct Case {
  const char* expression;
  const char* result;
};
void expect_all(std::initializer_list<Case> cases) {
  for (const Case& c : cases) EXPECT_EQ(evaluate(c.expression), c.result) << c.expression;
}
/// The outcome begins with `code`.
void expect_code(const char* code, std::initializer_list<const char*> expressions) {
  for (const char* expression : expressions) {
    EXPECT_EQ(evaluate(expression).substr(0, std::string(code).size() + 1), std::string(code) + ":")
        << expression;
  }
}

TEST(Expression, Literals) {
  expect_all({{"1", "1"},
              {"-1", "-1"},
              {"1.5", "1.5"},
              {"1e3", "1000.0"},
              {"true", "true"},
              {"false", "false"},
              {"null", "null"},
              {"'a\"b'", R"("a\"b")"},
              {R"("a'b")", R"("a'b")"},
              {R"('\n\t\\\'\u00e9')", R"("\n\t\\'é")"},
              {R"('\d')", R"("\\d")"},
              {"[1, 'x', [ ]]", R"([1,"x",[]])"},
              {R"({"a": 1, "b": {}})", R"({"a":1,"b":{}})"},
              {"-9223372036854775808", "-9223372036854775808"},
              {"18446744073709551615", "18446744073709551615"}});
}

TEST(Expression, Paths) {
  expect_all({{"input.n", "5"},
              {"input['n']", "5"},
              {R"(input.obj["x-y"])", R"("dash")"},
              {"input.list[0]", "1"},
              {"input.list[input.n - 3]", "3"},
              {"input.list[4 / 2]", "3"},
              {"input.deep.a.b.c", "7"},
              {"steps.fetch.output.body.items[1]", "20"},
              {"steps['a-b'].output", "1"},
              {"steps.fetch['status']", R"("completed")"},
              {"exec.id", R"("0193")"},
              {"exec.attempt", "2"},
              {"task.id", R"("nightly")"},
              {"row", R"("r")"},
              {"secret('key')", R"("secret:key")"},
              {"[5, 6][1]", "6"},
              {R"({"a": 9}.a)", "9"}});
}

TEST(Expression, MissingNamesAreErrors) {
  expect_all({{"input.gone", "missing_binding: input.gone is missing (column 6)"},
              {"input.gone.more", "missing_binding: input.gone is missing (column 6)"},
              {"input.list[3]", "missing_binding: input.list[3] is missing (column 11)"},
              {"steps.fetch.error", "missing_binding: steps.fetch.error is missing (column 1)"}});
  expect_code("missing_binding",
              {"input.list[-1]", "input.n.x", "input.none.x", "input.list['a']", "input.text[0]", "gone",
               "steps.gone.output", "1 + input.gone", "len(input.gone)", "[input.gone]", "input.gone == null",
               "input.gone and true", "input.list[99999999999999]"});
}

TEST(Expression, CoalesceCoversMissingAndNull) {
  expect_all({{"input.gone ?? 1", "1"},
              {"input.none ?? 'x'", R"("x")"},
              {"input.n ?? 1", "5"},
              {"input.zero ?? 1", "0"},
              {"input.empty ?? 'x'", R"("")"},
              {"input.gone.a.b ?? input.none ?? 3", "3"},
              {"len(input.gone) ?? 4", "4"},
              {"input.gone ?? null", "null"},
              {"input.gone ?? 0 > -1", "true"},
              {"input.n ?? 0 == 5", "true"},
              {"(input.gone ?? []) == []", "true"},
              {"input.gone ?? 1 + 1", "2"}});
  expect_code("missing_binding", {"input.gone ?? input.gone2"});
  expect_code("expression_error", {"(1 < 'x') ?? 1"});
}

TEST(Expression, Arithmetic) {
  expect_all({{"1 + 2 * 3", "7"},
              {"(1 + 2) * 3", "9"},
              {"7 - 2 - 1", "4"},
              {"7 / 2", "3.5"},
              {"7 % 3", "1"},
              {"-7 % 3", "-1"},
              {"2 * -3", "-6"},
              {"--1", "1"},
              {"1.5 + 1", "2.5"},
              {"input.f * 2", "5.0"},
              {"5.5 % 2", "1.5"},
              {"6 / 2 == 3", "true"},
              {"9007199254740993 + 0", "9007199254740993"},
              {"input.big - 1", "9223372036854775806"},
              {"'a' + 'b'", R"("ab")"},
              {"input.n * 2 + 1", "11"},
              {"-(-9223372036854775807) ", "9223372036854775807"}});
  expect_code("expression_error", {"input.big + 1", "-9223372036854775808 - 1", "input.big * 2",
                                   "input.huge + 0", "input.huge * input.huge", "-(-9223372036854775808)",
                                   "1 / 0", "1 % 0", "1.0 / 0", "1e308 * 10", "1 + 'a'", "'a' - 'b'",
                                   "null + 1", "true + 1", "[1] + [2]", "-'a'", "-9223372036854775808 * -1"});
  EXPECT_EQ(evaluate("-9223372036854775808 % -1"), "0");
}

TEST(Expression, Comparison) {
  expect_all({{"1 < 2", "true"},
              {"2 <= 2", "true"},
              {"3 > 4", "false"},
              {"4 >= 4", "true"},
              {"1 == 1.0", "true"},
              {"1 != 2", "true"},
              {"'a' < 'b'", "true"},
              {"'a' == 'a'", "true"},
              {"1 == '1'", "false"},
              {"null == null", "true"},
              {"input.obj == {\"b\": [true], \"a\": 1, \"x-y\": 'dash'}", "true"},
              {"input.list == [1, 2, 3]", "true"},
              {"[1] != [1.0]", "false"},
              {"true == 1", "false"},
              {"9007199254740993 > 9007199254740992.0", "true"},
              {"input.huge > input.big", "true"},
              {"-1 < input.huge", "true"}});
  expect_code("expression_error", {"1 < 'a'", "null < 1", "true < false", "[1] < [2]", "'a' >= 1"});
}

TEST(Expression, Logic) {
  expect_all({{"true and false", "false"},
              {"true or false", "true"},
              {"not true", "false"},
              {"not not true", "true"},
              {"false and input.gone", "false"},
              {"true or input.gone", "true"},
              {"true and not false or false", "true"},
              {"false or true and false", "false"},
              {"not 1 == 2", "true"},
              {"input.n > 3 and input.flag", "true"},
              {"true or 1", "true"}});
  expect_code("expression_error", {"1 and true", "true and 1", "not null", "'x' or true", "false or 1"});
}

TEST(Expression, In) {
  expect_all({{"2 in input.list", "true"},
              {"9 in input.list", "false"},
              {"1.0 in input.list", "true"},
              {"'a' in input.obj", "true"},
              {"'z' in input.obj", "false"},
              {"'üß' in input.text", "true"},
              {"'x' in ''", "false"},
              {"[1] in [[1], [2]]", "true"},
              {"input.n in [4, 5]", "true"},
              {"not 'q' in input.words", "true"}});
  expect_code("expression_error", {"1 in 5", "1 in 'a1'", "1 in input.obj", "'a' in null"});
}

TEST(Expression, Functions) {
  expect_all({{"len(input.text)", "5"},
              {"len([])", "0"},
              {"len(input.obj)", "3"},
              {"keys(input.obj)", R"(["a","b","x-y"])"},
              {"values({\"a\": 1, \"b\": 2})", "[1,2]"},
              {"lower('ABÜ')", R"("abÜ")"},
              {"upper('abc')", R"("ABC")"},
              {"contains('hello', 'ell')", "true"},
              {"contains('hello', 'x')", "false"},
              {"contains([1, 2], 2)", "true"},
              {"starts_with('hello', 'he')", "true"},
              {"starts_with('he', 'hello')", "false"},
              {R"(matches('abc12', '^[a-z]+\d+$'))", "true"},
              {"matches('abc', 'x' + 'y')", "false"},
              {"join(['a', 1, true, null], '-')", R"("a-1-true-null")"},
              {"join([], ',')", R"("")"},
              {"split('a,b,,c', ',')", R"(["a","b","","c"])"},
              {"split('', ',')", R"([""])"},
              {"split('abc', 'c')", R"(["ab",""])"},
              {"json(input.obj)", R"("{\"a\":1,\"b\":[true],\"x-y\":\"dash\"}")"},
              {"parse_json('{\"a\":[1]}').a[0]", "1"},
              {"base64('Grüße')", R"("R3LDvMOfZQ==")"},
              {"now()", R"("2026-11-20T10:00:00.123Z")"},
              {"duration('5m')", "300"},
              {"duration('250ms')", "0.25"},
              {"duration(7)", "7"}});
  expect_code("expression_error", {"len(1)",
                                   "len(null)",
                                   "keys([1])",
                                   "values('a')",
                                   "lower(1)",
                                   "upper(null)",
                                   "contains(1, 'a')",
                                   "contains('a', 1)",
                                   "starts_with('a', 1)",
                                   "matches(1, 'a')",
                                   "matches('a', '(' + '')",
                                   "join('a', 'b')",
                                   "join([1], 1)",
                                   "split('a', '')",
                                   "split(1, 'a')",
                                   "parse_json('{')",
                                   "parse_json(1)",
                                   "base64(1)",
                                   "duration('soon')",
                                   "duration(-1)",
                                   "duration(null)"});
}

TEST(Expression, SyntaxErrorsPointAtTheColumn) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "column 1: an expression is missing here"},
      {"1 +", "column 4: the expression ends too soon"},
      {"1 2", "column 3: unexpected '2'"},
      {"(1", "column 3: expected ')'"},
      {"input.", "column 7: expected a name after '.'; write a[\"…\"] for other keys"},
      {"'abc", "column 1: the quoted text has no end"},
      {"a && b", "column 3: write 'and' for &&"},
      {"a || b", "column 3: write 'or' for ||"},
      {"!a", "column 1: write 'not' for !"},
      {"a = 1", "column 3: write == to compare; there is no assignment"},
      {"1 < 2 < 3", "column 7: comparisons don't chain; use 'and'"},
      {"eval('x')", "column 1: there is no function 'eval'"},
      {"len()", "column 1: len takes 1 argument, not 0"},
      {"now(1)", "column 1: now takes 0 arguments, not 1"},
      {"matches('a', '(')", "column 14: bad pattern: missing ): ("},
      {"steps.a", "column 8: expected '.' and output, status or error"},
      {"steps.a.result", "column 8: a step has output, status and error, no 'result'"},
      {"steps[input.x].output", "column 7: expected the id of a step in quotes"},
      {"steps.a-b.output",
       "column 8: write steps[\"a-…\"].output for an id with other characters than letters, digits and _"},
      {"exec", "column 5: expected '.' and id or attempt"},
      {"secret(input.x)", "column 8: secret needs its name in quotes"},
      {"'ü' + $", "column 7: unexpected '$'"},
      {"99999999999999999999", "column 1: the number is too large"},
      {"1e999", "column 1: the number is too large"},
      {"2x", "column 1: a name can't begin with a digit; write a[\"…\"] for such a key"},
      {"{a: 1}", "column 2: expected a key in quotes"},
      {"[1,", "column 4: the expression ends too soon"},
      {"and", "column 1: unexpected 'and'"},
      {"x \x01", "column 3: unexpected character outside quotes"},
  };
  for (const auto& [text, message] : cases) {
    EXPECT_EQ(evaluate(text), std::string("expression_invalid: ") + message) << text;
  }
}

TEST(Expression, NestsWithinBounds) {
  auto nested = [](std::size_t levels) { return std::string(levels, '(') + "1" + std::string(levels, ')'); };
  EXPECT_EQ(evaluate(nested(50)), "1");
  EXPECT_NE(evaluate(nested(100'000)).find("nested too deep"), std::string::npos);
  for (const char* opener : {"[", "not ", "-", "len(", "{\"a\":", "1 ?? ", "a["}) {
    std::string text;
    for (int i = 0; i < 20'000; ++i) text += opener;
    EXPECT_EQ(evaluate(text + "1").substr(0, 19), "expression_invalid:") << opener;
  }
  std::string chain = "1";
  for (int i = 0; i < 150; ++i) chain += " + 1";
  EXPECT_EQ(evaluate(chain), "151");
  for (int i = 0; i < 10'000; ++i) chain += " + 1";
  EXPECT_NE(evaluate(chain).find("nested too deep"), std::string::npos);
}

TEST(Expression, WorkAndSizeAreBounded) {
  MapScope scope;
  scope.names["input"] = json::Value(json::Object{{"s", json::Value(std::string(700'000, 'x'))}});
  auto code = [&](const std::string& text) {
    auto value = Template::parse_expression(text)->render(scope);
    return value ? "fine" : value.error().code;
  };
  EXPECT_EQ(code("input.s"), "fine");
  EXPECT_EQ(code("lower(input.s)"), "fine");
  EXPECT_EQ(code("input.s + input.s"), "expression_limit");
  EXPECT_EQ(code("[input.s, input.s]"), "expression_limit");
  EXPECT_EQ(code("join([input.s, input.s], '')"), "expression_limit");
  EXPECT_EQ(code("split(input.s, 'x')"), "expression_limit");
  EXPECT_EQ(code("contains(input.s, 'y')"), "fine");
  std::string lowers = "len(input.s)";
  for (int i = 0; i < 40; ++i) lowers = "len(input.s) + " + lowers;
  EXPECT_EQ(code(lowers), "expression_limit");
}

TEST(Expression, ResultsAreNoDeeperThanTheJsonParserReads) {
  std::string text(62, '[');
  text += std::string(62, ']');
  MapScope scope;
  scope.names["input"] = from_text(text);
  EXPECT_TRUE(Template::parse_expression("[input]")->render(scope));
  auto deep = Template::parse_expression("[[[input]]]")->render(scope);
  ASSERT_FALSE(deep);
  EXPECT_EQ(deep.error().code, "expression_limit");
}

TEST(Expression, AnUnknownSecretKeepsItsCode) {
  EXPECT_EQ(evaluate("secret('gone')"), "unknown_secret: there is no such secret (column 1)");
}

TEST(Expression, FailuresAreConfigurationWithThePlace) {
  const MapScope scope = scope_of_examples();
  auto parsed = Template::parse(from_text(R"({"a": ["${{ input.gone }}"]})"));
  ASSERT_TRUE(parsed);
  auto value = parsed->render(scope);
  ASSERT_FALSE(value);
  EXPECT_EQ(value.error().category, Category::kConfiguration);
  EXPECT_EQ(value.error().code, "missing_binding");
  EXPECT_EQ(value.error().suggestion, suggestion_for("missing_binding"));
  EXPECT_EQ(json::write(value.error().details), R"({"pointer":"/a/0","column":10})");
}

}  // namespace
}  // namespace pawl::plan
