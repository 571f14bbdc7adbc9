// What people tell a running execution: signals and answers to approvals. A port. Each write takes the row's
// lock, appends the ledger event, adds 1 to the inbox, and wakes whoever is parked; the ledger is where both
// are kept until the plan takes them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/store/approvals.h"
#include "common/store/control_store.h"

namespace pawl::store {

struct SignalRequest {
  Uuid tenant;
  Uuid exec_id;
  std::string name;
  json::Value payload = {};
  std::string actor = {};
};

/// All approvals of an execution, and what must still be so when one of them is decided.
struct ApprovalsRead {
  std::vector<Approval> items;
  ExecutionStatus status = ExecutionStatus::kPending;
  std::uint64_t inbox = 0, rev = 0;
  WallTime now{};  ///< of the database
};

struct DecisionRequest {
  Uuid tenant;
  Uuid exec_id;
  std::string path;
  bool approve = false;
  std::string comment = {};
  json::Value form = {};
  std::string plan_hash = {};  ///< of the request that was looked at
  std::string actor = {};
  std::uint64_t inbox = 0, rev = 0;  ///< of the look: nothing has happened since
};

class NewsStore {
 public:
  virtual ~NewsStore() = default;
  /// Errors: kNotFound/not_found; kConflict/invalid_state when it has ended; kOverloaded/too_many_in_flight
  /// when as many of that name wait already.
  virtual void signal(SignalRequest request, MonoTime deadline, Done<ControlOutcome> done) = 0;
  /// Errors: kNotFound/not_found.
  virtual void approvals(Uuid tenant, Uuid exec_id, MonoTime deadline, Done<ApprovalsRead> done) = 0;
  /// nullopt: something has happened since the look; look again. The caller has judged the decision.
  virtual void decide(DecisionRequest request, MonoTime deadline,
                      Done<std::optional<ControlOutcome>> done) = 0;
};

}  // namespace pawl::store
