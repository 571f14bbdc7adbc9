// The port of a tool: describe itself, check parameters, start one call, be cancelled. Adding a tool touches
// its own file, its test and one line of worker/wire.cc.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/base/result.h"
#include "common/json/value.h"
#include "common/model/failure.h"
#include "common/model/step_record.h"
#include "common/plan/plan.h"

namespace pawl::tools {

struct ToolDescription {
  std::string name;
  std::string summary;
  json::Value with_schema;  ///< JSON Schema of `with`
  json::Value output_schema;
  Millis default_timeout{60'000};
  bool idempotent = false;
};

/// Who is calling: sent to the target so that a receiver can deduplicate (tools.md).
struct CallIdentity {
  std::string exec_id;
  std::string step;  ///< path
  int attempt = 1;
  std::uint32_t epoch = 0;
  int fallback = 0;  ///< 0: the step's own tool
  std::string traceparent = {};
  /// Stable over retries and crashes: "<exec_id>:<path>" and ":<fallback>" when there is one.
  [[nodiscard]] std::string idempotency_key() const;
};

struct ToolInput {
  CallIdentity identity;
  Uuid tenant;
  json::Value with;        ///< rendered
  Millis timeout{60'000};  ///< of this attempt; the tool ends itself with transient/timeout
  plan::Resources resources = {};
};

struct ToolResult {
  tl::expected<json::Value, Failure> output;
  ResourceUse resources = {};
};

/// A call under way. Destroying it before `done` ran cancels without calling `done`.
class RunningCall {
 public:
  virtual ~RunningCall() = default;
  /// Ends it as soon as possible (a process: the whole tree); `done` then gets category cancelled.
  virtual void cancel() = 0;
  /// Stops it in its tracks and lets it go on; false when this tool can't (an http call finishes instead).
  virtual bool freeze() { return false; }
  virtual void thaw() {}
};

struct ToolHealth {
  enum class State { kOk, kDegraded, kDown } state = State::kOk;
  std::string reason = {};
};

class Tool {
 public:
  virtual ~Tool() = default;
  [[nodiscard]] virtual const ToolDescription& describe() const = 0;
  /// All faults of a fully or partly known `with`; pointers relative to it.
  [[nodiscard]] virtual std::vector<Fault> validate(const json::Value& with) const = 0;
  [[nodiscard]] virtual std::optional<Millis> estimate(const json::Value& with) const;
  [[nodiscard]] virtual ToolHealth health() const { return {}; }
  /// What a breaker guards: "host:port" for calls that leave the machine, "" for none.
  [[nodiscard]] virtual std::string target(const json::Value& with) const;
  /// Starts one attempt. `progress` gets live data (logs, percent) and may be called any number of times
  /// before `done`. `done` runs exactly once, on the loop, never inside `start`.
  virtual std::unique_ptr<RunningCall> start(ToolInput input, std::function<void(json::Value)> progress,
                                             std::function<void(ToolResult)> done) = 0;
};

}  // namespace pawl::tools
