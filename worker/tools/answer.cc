#include "worker/tools/answer.h"

#include <algorithm>
#include <utility>

#include "common/model/catalogue.h"

namespace pawl::tools {
namespace {

class AnsweredCall final : public RunningCall {
 public:
  AnsweredCall(Loop& loop, ToolResult result, std::function<void(ToolResult)> done)
      : alive_(std::make_shared<bool>(true)) {
    loop.post([alive = std::weak_ptr(alive_), result = std::move(result), done = std::move(done)]() mutable {
      if (!alive.expired()) done(std::move(result));
    });
  }
  void cancel() override {}  // it has happened

 private:
  std::shared_ptr<bool> alive_;
};

}  // namespace

ToolResult failed(Category category, std::string code, std::string message) {
  Failure failure;
  failure.category = category;
  failure.suggestion = suggestion_for(code);
  failure.code = std::move(code);
  failure.message = std::move(message);
  return {tl::unexpected(std::move(failure)), {}};
}

ToolResult failed_for(const std::vector<Fault>& faults) {
  const bool is_denied =
      std::ranges::any_of(faults, [](const Fault& f) { return f.code == "policy_denied"; });
  ToolResult result =
      is_denied ? failed(Category::kPermission, "egress_blocked", faults.front().message)
                : failed(Category::kConfiguration, "invalid_parameter", "the parameters are invalid");
  json::Array list;
  for (const Fault& fault : faults)
    list.push_back(
        json::Object{{"pointer", fault.pointer}, {"code", fault.code}, {"message", fault.message}});
  result.output.error().details = json::Object{{"faults", std::move(list)}};
  result.output.error().sent = false;
  return result;
}

ToolResult cancelled() { return failed(Category::kCancelled, "cancelled", "the call was cancelled"); }

std::unique_ptr<RunningCall> answer_soon(Loop& loop, ToolResult result,
                                         std::function<void(ToolResult)> done) {
  return std::make_unique<AnsweredCall>(loop, std::move(result), std::move(done));
}

}  // namespace pawl::tools
