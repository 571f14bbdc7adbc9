#include "common/store/approvals.h"

#include <algorithm>

#include "common/base/time_format.h"

namespace pawl::store {
namespace {

std::string text(const json::Value& data, std::string_view key) {
  const json::Value* value = data.find(key);
  return value != nullptr && value->is_string() ? value->as_string() : std::string();
}

std::optional<std::int64_t> number(const json::Value& data, std::string_view key) {
  const json::Value* value = data.find(key);
  if (value == nullptr || !value->is_int()) return std::nullopt;
  return value->as_int();
}

json::Value any(const json::Value& data, std::string_view key) {
  const json::Value* value = data.find(key);
  return value == nullptr ? json::Value() : *value;
}

Approval asked(const Event& event) {
  Approval out;
  out.path = event.step;
  out.message = text(event.data, "message");
  out.risk = text(event.data, "risk");
  out.plan_hash = text(event.data, "plan_hash");
  out.on_expiry = text(event.data, "on_expiry");
  out.quorum = static_cast<int>(number(event.data, "quorum").value_or(1));
  out.form = any(event.data, "form");
  if (const json::Value approvers = any(event.data, "approvers"); approvers.is_array()) {
    for (const json::Value& name : approvers.as_array())
      if (name.is_string()) out.approvers.push_back(name.as_string());
  }
  out.requested_at = event.at;
  out.expires_at = parse_rfc3339(text(event.data, "expires_at"));
  if (const auto due = number(event.data, "due_us")) out.due = Micros{*due};
  return out;
}

void vote(Approval& approval, const Event& event) {
  approval.votes.push_back({text(event.data, "decision") == "approve", text(event.data, "by"),
                            text(event.data, "comment"), any(event.data, "form"), event.at});
  if (!approval.votes.back().approve)
    approval.status = Approval::Status::kRejected;
  else if (static_cast<int>(approval.votes.size()) >= approval.quorum)
    approval.status = Approval::Status::kApproved;
}

}  // namespace

std::string_view to_string(Approval::Status status) {
  switch (status) {
    case Approval::Status::kPending: return "pending";
    case Approval::Status::kApproved: return "approved";
    case Approval::Status::kRejected: return "rejected";
    case Approval::Status::kExpired: return "expired";
    case Approval::Status::kClosed: return "closed";
  }
  return "";
}

std::vector<Approval> approvals_of(const std::vector<Event>& events) {
  std::vector<Approval> out;
  for (const Event& event : events) {
    if (event.type == EventType::kApprovalRequested) {
      out.push_back(asked(event));
      continue;
    }
    const auto found =
        std::find_if(out.begin(), out.end(), [&event](const Approval& a) { return a.path == event.step; });
    const bool ends_all = is_terminal(event.type);
    for (Approval& approval : out)
      if (ends_all && approval.status == Approval::Status::kPending)
        approval.status = Approval::Status::kClosed;
    if (found == out.end() || found->status != Approval::Status::kPending) continue;
    switch (event.type) {
      case EventType::kApprovalDecided: vote(*found, event); break;
      case EventType::kApprovalExpired: found->status = Approval::Status::kExpired; break;
      case EventType::kStepCommitted:
      case EventType::kStepFailed:
      case EventType::kStepSkipped:
      case EventType::kStepCancelled: found->status = Approval::Status::kClosed; break;
      default: break;
    }
  }
  return out;
}

}  // namespace pawl::store
