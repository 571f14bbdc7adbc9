// May this person decide this approval now, and with this form? Pure; the order of the answers is the
// contract's.
#pragma once

#include <string>

#include "api/auth/authenticator.h"
#include "common/store/approvals.h"

namespace pawl::api {

struct Decision {
  bool approve = false;
  std::string comment = {};
  json::Value form = {};
};

/// Errors: kInvalid/validation_failed (the form), kPermission/insufficient_scope (not among the approvers),
/// kConflict/already_decided, kConflict/approval_expired, kConflict/invalid_state (the step or the execution
/// has ended), kPermission/four_eyes_required (this key has approved already).
Result<void> judge_decision(const store::Approval& approval, const Decision& decision, const Principal& who,
                            WallTime now);

json::Value approval_json(const store::Approval& approval);

}  // namespace pawl::api
