// Why an execution is not running, and when it is likely to: what people ask first.
#include <algorithm>

#include "api/handlers/handlers.h"
#include "api/paging.h"
#include "common/base/time_format.h"

namespace pawl::api {
namespace {

json::Value time_json(const std::optional<WallTime>& time) {
  return time ? json::Value(format_rfc3339(*time)) : json::Value();
}

/// What is ahead shares the slots; each turn takes a mean run.
std::optional<WallTime> start_of(const store::QueuePlace& place) {
  const std::int64_t free = place.slots - place.running;
  if (place.slots <= 0) return std::nullopt;
  if (place.ahead < free) return place.now;
  if (!place.mean_run) return std::nullopt;
  const std::int64_t turns = (place.ahead - std::max<std::int64_t>(free, 0)) / place.slots + 1;
  return place.now + *place.mean_run * turns;
}

void explain_pending(const store::ExecutionRow& row, const store::QueuePlace& place, json::Array& reasons,
                     std::optional<WallTime>& start) {
  if (row.run_at && *row.run_at > place.now) {
    reasons.push_back(json::Object{{"kind", "timer"},
                                   {"until", format_rfc3339(*row.run_at)},
                                   {"message", "it was asked to run at that time"}});
    start = row.run_at;
    return;
  }
  if (place.workers == 0)
    reasons.push_back(
        json::Object{{"kind", "no_worker"}, {"lane", row.lane}, {"message", "no worker serves its lane"}});
  if (!place.fed) {
    reasons.push_back(json::Object{
        {"kind", "limit"},
        {"limit", "open_tickets"},
        {"lane", row.lane},
        {"message", "as many of the tenant wait in this lane as may at once; it is fed in turn"}});
  }
  reasons.push_back(
      json::Object{{"kind", "queue"},
                   {"lane", row.lane},
                   {"ahead", place.ahead},
                   {"slots", place.slots},
                   {"running", place.running},
                   {"message", "it is behind " + std::to_string(place.ahead) + " in its lane"}});
  start = start_of(place);
}

std::string message_of(std::string_view what, const json::Value& entry) {
  const json::Value* step = entry.find("step");
  const std::string path = step != nullptr && step->is_string() ? step->as_string() : "a step";
  if (what == "timer") return "`" + path + "` waits for its time";
  if (what == "signal") return "`" + path + "` waits for a signal";
  if (what == "approval") return "`" + path + "` waits for an approval";
  if (what == "retry") return "`" + path + "` is tried again later";
  if (what == "breaker_open") return "the circuit breaker of `" + path + "`'s target is open";
  return "`" + path + "` was put off: " + std::string(what);
}

/// What the owner wrote down when it parked: one entry a step.
void explain_waiting(const store::ExecutionRow& row, json::Array& reasons, std::optional<WallTime>& start) {
  if (row.waiting_for.is_array()) {
    for (const json::Value& entry : row.waiting_for.as_array()) {
      const json::Value* what = entry.find("for");
      const std::string kind = what != nullptr && what->is_string() ? what->as_string() : "step";
      json::Object reason{{"kind", kind == "breaker_open"                           ? "breaker"
                                   : kind == "retry_budget" || kind == "rate_limit" ? "limit"
                                                                                    : kind}};
      if (kind == "retry_budget" || kind == "rate_limit") reason.set("limit", kind);
      for (const std::string_view key : {"step", "signal", "until", "target"})
        if (const json::Value* value = entry.find(key); value != nullptr)
          reason.set(std::string(key), *value);
      reason.set("message", message_of(kind, entry));
      reasons.push_back(std::move(reason));
    }
  }
  start = row.wake_at;
}

json::Value why_json(const store::ExecutionRow& row, const store::QueuePlace& place) {
  json::Array reasons;
  std::optional<WallTime> start;
  switch (row.status) {
    case ExecutionStatus::kPending: explain_pending(row, place, reasons, start); break;
    case ExecutionStatus::kWaiting: explain_waiting(row, reasons, start); break;
    case ExecutionStatus::kPaused:
      reasons.push_back(json::Object{
          {"kind", "paused"}, {"until", time_json(row.wake_at)}, {"message", "somebody paused it"}});
      break;
    case ExecutionStatus::kRunning:
      reasons.push_back(
          json::Object{{"kind", row.cancel_requested ? "cancelling" : "running"},
                       {"message", row.cancel_requested ? "it is being cancelled" : "it is running"}});
      break;
    default:
      reasons.push_back(
          json::Object{{"kind", "ended"}, {"message", "it is " + std::string(to_string(row.status))}});
      break;
  }
  const bool queued = row.status == ExecutionStatus::kPending;
  return json::Object{{"exec_id", row.exec_id.to_string()},
                      {"status", to_string(row.status)},
                      {"lane", row.lane},
                      {"behind", queued ? json::Value(place.ahead) : json::Value()},
                      {"reasons", std::move(reasons)},
                      {"predicted_start", time_json(start)}};
}

void why(Services& services, const CallPtr& call) {
  if (auto known = only_queries(*call, {}); !known) return call->fail(known.error());
  const auto id = call->exec_id();
  if (!id) return call->fail(id.error());
  services.reads.get(call->principal.tenant, *id, call->deadline,
                     [&services, call, id = *id](Result<store::ExecutionRow> row) {
                       if (!row) return call->fail(row.error());
                       services.queues.place(
                           call->principal.tenant, id, call->deadline,
                           [call, row = std::move(*row)](const Result<store::QueuePlace>& place) {
                             if (!place) return call->fail(place.error());
                             call->answer(200, "why", why_json(row, *place));
                           });
                     });
}

}  // namespace

void add_why_routes(Services& services, std::vector<Route>& routes) {
  for (const auto& [base, suffix] : {std::pair<std::string, std::string>{"/executions/tasks/{exec_id}", ""},
                                     {"/executions/{exec_id}", "Alias"}})
    routes.push_back(route_of(services, http::Method::kGet, base + "/why", "explainExecution" + suffix,
                              Scope::kExecRead, Body::kNone, why));
}

}  // namespace pawl::api
