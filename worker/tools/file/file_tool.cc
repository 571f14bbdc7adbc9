#include "worker/tools/file/file_tool.h"

#include <utility>

#include "common/loop/work.h"
#include "worker/tools/answer.h"
#include "worker/tools/file/limits.h"
#include "worker/tools/file/operations.h"
#include "worker/tools/schema.h"

namespace pawl::tools {
namespace {

class FileCall final : public RunningCall {
 public:
  FileCall(Loop& loop, std::string root, CallIdentity identity, FileRequest request,
           std::function<void(ToolResult)> done) {
    auto result = std::make_shared<FileResult<json::Value>>(json::Value());
    run_blocking(
        loop,
        [result, root = std::move(root), identity = std::move(identity), request = std::move(request)] {
          *result = run_file_operation(root, identity.exec_id, identity.step, request);
        },
        [alive = std::weak_ptr<bool>(alive_), result, done = std::move(done)] {
          if (!alive.expired()) done({std::move(*result), {}});
        });
  }
  void cancel() override {}  // it is over in a moment, and half a change would be worse

 private:
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

/// A path that leads out is an attempt on the worker, not a typing error: permission/path_denied.
ToolResult refusal(const std::vector<Fault>& faults) {
  ToolResult result = failed_for(faults);
  for (const Fault& fault : faults) {
    if (fault.code != "path_denied") continue;
    result = failed(Category::kPermission, "path_denied", fault.pointer + " " + fault.message);
    result.output.error().sent = false;
    break;
  }
  return result;
}

class FileTool final : public Tool {
 public:
  FileTool(Loop& loop, std::string root) : loop_(loop), root_(std::move(root)) {}

  [[nodiscard]] const ToolDescription& describe() const override {
    static const ToolDescription description{
        .name = "file",
        .summary = "Reads and changes files of the execution, with undo",
        .with_schema = schema::object({{"op", schema::one_of({"read", "write", "append", "copy", "move",
                                                              "delete", "list", "stat", "mkdir", "undo"})},
                                       {"path", schema::text()},
                                       {"content", schema::text()},
                                       {"to", schema::text()},
                                       {"mode", schema::anything()},
                                       {"if_match", schema::text()}},
                                      {"op"}),
        .output_schema = schema::anything(),
        .default_timeout = Millis{60'000},
        .idempotent = true};
    return description;
  }

  [[nodiscard]] std::vector<Fault> validate(const json::Value& with) const override {
    std::vector<Fault> faults;
    read_file_request(with, faults);
    return faults;
  }

  std::unique_ptr<RunningCall> start(ToolInput input, std::function<void(json::Value)>,
                                     std::function<void(ToolResult)> done) override {
    std::vector<Fault> faults;
    FileRequest request = read_file_request(input.with, faults);
    if (!faults.empty()) return answer_soon(loop_, refusal(faults), std::move(done));
    return std::make_unique<FileCall>(loop_, root_, std::move(input.identity), std::move(request),
                                      std::move(done));
  }

 private:
  Loop& loop_;
  const std::string root_;
};

}  // namespace

std::unique_ptr<Tool> make_file_tool(Loop& loop, std::string file_root) {
  return std::make_unique<FileTool>(loop, std::move(file_root));
}

}  // namespace pawl::tools
