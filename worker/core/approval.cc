// Asking a person: the engine's side. The request is in the ledger before anybody can answer it; the answer
// comes through the inbox, bound to the plan's hash by who takes it in.
#include <algorithm>

#include "common/base/time_format.h"
#include "worker/core/machine.h"

namespace pawl::core {

void Machine::begin_approval(NodeIndex index, const plan::ApprovalSpec& spec) {
  Node& n = node(index);
  const bool is_step = std::holds_alternative<plan::ApprovalStepSpec>(n.step->body);
  if (!n.leaf) n.leaf = std::make_unique<Leaf>();
  if (!n.asked) {
    const std::optional<json::Value> message = render(index, spec.message);
    if (!message) return;
    Leaf& leaf = *n.leaf;
    if (spec.expires_in) leaf.due = own() + *spec.expires_in;
    if (is_step) emit_start(index, json::Object{{"kind", "approval"}});
    json::Object data{{"message", *message},
                      {"quorum", spec.quorum},
                      {"plan_hash", to_hex(plan_of(index).hash)},
                      {"on_expiry", spec.approve_on_expiry ? "approve" : "reject"}};
    if (!spec.risk.empty()) data.set("risk", spec.risk);
    if (!spec.form.is_null()) data.set("form", spec.form);
    json::Array approvers;
    for (const std::string& name : spec.approvers) approvers.emplace_back(name);
    if (!approvers.empty()) data.set("approvers", std::move(approvers));
    if (leaf.due != kNoTime) {
      data.set("expires_at", format_rfc3339(wall(leaf.due)));
      data.set("due_us", leaf.due.count());
    }
    n.asked = true;
    emit_onward(index, {EventType::kApprovalRequested, n.path, 0, std::move(data)});
  }
  n.state = NodeState::kApproval;
  if (take_decision(index)) return;
  s_.waiting.push_back(handle_of(index));
  arm(index, n.leaf->due);
}

bool Machine::take_decision(NodeIndex index) {
  Node& n = node(index);
  const auto found = s_.decisions.find(n.path);
  if (found == s_.decisions.end()) return false;
  const bool is_step = std::holds_alternative<plan::ApprovalStepSpec>(n.step->body);
  const plan::ApprovalSpec& spec =
      is_step ? std::get<plan::ApprovalStepSpec>(n.step->body).approval : *n.step->approval;
  const std::vector<Decision>& all = found->second;
  const auto rejection = std::find_if(all.begin(), all.end(), [](const Decision& d) { return !d.approve; });
  if (rejection == all.end() && static_cast<int>(all.size()) < spec.quorum) return false;
  const Decision decision = rejection == all.end() ? all.back() : *rejection;
  s_.decisions.erase(found);
  decided(index, decision);
  return true;
}

void Machine::decided(NodeIndex index, const Decision& decision) {
  Node& n = node(index);
  disarm(index);
  n.leaf->due = kNoTime;
  if (!decision.approve) {
    std::string message = "Rejected";
    if (!decision.by.empty()) message.append(" by ").append(decision.by);
    message.append(decision.comment.empty() ? "." : ": " + decision.comment);
    return end_failed(index, failure_of(Category::kLogic, "approval_rejected", std::move(message)));
  }
  if (std::holds_alternative<plan::ToolSpec>(n.step->body)) {
    n.leaf->approved = true;
    return queue(index);
  }
  json::Object output{{"decision", "approve"}, {"form", decision.form}};
  if (!decision.by.empty()) output.set("by", decision.by);
  if (!decision.comment.empty()) output.set("comment", decision.comment);
  end_node(index, {StepStatus::kCompleted, std::move(output), nullptr});
}

void Machine::expire_approval(NodeIndex index) {
  Node& n = node(index);
  const bool is_step = std::holds_alternative<plan::ApprovalStepSpec>(n.step->body);
  const plan::ApprovalSpec& spec =
      is_step ? std::get<plan::ApprovalStepSpec>(n.step->body).approval : *n.step->approval;
  if (s_.phase != Phase::kPaused) step_phase(Trigger::kResult);
  emit(index, EventType::kApprovalExpired,
       json::Object{{"decision", spec.approve_on_expiry ? "approve" : "reject"}});
  if (spec.approve_on_expiry) return decided(index, {true, {}, {}, {}});
  end_failed(index, failure_of(Category::kLogic, "approval_expired", "Nobody decided in time."));
}

}  // namespace pawl::core
