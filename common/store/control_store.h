// Control requests: take the row lock, append the event, set the flag, add 1 to `inbox`. A port.
#pragma once

#include <string>

#include "common/base/ids.h"
#include "common/base/result.h"
#include "common/model/status.h"

namespace pawl::store {

enum class ControlKind : std::uint8_t { kCancel, kPause, kResume };

struct ControlRequest {
  Uuid tenant;
  Uuid exec_id;
  ControlKind kind = ControlKind::kCancel;
  std::string reason = {};
  std::optional<Millis> pause_timeout = {};
  bool cancel_on_timeout = false;
  std::string actor = {};
  std::optional<std::uint64_t> if_match = {};
};

struct ControlOutcome {
  ExecutionStatus status = ExecutionStatus::kPending;  ///< after the request
  bool changed = false;                                ///< false: it was so already (200 instead of 202)
  std::string owner = {};                              ///< worker id to tell on pawl.control, "" = none
  bool ticket = false;                                 ///< the caller publishes a ticket to the resume queue
  std::string lane = {};
  std::uint32_t epoch = 0;
};

class ControlStore {
 public:
  virtual ~ControlStore() = default;
  /// The table of http-api.md §4 in one transaction. Cancel of what has not started, or has nothing to
  /// compensate, writes the terminal event itself. Errors: kNotFound/not_found, kConflict/invalid_state,
  /// kConflict/precondition_failed.
  virtual void control(ControlRequest request, MonoTime deadline, Done<ControlOutcome> done) = 0;
};

}  // namespace pawl::store
