#include "api/cli/yaml.h"

#include <gtest/gtest.h>

#include "common/json/parse.h"
#include "common/json/write.h"

namespace pawl::cli {
namespace {

std::string as_json(std::string_view yaml) {
  const auto value = parse_yaml(yaml);
  return value ? json::write(*value) : "error: " + value.error().message;
}

TEST(Yaml, ScalarsHaveTheTypesOfTheCoreSchema) {
  EXPECT_EQ(as_json("[1, -2, 0x1F, 0o17, 007, +3]"), "[1,-2,31,15,7,3]");
  EXPECT_EQ(as_json("[1.5, .5, 1e3, -2.5E-1]"), "[1.5,0.5,1000.0,-0.25]");
  EXPECT_EQ(as_json("[true, False, null, ~, ]"), "[true,false,null,null]");
  EXPECT_EQ(as_json("[yes, no, on, off, y]"), R"(["yes","no","on","off","y"])");
  EXPECT_EQ(as_json("['1', \"true\", !!str 5, 10m, 1_000, 2026-11-20, 1.2.3, 0xZ, -]"),
            R"(["1","true","5","10m","1_000","2026-11-20","1.2.3","0xZ","-"])");
  EXPECT_EQ(as_json("18446744073709551615"), "18446744073709551615");
}

TEST(Yaml, TreesKeepTheirOrder) {
  EXPECT_EQ(as_json("b: 1\na:\n  - x: {y: []}\n  - |\n    two\n    lines\n"),
            R"({"b":1,"a":[{"x":{"y":[]}},"two\nlines\n"]})");
  EXPECT_EQ(as_json("base: &b {x: 1}\ncopy: *b\n"), R"({"base":{"x":1},"copy":{"x":1}})");
}

TEST(Yaml, RefusesWhatJsonCantHold) {
  for (const auto* text : {"a: 1\na: 2", "? [x]\n: 1", ".inf", ".nan", "99999999999999999999999", "a: b: c",
                           "x: !thing 1", "--- 1\n--- 2", "a: {<<: {b: 1}}", "[1, 2", ""}) {
    EXPECT_EQ(as_json(text).substr(0, 6), "error:") << text;
  }
  EXPECT_NE(as_json("a: 1\na: 2").find("line 2, column 1"), std::string::npos);
}

TEST(Yaml, AliasesCannotMakeItHuge) {
  std::string bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n";
  for (int i = 1; i < 9; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int j = 0; j < 10; ++j) bomb += before + (j < 9 ? "," : "]\n");
  }
  EXPECT_NE(as_json(bomb).find("too many values"), std::string::npos);
  EXPECT_NE(as_json(std::string(100, '[') + std::string(100, ']')).find("nested deeper"), std::string::npos);
}

TEST(Yaml, WhatIsWrittenReadsBackTheSame) {
  for (const auto* text :
       {R"({"a":[1,{"b":[]},[[2],{}]],"c":{"d":null,"e":"x: y # z"},"f":[{"g":1,"h":[{"i":2}]}]})",
        R"(["yes","n","1","1.5","","- x"," a","a ","null","~","*a","#","\u001b[31m","é","a\nb","/x"])", "[]",
        R"("t")", "{}", R"({"y":true,"1":1,"a b":1.5,"k:":-3})"}) {
    const auto value = json::parse(text);
    ASSERT_TRUE(value) << text;
    const std::string yaml = write_yaml(*value);
    EXPECT_EQ(as_json(yaml), json::write(*value)) << yaml;
  }
}

}  // namespace
}  // namespace pawl::cli
