#include "worker/tools/process/process_tool.h"

#include <utility>

#include "common/model/catalogue.h"
#include "worker/tools/answer.h"
#include "worker/tools/process/limits.h"
#include "worker/tools/process/process_call.h"
#include "worker/tools/process/reaper.h"
#include "worker/tools/process/request.h"
#include "worker/tools/schema.h"

namespace pawl::tools {
namespace {

class ProcessTool final : public Tool {
 public:
  ProcessTool(Loop& loop, Result<std::unique_ptr<Sandbox>> sandbox)
      : loop_(loop), sandbox_(std::move(sandbox)), reaper_(loop) {}

  [[nodiscard]] const ToolDescription& describe() const override {
    using namespace schema;
    static const ToolDescription description{
        .name = "process",
        .summary = "Runs one command in a sandbox",
        .with_schema = object({{"argv", list(text())},
                               {"stdin", text()},
                               {"env", map()},
                               {"cwd", text()},
                               {"expect_exit", list(integer(0, 255))},
                               {"max_output", integer(0, kHighestMaxOutput)}},
                              {"argv"}),
        .output_schema = object({{"exit_code", integer(0, 255)},
                                 {"stdout", text()},
                                 {"stderr", text()},
                                 {"cpu_ms", integer(0)},
                                 {"max_rss_bytes", integer(0)}},
                                {"exit_code", "stdout", "stderr", "cpu_ms", "max_rss_bytes"}),
        .default_timeout = Millis{60'000},
        .idempotent = false};
    return description;
  }

  [[nodiscard]] std::vector<Fault> validate(const json::Value& with) const override {
    std::vector<Fault> faults;
    read_process_request(with, faults);
    return faults;
  }

  [[nodiscard]] ToolHealth health() const override {
    if (!sandbox_) return {ToolHealth::State::kDown, sandbox_.error().message};
    if (!(*sandbox_)->is_complete()) return {ToolHealth::State::kDegraded, (*sandbox_)->layers()};
    return {};
  }

  std::unique_ptr<RunningCall> start(ToolInput input, std::function<void(json::Value)> progress,
                                     std::function<void(ToolResult)> done) override {
    if (!sandbox_)
      return answer_soon(loop_, refusal("sandbox_unavailable", sandbox_.error()), std::move(done));
    std::vector<Fault> faults;
    ProcessRequest request = read_process_request(input.with, faults);
    if (faults.empty() && request.command.argv.empty())
      faults.push_back({"/argv", "invalid_type", "must be a list with at least the program"});
    if (!faults.empty()) return answer_soon(loop_, failed_for(faults), std::move(done));
    complete_command(request.command, input.identity, input.resources);
    auto sandboxed = (*sandbox_)->start(request.command);
    if (!sandboxed) return answer_soon(loop_, refusal("spawn_failed", sandboxed.error()), std::move(done));
    return std::make_unique<ProcessCall>(loop_, reaper_, std::move(request), std::move(*sandboxed),
                                         input.timeout, std::move(progress), std::move(done));
  }

 private:
  static ToolResult refusal(std::string_view code, const Error& error) {
    Failure failure = make_failure(code, error.message);
    if (!error.suggestion.empty()) failure.suggestion = error.suggestion;
    failure.sent = false;
    return {tl::unexpected(std::move(failure)), {}};
  }

  Loop& loop_;
  Result<std::unique_ptr<Sandbox>> sandbox_;
  Reaper reaper_;
};

}  // namespace

std::unique_ptr<Tool> make_process_tool(Loop& loop, Result<std::unique_ptr<Sandbox>> sandbox) {
  return std::make_unique<ProcessTool>(loop, std::move(sandbox));
}

}  // namespace pawl::tools
