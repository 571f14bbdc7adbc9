// The API process, put together: connections, stores, broker, caches, routes, both ports. The only file that
// knows them all.
#pragma once

#include <functional>
#include <memory>

#include "common/base/config.h"
#include "common/base/log.h"
#include "common/base/result.h"
#include "common/loop/loop.h"

namespace pawl::api {

class ApiProcess {
 public:
  /// Errors: kInvalid for options that don't fit together, kUnavailable when a port is taken.
  static Result<std::unique_ptr<ApiProcess>> create(Loop& loop, const Config& config, const Log& log);
  virtual ~ApiProcess() = default;
  /// Ends requests under way (at most the drain time), says goodbye to the broker, then `done`.
  virtual void stop(std::function<void()> done) = 0;
};

}  // namespace pawl::api
