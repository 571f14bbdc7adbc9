// One row of `steps`: written once per step, at its end.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "common/base/clock.h"
#include "common/base/ids.h"
#include "common/json/value.h"
#include "common/model/failure.h"
#include "common/model/status.h"

namespace pawl {

/// What a step used. All in all attempts; bytes as the tool saw them.
struct ResourceUse {
  std::int64_t cpu_ms = 0;
  std::int64_t max_rss_bytes = 0;
  std::int64_t bytes_in = 0;
  std::int64_t bytes_out = 0;
};

struct StepRecord {
  std::string path;       ///< identity: "fetch", "fan.left", "each[3].call", "pay.compensate"
  std::string kind;       ///< "tool", "parallel", …
  std::string tool = {};  ///< kind tool only
  StepStatus status = StepStatus::kCompleted;  ///< a final one
  int attempt = 1;                             ///< the last one's number; 0 when it never started (skipped)
  int max_attempts = 1;
  std::int64_t position = 0;  ///< place in plan order among all steps of the execution
  json::Value input = {};     ///< the rendered `with`; null when it was never rendered
  json::Value output = {};
  std::optional<Failure> failure = {};
  std::optional<WallTime> started_at = {};
  std::optional<WallTime> finished_at = {};
  std::string worker = {};
  ResourceUse resources = {};
};

}  // namespace pawl
