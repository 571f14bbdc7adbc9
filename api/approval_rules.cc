#include "api/approval_rules.h"

#include <algorithm>

#include "api/fields.h"
#include "common/base/time_format.h"
#include "common/plan/schema.h"

namespace pawl::api {
namespace {

using Status = store::Approval::Status;

/// An approver is named by scope, by key id or by the key's name.
bool may_decide(const store::Approval& approval, const Principal& who) {
  return approval.approvers.empty() ||
         std::any_of(approval.approvers.begin(), approval.approvers.end(), [&who](const std::string& name) {
           const auto scope = parse_scope(name);
           return (scope && grants(who.scopes, *scope)) || name == who.key_id.to_string() || name == who.name;
         });
}

std::vector<Fault> form_faults(const store::Approval& approval, const Decision& decision) {
  if (approval.form.is_null() || (!decision.approve && decision.form.is_null())) return {};
  const json::Value form = decision.form.is_null() ? json::Value(json::Object{}) : decision.form;
  return plan::validate_schema(approval.form, form, "/form");
}

}  // namespace

Result<void> judge_decision(const store::Approval& approval, const Decision& decision, const Principal& who,
                            WallTime now) {
  if (auto faults = form_faults(approval, decision); !faults.empty())
    return fail(faults_error(std::move(faults)));
  if (!may_decide(approval, who))
    return fail(ErrorKind::kPermission, "insufficient_scope",
                "this key is not among the approvers of this step");
  switch (approval.status) {
    case Status::kApproved:
    case Status::kRejected:
      return fail(ErrorKind::kConflict, "already_decided",
                  "this approval was " + std::string(to_string(approval.status)));
    case Status::kExpired: return fail(ErrorKind::kConflict, "approval_expired", "nobody decided in time");
    case Status::kClosed:
      return fail(ErrorKind::kConflict, "invalid_state", "the step has ended without this approval");
    case Status::kPending: break;
  }
  if (approval.expires_at && now >= *approval.expires_at)
    return fail(ErrorKind::kConflict, "approval_expired", "nobody decided in time");
  const bool again =
      std::any_of(approval.votes.begin(), approval.votes.end(),
                  [&who](const store::Vote& vote) { return vote.by == who.key_id.to_string(); });
  if (again)
    return fail(ErrorKind::kPermission, "four_eyes_required",
                "this key has decided already; another one is needed");
  return {};
}

json::Value approval_json(const store::Approval& approval) {
  json::Array votes;
  for (const store::Vote& vote : approval.votes) {
    votes.push_back(
        json::Object{{"decision", vote.approve ? "approve" : "reject"},
                     {"by", vote.by},
                     {"comment", vote.comment.empty() ? json::Value() : json::Value(vote.comment)},
                     {"form", vote.form},
                     {"at", format_rfc3339(vote.at)}});
  }
  return json::Object{
      {"path", approval.path},
      {"status", to_string(approval.status)},
      {"message", approval.message},
      {"risk", approval.risk.empty() ? json::Value() : json::Value(approval.risk)},
      {"quorum", approval.quorum},
      {"approvers", json::Array(approval.approvers.begin(), approval.approvers.end())},
      {"form", approval.form},
      {"plan_hash", approval.plan_hash},
      {"on_expiry", approval.on_expiry},
      {"requested_at", format_rfc3339(approval.requested_at)},
      {"expires_at", approval.expires_at ? json::Value(format_rfc3339(*approval.expires_at)) : json::Value()},
      {"decisions", std::move(votes)}};
}

}  // namespace pawl::api
