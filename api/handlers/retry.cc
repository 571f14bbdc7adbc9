// Retry of one execution, and cancel and retry in bulk by a filter.
#include <algorithm>
#include <deque>
#include <memory>

#include "api/fields.h"
#include "api/handlers/handlers.h"
#include "api/limits.h"
#include "api/paging.h"
#include "api/retry.h"
#include "api/submission.h"
#include "api/trace.h"
#include "api/views.h"

namespace pawl::api {
namespace {

void retry_one(Services& services, const CallPtr& call) {
  if (auto known = only_queries(*call, {}); !known) return call->fail(known.error());
  Fields fields(call->body);
  RetryRequest request;
  request.from.path = fields.text("from", 1, 4096).value_or("");
  request.from.reset_outputs = fields.flag("reset_outputs").value_or(false);
  auto key = idempotency_key_of(call->exchange->head().headers);
  if (!key) return call->fail(key.error());
  if (auto done = fields.finish(); !done) return call->fail(done.error());
  const auto id = call->exec_id();
  if (!id) return call->fail(id.error());
  const http::RequestHead& head = call->exchange->head();
  request.tenant = call->principal.tenant;
  request.exec_id = *id;
  request.actor = call->principal.key_id.to_string();
  request.traceparent = traceparent_of(head.headers, services.rng);
  request.idempotency_key = std::move(*key);
  if (!request.idempotency_key.empty())
    request.fingerprint = fingerprint_of(http::to_string(head.method), head.path(), head.query(), call->body);
  retry_execution(services, std::move(request), call->deadline,
                  [call, old = *id](const Result<store::Accepted>& accepted) {
                    if (!accepted) return call->fail(accepted.error());
                    const std::string url = exec_url(accepted->exec_id);
                    auto response = http::success(202, "execution accepted",
                                                  json::Object{{"exec_id", accepted->exec_id.to_string()},
                                                               {"exec_url", url},
                                                               {"stream_url", url + "/stream"},
                                                               {"retry_of", old.to_string()}});
                    response.header("Location", url);
                    if (accepted->kind == store::Accepted::Kind::kReplayed)
                      response.header("Idempotent-Replayed", "true");
                    call->answer(std::move(response));
                  });
}

enum class Bulk : unsigned char { kCancel, kRetry };

/// One bulk request on its way through the pages of its filter: a few executions under way at a time.
struct BulkRun : std::enable_shared_from_this<BulkRun> {
  Services& services;
  CallPtr call;
  Bulk what;
  store::ExecutionFilter filter;
  bool dry_run = false;
  std::string reason = {};
  MonoTime until;
  std::deque<Uuid> waiting = {};
  std::string cursor = {};
  bool last_page = false;
  int under_way = 0;
  std::int64_t matched = 0, changed = 0, failed = 0;
  json::Array created = {};

  BulkRun(Services& all, CallPtr which, Bulk kind)
      : services(all), call(std::move(which)), what(kind), until(all.loop.now() + kMaxBulkTime) {}

  [[nodiscard]] bool is_full() const {
    return (!dry_run && matched >= kMaxBulk) || services.loop.now() >= until;
  }

  void next_page() {
    services.reads.list(call->principal.tenant, filter, {cursor, kBulkPage},
                        services.loop.now() + kMaxAnswerRead * 2,
                        [self = shared_from_this()](const Result<store::ExecutionList>& list) {
                          if (!list) return self->call->fail(list.error());
                          self->matched += static_cast<std::int64_t>(list->items.size());
                          self->cursor = list->next;
                          self->last_page = list->next.empty();
                          if (!self->dry_run)
                            for (const store::ExecutionRow& row : list->items)
                              self->waiting.push_back(row.exec_id);
                          self->go_on();
                        });
  }

  void go_on() {
    while (under_way < kBulkAtOnce && !waiting.empty()) {
      const Uuid id = waiting.front();
      waiting.pop_front();
      ++under_way;
      what == Bulk::kCancel ? cancel(id) : retry(id);
    }
    if (under_way > 0) return;
    if (last_page || is_full()) return answer();
    next_page();
  }

  void cancel(const Uuid& id) {
    store::ControlRequest request;
    request.tenant = call->principal.tenant;
    request.exec_id = id;
    request.reason = reason;
    request.actor = call->principal.key_id.to_string();
    services.controls.control(std::move(request), services.loop.now() + kMaxAnswerRead,
                              [self = shared_from_this(), id](const Result<store::ControlOutcome>& outcome) {
                                if (outcome) tell_owner(self->services, id, *outcome);
                                self->settled(outcome && outcome->changed,
                                              !outcome && outcome.error().code != "invalid_state");
                              });
  }

