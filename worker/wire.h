// The worker process, put together: connections, stores, broker, tools, engine, keeper, operations port. The
// only file that knows them all; a new tool is one line of wire_tools.cc.
#pragma once

#include <functional>
#include <memory>

#include "common/base/config.h"
#include "common/base/log.h"
#include "common/base/result.h"
#include "common/loop/loop.h"
#include "worker/tools/registry.h"

namespace pawl::worker {

class WorkerProcess {
 public:
  /// `on_drain_asked` is called when an operator asks for a drain through the API. Errors: kInvalid,
  /// kUnavailable.
  static Result<std::unique_ptr<WorkerProcess>> create(Loop& loop, const Config& config, const Log& log,
                                                       std::function<void()> on_drain_asked);
  virtual ~WorkerProcess() = default;
  /// Hands over what it holds (steps under way get the drain time), then `done`.
  virtual void stop(std::function<void()> done) = 0;
  /// A second request to stop: running steps are killed and handed over now.
  virtual void hurry() = 0;
};

/// Every tool this worker offers. Errors: kInvalid for settings a tool refuses (a sandbox that can't be had,
/// a bad egress list).
Result<std::unique_ptr<tools::ToolRegistry>> make_tools(Loop& loop, const Clock& clock, const Config& config,
                                                        const Log& log);

}  // namespace pawl::worker
