// Control: cancel, pause, resume. The store decides by the table of http-api.md §4; the owner is told at
// once.
#include "api/fields.h"
#include "api/handlers/handlers.h"
#include "api/limits.h"
#include "api/paging.h"
#include "api/views.h"

namespace pawl::api {
namespace {

/// The revision in If-Match ("epoch-rev"); nullopt without the header. Errors: precondition_failed for what
/// is none of ours.
Result<std::optional<std::uint64_t>> if_match_of(const Call& call) {
  const auto header = call.exchange->head().headers.get("if-match");
  if (!header || *header == "*") return std::nullopt;
  const std::size_t dash = header->find('-');
  const std::string_view text =
      dash == std::string_view::npos ? std::string_view{} : header->substr(dash + 1);
  std::uint64_t rev = 0;
  bool any = false;
  for (const char c : text) {
    if (c < '0' || c > '9') break;
    rev = rev * 10 + static_cast<std::uint64_t>(c - '0');
    any = true;
  }
  if (!any)
    return pawl::fail(ErrorKind::kConflict, "precondition_failed", "If-Match is no ETag of this execution",
                      "get it again");
  return rev;
}

void control(Services& services, const CallPtr& call, store::ControlRequest request) {
  request.tenant = call->principal.tenant;
  request.actor = call->principal.key_id.to_string();
  services.controls.control(
      request, call->deadline, [&services, call, request](Result<store::ControlOutcome> outcome) {
        if (!outcome) return call->fail(outcome.error());
        tell_owner(services, request.exec_id, *outcome);
        const int status = outcome->changed ? 202 : 200;
        services.reads.get(
            request.tenant, request.exec_id, services.loop.now() + kMaxAnswerRead,
            [call, status](Result<store::ExecutionRow> row) {
              if (!row) return call->fail(row.error());
              call->answer(http::success(status, status == 202 ? "accepted" : "nothing to change",
                                         execution_json(*row))
                               .header("ETag", execution_etag(*row)));
            });
      });
}

/// Body and id; the fields come first, as the order of checks has it.
void control_with(Services& services, const CallPtr& call, store::ControlKind kind) {
  if (auto known = only_queries(*call, {}); !known) return call->fail(known.error());
  Fields fields(call->body);
  store::ControlRequest request;
  request.kind = kind;
  if (kind != store::ControlKind::kResume) request.reason = fields.text("reason", 0, kMaxReason).value_or("");
  if (kind == store::ControlKind::kPause) {
    request.pause_timeout = fields.duration("timeout");
    if (const auto policy = fields.text("on_timeout")) {
      if (*policy != "resume" && *policy != "cancel")
        fields.fault("on_timeout", "unknown_value", "must be resume or cancel");
      request.cancel_on_timeout = *policy == "cancel";
    }
  }
  if (auto done = fields.finish(); !done) return call->fail(done.error());
  const auto id = call->exec_id();
  if (!id) return call->fail(id.error());
  request.exec_id = *id;
  auto if_match = if_match_of(*call);
  if (!if_match) return call->fail(if_match.error());
  request.if_match = *if_match;
  control(services, call, std::move(request));
}

void cancel(Services& services, const CallPtr& call) {
  control_with(services, call, store::ControlKind::kCancel);
}
void pause(Services& services, const CallPtr& call) {
  control_with(services, call, store::ControlKind::kPause);
}
void resume(Services& services, const CallPtr& call) {
  control_with(services, call, store::ControlKind::kResume);
}

}  // namespace

void tell_owner(Services& services, const Uuid& exec_id, const store::ControlOutcome& outcome) {
  if (!outcome.owner.empty())
    services.bus.send_control("worker." + outcome.owner, json::Object{{"exec_id", exec_id.to_string()}});
  if (outcome.ticket) {
    broker::TicketMessage ticket;
    ticket.exec_id = exec_id;
    ticket.epoch = outcome.epoch;
    ticket.lane = outcome.lane;
    ticket.resume = true;
    services.publisher.publish(std::move(ticket), [](const Result<void>&) {});
  }
  services.waiter.wake(exec_id);
  services.live.nudge(exec_id);
}

void add_control_routes(Services& services, std::vector<Route>& routes) {
  using enum http::Method;
  const Scope scope = Scope::kExecControl;
  for (const auto& [base, suffix] : {std::pair<std::string, std::string>{"/executions/tasks/{exec_id}", ""},
                                     {"/executions/{exec_id}", "Alias"}}) {
    routes.push_back(route_of(services, kPost, base + "/cancel", "cancelExecution" + suffix, scope,
                              Body::kObject, cancel));
    routes.push_back(
        route_of(services, kPost, base + "/pause", "pauseExecution" + suffix, scope, Body::kObject, pause));
    routes.push_back(route_of(services, kPost, base + "/resume", "resumeExecution" + suffix, scope,
                              Body::kObject, resume));
  }
}

}  // namespace pawl::api