  void retry(const Uuid& id) {
    RetryRequest request;
    request.tenant = call->principal.tenant;
    request.exec_id = id;
    request.actor = call->principal.key_id.to_string();
    request.traceparent = traceparent_of(call->exchange->head().headers, services.rng);
    retry_execution(services, std::move(request), services.loop.now() + kMaxAnswerRead * 2,
                    [self = shared_from_this(), id](const Result<store::Accepted>& accepted) {
                      if (accepted && self->created.size() < kMaxBatch)
                        self->created.push_back(json::Object{{"exec_id", accepted->exec_id.to_string()},
                                                             {"retry_of", id.to_string()}});
                      self->settled(accepted.has_value(), !accepted);
                    });
  }

  void settled(bool has_changed, bool has_failed) {
    --under_way;
    changed += has_changed ? 1 : 0;
    failed += has_failed ? 1 : 0;
    go_on();
  }

  void answer() {
    json::Object data{{"dry_run", dry_run}, {"count", dry_run ? matched : changed}, {"matched", matched}};
    if (!dry_run) data.set("failed", failed);
    data.set("more", !last_page);
    if (!dry_run && what == Bulk::kRetry) data.set("items", std::move(created));
    call->answer(200, dry_run ? "nothing was changed" : "done", std::move(data));
  }
};

std::vector<ExecutionStatus> statuses_for(Bulk what) {
  using enum ExecutionStatus;
  if (what == Bulk::kCancel) return {kPending, kRunning, kWaiting, kPaused};
  return {kFailed, kTimedOut};
}

void read_statuses(Fields& fields, Bulk what, store::ExecutionFilter& filter) {
  const auto allowed = statuses_for(what);
  std::vector<std::string> names;
  const auto given = fields.any("status");
  if (given && given->is_string())
    names.push_back(given->as_string());
  else if (given)
    names = fields.texts("status", 8).value_or(std::vector<std::string>{});
  for (const std::string& name : names) {
    const auto status = parse_execution_status(name);
    const bool fits = status && (std::count(allowed.begin(), allowed.end(), *status) > 0 ||
                                 (what == Bulk::kRetry && *status == ExecutionStatus::kCancelled));
    if (fits)
      filter.statuses.push_back(*status);
    else
      fields.fault("status", "unknown_value",
                   what == Bulk::kCancel ? "must be pending, running, waiting or paused"
                                         : "must be failed, timed_out or cancelled");
  }
  if (filter.statuses.empty()) filter.statuses = allowed;
}

store::ExecutionFilter read_filter(Fields& outer, Bulk what) {
  store::ExecutionFilter filter;
  outer.require("filter");
  const auto object = outer.object("filter");
  if (!object) return filter;
  Fields fields(*object, "/filter");
  read_statuses(fields, what, filter);
  filter.task_id = fields.text("task_id", 1, 128).value_or("");
  filter.session_id = fields.text("session_id", 1, 128).value_or("");
  filter.created_after = fields.time("created_after");
  filter.created_before = fields.time("created_before");
  if (const auto labels = fields.object("labels")) {
    for (const auto& [name, value] : labels->as_object()) {
      if (value.is_string())
        filter.labels[name] = value.as_string();
      else
        fields.fault("labels", "wrong_type", "must map names to strings");
    }
  }
  if (auto done = fields.finish(); !done) outer.add(done.error().faults);
  return filter;
}

void run_bulk(Services& services, const CallPtr& call, Bulk what) {
  if (auto known = only_queries(*call, {}); !known) return call->fail(known.error());
  Fields fields(call->body);
  auto bulk = std::make_shared<BulkRun>(services, call, what);
  bulk->filter = read_filter(fields, what);
  bulk->dry_run = fields.flag("dry_run").value_or(false);
  if (what == Bulk::kCancel) bulk->reason = fields.text("reason", 0, kMaxReason).value_or("");
  if (auto done = fields.finish(); !done) return call->fail(done.error());
  bulk->next_page();
}

void bulk_cancel(Services& services, const CallPtr& call) { run_bulk(services, call, Bulk::kCancel); }
void bulk_retry(Services& services, const CallPtr& call) { run_bulk(services, call, Bulk::kRetry); }

}  // namespace

void add_retry_routes(Services& services, std::vector<Route>& routes) {
  using enum http::Method;
  const Scope scope = Scope::kExecControl;
  routes.push_back(
      route_of(services, kPost, "/executions/cancel", "cancelExecutions", scope, Body::kObject, bulk_cancel));
  routes.push_back(
      route_of(services, kPost, "/executions/retry", "retryExecutions", scope, Body::kObject, bulk_retry));
  for (const auto& [base, suffix] : {std::pair<std::string, std::string>{"/executions/tasks/{exec_id}", ""},
                                     {"/executions/{exec_id}", "Alias"}})
    routes.push_back(route_of(services, kPost, base + "/retry", "retryExecution" + suffix, scope,
                              Body::kObject, retry_one));
}

}  // namespace pawl::api
