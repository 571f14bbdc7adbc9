// A retry: a new execution of the same plan and input that takes over what the old one committed. Which steps
// those are is a pure decision over the old one's records.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "api/services.h"
#include "common/model/step_record.h"

namespace pawl::api {

struct RetryFrom {
  std::string path = {};       ///< the step to begin with; "" = nothing is run again that committed
  bool reset_outputs = false;  ///< also what ran beside `path` is run again; without `path`, everything is
};

/// The paths whose records are taken over. `cleanup` has the ids of the plan's on_failure steps, which belong
/// to the old end. What comes before `from` in plan order keeps its end, what comes after it (or holds it)
/// does not; branches that ran beside it keep what they committed. What was compensated is undone, so it is
/// run again.
std::vector<std::string> kept_paths(const std::vector<StepRecord>& records, const RetryFrom& from,
                                    const std::set<std::string>& cleanup);

struct RetryRequest {
  Uuid tenant;
  Uuid exec_id;
  std::string actor = {};
  std::string traceparent = {};
  RetryFrom from = {};
  std::string idempotency_key = {};
  Sha256 fingerprint{};
};

/// Errors: kNotFound/not_found; kConflict/invalid_state unless it ended failed, cancelled or timed_out;
/// kInvalid/validation_failed when `from` is no step that ran.
void retry_execution(Services& services, RetryRequest request, MonoTime deadline, Done<store::Accepted> done);

}  // namespace pawl::api
