#include "worker/tools/parameters.h"

#include <gtest/gtest.h>

namespace pawl::tools {
namespace {

TEST(Parameters, CollectsEveryFaultWithItsPointer) {
  const json::Value with =
      json::Object{{"n", "x"}, {"list", json::Array{1, "two", 700}}, {"mode", "odd"}, {"more", 1}};
  Parameters parameters(with);
  parameters.allow_only({"n", "list", "mode", "url"});
  parameters.require("url");
  parameters.integer("n", 0, 10);
  EXPECT_EQ(parameters.integers("list", 0, 600), std::vector<int>{1});
  parameters.choice("mode", {"auto", "text"});
  std::vector<std::string> found;
  for (const Fault& fault : parameters.faults()) found.push_back(fault.pointer + " " + fault.code);
  EXPECT_EQ(found, (std::vector<std::string>{"/more unknown_field", "/url required", "/n invalid_type",
                                             "/list/1 invalid_type", "/list/2 out_of_range",
                                             "/mode invalid_value"}));
}

TEST(Parameters, WhatHoldsAnExpressionIsNotJudged) {
  const json::Value with = json::Object{{"n", "${{ input.n }}"}, {"list", json::Array{"${{ input.a }}"}}};
  Parameters parameters(with);
  parameters.integer("n", 0, 10);
  parameters.integers("list", 0, 10);
  parameters.require("n");
  EXPECT_TRUE(parameters.faults().empty());
}

TEST(Parameters, WhatIsNoObjectHasOneFault) {
  const json::Value with = 7;
  Parameters parameters(with);
  parameters.allow_only({"a"});
  parameters.require("a");
  ASSERT_EQ(parameters.faults().size(), 1u);
  EXPECT_EQ(parameters.faults()[0].code, "invalid_type");
}

}  // namespace
}  // namespace pawl::tools
