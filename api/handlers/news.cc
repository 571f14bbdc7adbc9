// Signals and approvals: what people tell a running execution.
#include <algorithm>
#include <memory>

#include "api/approval_rules.h"
#include "api/fields.h"
#include "api/handlers/handlers.h"
#include "api/limits.h"
#include "api/paging.h"

namespace pawl::api {
namespace {

/// As a plan names it: kMaxSignalName of a-z A-Z 0-9 _ . : -
bool is_signal_name(std::string_view name) {
  return !name.empty() && name.size() <= kMaxSignalName && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == ':' || c == '-';
  });
}

void send_signal(Services& services, const CallPtr& call) {
  if (auto known = only_queries(*call, {}); !known) return call->fail(known.error());
  Fields fields(call->body);
  store::SignalRequest request;
  request.payload = fields.any("payload").value_or(json::Value());
  request.name = call->param("name");
  if (!is_signal_name(request.name))
    fields.add({{"/name", "invalid_id", "must be 1 to 128 of the characters a-z A-Z 0-9 _ . : -"}});
  if (auto done = fields.finish(); !done) return call->fail(done.error());
  const auto id = call->exec_id();
  if (!id) return call->fail(id.error());
  request.tenant = call->principal.tenant;
  request.exec_id = *id;
  request.actor = call->principal.key_id.to_string();
  const std::string name = request.name;
  services.news.signal(std::move(request), call->deadline,
                       [&services, call, name, id = *id](const Result<store::ControlOutcome>& outcome) {
                         if (!outcome) return call->fail(outcome.error());
                         tell_owner(services, id, *outcome);
                         call->answer(202, "signal received",
                                      json::Object{{"exec_id", id.to_string()},
                                                   {"name", name},
                                                   {"status", to_string(outcome->status)}});
                       });
}

void list_approvals(Services& services, const CallPtr& call) {
  if (auto known = only_queries(*call, {}); !known) return call->fail(known.error());
  const auto id = call->exec_id();
  if (!id) return call->fail(id.error());
  services.news.approvals(
      call->principal.tenant, *id, call->deadline,
      [&services, call](const Result<store::ApprovalsRead>& read) {
        if (!read) return call->fail(read.error());
        json::Array items;
        for (const store::Approval& approval : read->items) items.push_back(approval_json(approval));
        call->answer(200, "approvals", page_json(*call, services.cursors, "approvals", std::move(items), ""));
      });
}

struct Deciding {
  Uuid exec_id;
  Decision decision;
  int tries = 0;
};
using DecidingPtr = std::shared_ptr<Deciding>;

void look(Services& services, const CallPtr& call, const DecidingPtr& deciding);

void decide(Services& services, const CallPtr& call, const DecidingPtr& deciding,
            const store::ApprovalsRead& read, store::Approval approval) {
  store::DecisionRequest request{call->principal.tenant,
                                 deciding->exec_id,
                                 approval.path,
                                 deciding->decision.approve,
                                 deciding->decision.comment,
                                 deciding->decision.form,
                                 approval.plan_hash,
                                 call->principal.key_id.to_string(),
                                 read.inbox,
                                 read.rev};
  services.news.decide(std::move(request), call->deadline,
                       [&services, call, deciding, now = read.now, approval = std::move(approval)](
                           const Result<std::optional<store::ControlOutcome>>& outcome) mutable {
                         if (!outcome) return call->fail(outcome.error());
                         if (!*outcome)
                           return look(services, call, deciding);  // it moved between the look and the write
                         tell_owner(services, deciding->exec_id, **outcome);
                         const Decision& decision = deciding->decision;
                         approval.votes.push_back({decision.approve, call->principal.key_id.to_string(),
                                                   decision.comment, decision.form, now});
                         if (!decision.approve)
                           approval.status = store::Approval::Status::kRejected;
                         else if (static_cast<int>(approval.votes.size()) >= approval.quorum)
                           approval.status = store::Approval::Status::kApproved;
                         call->answer(202, "decision recorded", approval_json(approval));
                       });
}

void look(Services& services, const CallPtr& call, const DecidingPtr& deciding) {
  if (++deciding->tries > kMaxDecisionTries)
    return call->fail({ErrorKind::kTimeout, "unavailable", "the execution moved too fast"});
  services.news.approvals(
      call->principal.tenant, deciding->exec_id, call->deadline,
      [&services, call, deciding](const Result<store::ApprovalsRead>& read) {
        if (!read) return call->fail(read.error());
        const auto found =
            std::find_if(read->items.begin(), read->items.end(),
                         [&call](const store::Approval& a) { return a.path == call->param("path"); });
        if (found == read->items.end()) {
          if (is_final(read->status))
            return call->fail({ErrorKind::kConflict, "invalid_state", "the execution has ended"});
          return call->fail(not_found("approval"));
        }
        if (auto judged = judge_decision(*found, deciding->decision, call->principal, read->now); !judged)
          return call->fail(judged.error());
        decide(services, call, deciding, *read, *found);
      });
}

void decide_approval(Services& services, const CallPtr& call) {
  if (auto known = only_queries(*call, {}); !known) return call->fail(known.error());
  Fields fields(call->body);
  auto deciding = std::make_shared<Deciding>();
  fields.require("decision");
  if (const auto decision = fields.text("decision")) {
    if (*decision != "approve" && *decision != "reject")
      fields.fault("decision", "unknown_value", "must be approve or reject");
    deciding->decision.approve = *decision == "approve";
  }
  deciding->decision.comment = fields.text("comment", 0, kMaxComment).value_or("");
  deciding->decision.form = fields.any("form").value_or(json::Value());
  if (auto done = fields.finish(); !done) return call->fail(done.error());
  const auto id = call->exec_id();
  if (!id) return call->fail(id.error());
  deciding->exec_id = *id;
  look(services, call, deciding);
}

}  // namespace

void add_news_routes(Services& services, std::vector<Route>& routes) {
  using enum http::Method;
  for (const auto& [base, suffix] : {std::pair<std::string, std::string>{"/executions/tasks/{exec_id}", ""},
                                     {"/executions/{exec_id}", "Alias"}}) {
    routes.push_back(route_of(services, kPost, base + "/signals/{name}", "sendSignal" + suffix,
                              Scope::kExecControl, Body::kObject, send_signal));
    routes.push_back(route_of(services, kGet, base + "/approvals", "listApprovals" + suffix, Scope::kExecRead,
                              Body::kNone, list_approvals));
    routes.push_back(route_of(services, kPost, base + "/approvals/{path}", "decideApproval" + suffix,
                              Scope::kApprove, Body::kObject, decide_approval));
  }
}

}  // namespace pawl::api
