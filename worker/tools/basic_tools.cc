#include "worker/tools/basic_tools.h"

#include <utility>

#include "common/loop/timer.h"
#include "worker/tools/answer.h"
#include "worker/tools/parameters.h"
#include "worker/tools/schema.h"

namespace pawl::tools {
namespace {

class EchoTool final : public Tool {
 public:
  explicit EchoTool(Loop& loop) : loop_(loop) {}

  [[nodiscard]] const ToolDescription& describe() const override {
    static const ToolDescription description{.name = "echo",
                                             .summary = "Answers its parameters",
                                             .with_schema = schema::anything(),
                                             .output_schema = schema::anything(),
                                             .default_timeout = Millis{60'000},
                                             .idempotent = true};
    return description;
  }
  [[nodiscard]] std::vector<Fault> validate(const json::Value&) const override { return {}; }

  std::unique_ptr<RunningCall> start(ToolInput input, std::function<void(json::Value)>,
                                     std::function<void(ToolResult)> done) override {
    return answer_soon(loop_, {std::move(input.with), {}}, std::move(done));
  }

 private:
  Loop& loop_;
};

class SleepCall final : public RunningCall {
 public:
  SleepCall(Loop& loop, Millis duration, Millis timeout, std::function<void(ToolResult)> done)
      : timer_(loop), started_(std::chrono::steady_clock::now()), done_(std::move(done)) {
    const bool is_cut = duration > timeout;
    left_ = std::min(duration, timeout);
    end_ = [this, duration, is_cut] {
      finish(is_cut ? failed(Category::kTransient, "timeout", "the sleep is longer than the step's timeout")
                    : ToolResult{json::Value(json::Object{{"slept_ms", duration.count()}}), {}});
    };
    timer_.start(left_, end_);
  }

  void cancel() override {
    if (done_) timer_.start(Millis{0}, [this] { finish(cancelled()); });
  }

  bool freeze() override {
    const auto slept = std::chrono::duration_cast<Millis>(std::chrono::steady_clock::now() - started_);
    left_ = std::max(left_ - slept, Millis{0});
    timer_.stop();
    return true;
  }
  void thaw() override {
    if (!done_ || timer_.active()) return;
    started_ = std::chrono::steady_clock::now();
    timer_.start(left_, end_);
  }

 private:
  void finish(ToolResult result) { std::exchange(done_, nullptr)(std::move(result)); }

  Timer timer_;
  MonoTime started_;
  Millis left_{0};
  std::function<void()> end_;
  std::function<void(ToolResult)> done_;
};

class SleepTool final : public Tool {
 public:
  explicit SleepTool(Loop& loop) : loop_(loop) {}

  [[nodiscard]] const ToolDescription& describe() const override {
    static const ToolDescription description{
        .name = "sleep",
        .summary = "Waits; over 2 s without holding a slot",
        .with_schema = schema::object({{"duration", schema::duration()}}, {"duration"}),
        .output_schema = schema::object({{"slept_ms", schema::integer(0)}}, {"slept_ms"}),
        .default_timeout = Millis{60'000},
        .idempotent = true};
    return description;
  }

  [[nodiscard]] std::vector<Fault> validate(const json::Value& with) const override {
    Parameters parameters(with);
    read(parameters);
    return parameters.take_faults();
  }

  [[nodiscard]] std::optional<Millis> estimate(const json::Value& with) const override {
    Parameters parameters(with);
    return read(parameters);
  }

  std::unique_ptr<RunningCall> start(ToolInput input, std::function<void(json::Value)>,
                                     std::function<void(ToolResult)> done) override {
    Parameters parameters(input.with);
    const std::optional<Millis> duration = read(parameters);
    if (!parameters.faults().empty())
      return answer_soon(loop_, failed_for(parameters.faults()), std::move(done));
    if (!duration)
      return answer_soon(loop_, failed_for({{"/duration", "invalid_duration", "is no duration"}}),
                         std::move(done));
    return std::make_unique<SleepCall>(loop_, *duration, input.timeout, std::move(done));
  }

 private:
  static std::optional<Millis> read(Parameters& parameters) {
    parameters.allow_only({"duration"});
    parameters.require("duration");
    return parameters.duration("duration");
  }

  Loop& loop_;
};

class AssertTool final : public Tool {
 public:
  explicit AssertTool(Loop& loop) : loop_(loop) {}

  [[nodiscard]] const ToolDescription& describe() const override {
    static const ToolDescription description{
        .name = "assert",
        .summary = "Fails the step unless `that` is true",
        .with_schema = schema::object({{"that", schema::boolean()}, {"message", schema::text()}}, {"that"}),
        .output_schema = schema::object({}, {}),
        .default_timeout = Millis{60'000},
        .idempotent = true};
    return description;
  }

  [[nodiscard]] std::vector<Fault> validate(const json::Value& with) const override {
    Parameters parameters(with);
    read(parameters);
    return parameters.take_faults();
  }

  std::unique_ptr<RunningCall> start(ToolInput input, std::function<void(json::Value)>,
                                     std::function<void(ToolResult)> done) override {
    Parameters parameters(input.with);
    const auto [that, message] = read(parameters);
    if (!parameters.faults().empty())
      return answer_soon(loop_, failed_for(parameters.faults()), std::move(done));
    if (that) return answer_soon(loop_, {json::Value(json::Object{}), {}}, std::move(done));
    return answer_soon(loop_, failed(Category::kLogic, "assertion_failed", message), std::move(done));
  }

 private:
  struct Read {
    bool that = false;
    std::string message;
  };
  static Read read(Parameters& parameters) {
    parameters.allow_only({"that", "message"});
    parameters.require("that");
    return {parameters.flag("that").value_or(false),
            parameters.text("message").value_or("the assertion of the plan does not hold")};
  }

  Loop& loop_;
};

}  // namespace

std::unique_ptr<Tool> make_echo_tool(Loop& loop) { return std::make_unique<EchoTool>(loop); }
std::unique_ptr<Tool> make_sleep_tool(Loop& loop) { return std::make_unique<SleepTool>(loop); }
std::unique_ptr<Tool> make_assert_tool(Loop& loop) { return std::make_unique<AssertTool>(loop); }

}  // namespace pawl::tools
