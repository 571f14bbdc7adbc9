// jq in the sandbox: its result as a value, its errors as failures, its bounds.
#include "worker/tools/transform/transform_tool.h"

#include <gtest/gtest.h>

#include "tests/support/one_call.h"
#include "worker/tools/process/process_tool.h"

namespace pawl::tools {
namespace {

class TransformTool : public testing::Test {
 protected:
  ToolResult call(json::Object with) {
    OneCall one(loop_);
    one.start(*tool_, std::move(with));
    return one.wait();
  }
  json::Value good(json::Object with) {
    const ToolResult result = call(std::move(with));
    EXPECT_TRUE(result.output) << result.output.error().code << " " << result.output.error().message;
    return result.output.value_or(json::Value("failed"));
  }
  std::string code(json::Object with) {
    const ToolResult result = call(std::move(with));
    return result.output ? "" : result.output.error().code;
  }

  Loop loop_;
  std::unique_ptr<Tool> process_ = make_process_tool(loop_, Sandbox::probe(SandboxProfile::kFull));
  std::unique_ptr<Tool> tool_ = make_transform_tool(loop_, *process_);
};

TEST_F(TransformTool, AnswersWhatTheProgramSays) {
  const json::Value input = json::Object{{"items", json::Array{1, 2, 3}}, {"name", "a\nb"}};
  EXPECT_EQ(good({{"jq", ".items | add"}, {"input", input}}), json::Value(6));
  EXPECT_EQ(good({{"jq", ".name"}, {"input", input}}), json::Value("a\nb"));
  EXPECT_EQ(good({{"jq", ".items[]"}, {"input", input}}), json::Value(json::Array{1, 2, 3}));
  EXPECT_EQ(good({{"jq", "empty"}, {"input", input}}), json::Value());
  EXPECT_EQ(good({{"jq", "-1"}}), json::Value(-1)) << "a leading dash is no option";
  EXPECT_EQ(good({{"jq", "."}, {"input", "$(id) `id`"}}), json::Value("$(id) `id`"));
}

TEST_F(TransformTool, ErrorsAreThePrograms) {
  for (const char* program : {".[", "error(\"no\")", ".a.b"}) {
    const ToolResult result = call({{"jq", program}, {"input", json::Array{1}}});
    ASSERT_FALSE(result.output) << program;
    EXPECT_EQ(result.output.error().code, "program_failed");
    EXPECT_EQ(result.output.error().category, Category::kConfiguration);
    EXPECT_TRUE(result.output.error().details.is_object());
  }
  EXPECT_EQ(code({{"jq", 1}}), "invalid_parameter");
  EXPECT_EQ(code({{"input", 1}}), "invalid_parameter");
}

TEST_F(TransformTool, ItsTimeAndItsMemoryAreBounded) {
  EXPECT_EQ(code({{"jq", "last(repeat(1))"}}), "timeout");
  EXPECT_EQ(code({{"jq", "[range(100000000)] | length"}}), "oom_killed");
}

}  // namespace
}  // namespace pawl::tools
