#include "worker/tools/transform/transform_tool.h"

#include <algorithm>
#include <utility>

#include "common/json/parse.h"
#include "common/json/write.h"
#include "common/model/catalogue.h"
#include "worker/tools/answer.h"
#include "worker/tools/parameters.h"
#include "worker/tools/schema.h"

namespace pawl::tools {
namespace {

// tools.md: 2 s, 64 MiB. A plan's own `timeout` may only shorten it.
constexpr Millis kTime{2'000};
constexpr std::int64_t kMemoryBytes = std::int64_t{64} << 20;
constexpr std::size_t kMaxProgram = 65'536;
constexpr std::int64_t kMaxOutput = std::int64_t{16} << 20;

/// jq prints one value a line; several are a list, none is null, as a plan reads one result.
tl::expected<json::Value, Failure> read_results(const std::string& printed) {
  json::Array results;
  std::string_view rest = printed;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (line.empty()) continue;
    auto value = json::parse(line);
    if (!value)
      return tl::unexpected(
          make_failure("program_failed", "the result is no JSON that Pawl takes: " + value.error().message));
    results.push_back(std::move(*value));
  }
  if (results.empty()) return json::Value();
  if (results.size() == 1) return std::move(results.front());
  return json::Value(std::move(results));
}

ToolResult read_end(ToolResult ended) {
  if (ended.output) {
    const json::Value* printed = ended.output->find("stdout");
    ended.output = read_results(printed != nullptr && printed->is_string() ? printed->as_string() : "");
    return ended;
  }
  Failure& failure = ended.output.error();
  // jq's own words (2: usage or input, 3: does not compile, 5: an error at run time) are in the details.
  if (failure.code.starts_with("exit_")) {
    Failure told = make_failure("program_failed", "the jq program ended with " + failure.code);
    told.details = failure.details;
    ended.output = tl::unexpected(std::move(told));
  }
  return ended;
}

class TransformTool final : public Tool {
 public:
  TransformTool(Loop& loop, Tool& process) : loop_(loop), process_(process) {}

  [[nodiscard]] const ToolDescription& describe() const override {
    static const ToolDescription description{
        .name = "transform",
        .summary = "Runs a jq program over a value",
        .with_schema = schema::object({{"jq", schema::text()}, {"input", schema::anything()}}, {"jq"}),
        .output_schema = schema::anything(),
        .default_timeout = kTime,
        .idempotent = true};
    return description;
  }

  [[nodiscard]] std::vector<Fault> validate(const json::Value& with) const override {
    Parameters parameters(with);
    read(parameters);
    return parameters.take_faults();
  }

  [[nodiscard]] ToolHealth health() const override { return process_.health(); }

  std::unique_ptr<RunningCall> start(ToolInput input, std::function<void(json::Value)>,
                                     std::function<void(ToolResult)> done) override {
    Parameters parameters(input.with);
    const std::string program = read(parameters);
    if (!parameters.faults().empty())
      return answer_soon(loop_, failed_for(parameters.faults()), std::move(done));
    const json::Value* over = input.with.find("input");
    const std::string text = json::write(over == nullptr ? json::Value() : *over);
    // Behind a space a program that begins with a dash is no option (jq 1.6 takes no "--"); "-M": no colours,
    // "-c": one value a line.
    input.with = json::Object{
        {"argv", json::Array{"jq", "-M", "-c", " " + program}}, {"stdin", text}, {"max_output", kMaxOutput}};
    input.timeout = std::min(input.timeout, kTime);
    input.resources.memory_bytes = kMemoryBytes;
    return process_.start(
        std::move(input), [](const json::Value&) {},
        [done = std::move(done)](ToolResult ended) { done(read_end(std::move(ended))); });
  }

 private:
  static std::string read(Parameters& parameters) {
    parameters.allow_only({"jq", "input"});
    parameters.require("jq");
    const std::string program = parameters.text("jq").value_or("");
    if (program.size() > kMaxProgram || program.find('\0') != std::string::npos)
      parameters.fault("jq", "invalid_value", "must have at most 65,536 bytes and no NUL");
    return program;
  }

  Loop& loop_;
  Tool& process_;
};

}  // namespace

std::unique_ptr<Tool> make_transform_tool(Loop& loop, Tool& process) {
  return std::make_unique<TransformTool>(loop, process);
}

}  // namespace pawl::tools
