// Running tasks: sync, async, inline and batch. All of them store first and answer after; a client that hangs
// up stops nothing.
#include <memory>

#include "api/acceptance.h"
#include "api/fields.h"
#include "api/handlers/handlers.h"
#include "api/limits.h"
#include "api/paging.h"
#include "api/submission.h"
#include "api/trace.h"
#include "api/views.h"
#include "common/json/write.h"

namespace pawl::api {
namespace {

using store::Accepted;

/// What stays the same for every item of one request.
struct Origin {
  std::string traceparent;
  std::string key;  ///< idempotency key of the request, or ""
  Sha256 fingerprint{};
};

Result<Origin> origin_of(Services& services, const Call& call) {
  Origin origin;
  origin.key = TRY(idempotency_key_of(call.exchange->head().headers));
  origin.traceparent = traceparent_of(call.exchange->head().headers, services.rng);
  if (!origin.key.empty()) {
    const http::RequestHead& head = call.exchange->head();
    origin.fingerprint = fingerprint_of(http::to_string(head.method), head.path(), head.query(), call.body);
  }
  return origin;
}

/// Stores one checked submission and publishes its ticket.
void submit(Services& services, const CallPtr& call, Submission submission, bool reply, Done<Accepted> done) {
  submission.execution.tenant = call->principal.tenant;
  submission.execution.created_by = call->principal.key_id.to_string();
  submission.execution.sync = reply;
  accept_execution(services, std::move(submission.execution), reply, call->deadline, std::move(done));
}

json::Value accepted_json(const Uuid& exec_id) {
  const std::string url = exec_url(exec_id);
  return json::Object{{"exec_id", exec_id.to_string()}, {"exec_url", url}, {"stream_url", url + "/stream"}};
}

void answer_accepted(const CallPtr& call, const Accepted& accepted) {
  auto response = http::success(202, "execution accepted", accepted_json(accepted.exec_id));
  response.header("Location", exec_url(accepted.exec_id));
  if (accepted.kind == Accepted::Kind::kReplayed) response.header("Idempotent-Replayed", "true");
  call->answer(std::move(response));
}

/// The answer about an ended (or still running) execution to a client that waited for it.
http::Response sync_answer(const Call& call, const store::ExecutionRow& row) {
  json::Object data{{"exec_id", row.exec_id.to_string()}};
  if (row.status == ExecutionStatus::kCompleted) {
    data.set("output", row.output).set("status", to_string(row.status));
    return http::success(200, "task executed", std::move(data));
  }
  data.set("status", to_string(row.status));
  if (!is_final(row.status)) {
    const Error error{ErrorKind::kTimeout, "request_timeout", "the execution is still running",
                      "follow it at its exec_url"};
    return http::failure_with_data(error, call.style, data, data);
  }
  const std::string why =
      row.failure ? row.failure->message : "it ended as " + std::string(to_string(row.status));
  const Error error{ErrorKind::kInvalid, "execution_failed", "the execution did not complete: " + why};
  return http::failure_with_data(error, call.style, row.failure ? to_json(*row.failure) : json::Value(),
                                 std::move(data));
}

void cancel_after_timeout(Services& services, const Call& call, const Uuid& exec_id) {
  store::ControlRequest request;
  request.tenant = call.principal.tenant;
  request.exec_id = exec_id;
  request.reason = "the sync wait ran out and on_timeout=cancel was asked for";
  request.actor = call.principal.key_id.to_string();
  services.controls.control(std::move(request), services.loop.now() + kWatchPoll * 5,
                            [&services, exec_id](const Result<store::ControlOutcome>& outcome) {
                              if (outcome) tell_owner(services, exec_id, *outcome);
                            });
}

void wait_and_answer(Services& services, const CallPtr& call, const Accepted& accepted, Millis wait,
                     bool cancel) {
  const bool replayed = accepted.kind == Accepted::Kind::kReplayed;
  services.waiter.wait(
      call->principal.tenant, accepted.exec_id, Waiter::Word::kOwnerKnows, services.loop.now() + wait,
      [](const store::ExecutionRow& row) { return is_final(row.status); },
      [&services, call, replayed, cancel, exec_id = accepted.exec_id](Result<store::ExecutionRow> row) {
        if (!row) return call->fail(row.error());
        if (cancel && !is_final(row->status)) cancel_after_timeout(services, *call, exec_id);
        http::Response response = sync_answer(*call, *row);
        response.header("Location", exec_url(exec_id));
        if (replayed) response.header("Idempotent-Replayed", "true");
        call->answer(std::move(response));
      });
}

void run_one(Services& services, const CallPtr& call, const CachedTask& task, const json::Value& body,
             const Origin& origin, RunKind kind) {
  auto submission = read_submission(body, task, services, kind, "");
  if (!submission) return call->fail(submission.error());
  submission->execution.traceparent = origin.traceparent;
  submission->execution.idempotency_key = origin.key;
  submission->execution.fingerprint = origin.fingerprint;
  if (task.task_id.empty() || kind == RunKind::kBatchItem) submission->execution.plan = task.plan->source;
  const bool cancel = call->query.get("on_timeout") == "cancel";
  const bool is_sync = kind == RunKind::kSync;
  const Millis wait = submission->sync_wait;
  submit(services, call, std::move(*submission), is_sync,
         [&services, call, is_sync, wait, cancel](Result<Accepted> accepted) {
           if (!accepted) return call->fail(accepted.error());
           if (!is_sync) return answer_accepted(call, *accepted);
           wait_and_answer(services, call, *accepted, wait, cancel);
         });
}

Result<void> check_run_query(const Call& call, RunKind kind) {
  if (kind != RunKind::kSync) return only_queries(call, {});
  TRY(only_queries(call, {"on_timeout"}));
  const auto on_timeout = call.query.get("on_timeout");
  if (on_timeout && *on_timeout != "cancel" && *on_timeout != "continue")
    return pawl::fail(query_fault("on_timeout", "unknown_value", "must be cancel or continue"));
  return {};
}

/// Fields are judged before the object (http-api.md §1), also when there is no task to judge the input by.
void refuse_unknown(Services& services, const CallPtr& call, RunKind kind, const Error& error) {
  auto any_plan = std::make_shared<plan::Plan>();
  any_plan->limits = {16, 1'000'000, 256};
  auto submission = read_submission(call->body, CachedTask{"", 0, std::move(any_plan)}, services, kind, "");
  call->fail(submission ? error : submission.error());
}

void run_task(Services& services, const CallPtr& call, RunKind kind) {
  auto origin = origin_of(services, *call);
  if (!origin) return call->fail(origin.error());
  if (auto known = check_run_query(*call, kind); !known) return call->fail(known.error());
  if (auto long_strings = check_strings(call->body, {"with"}); !long_strings.empty())
    return call->fail(faults_error(std::move(long_strings)));
  services.task_cache.newest(call->principal.tenant, call->param("task_id"), call->deadline,
                             [&services, call, kind, origin = *origin](const Result<CachedTask>& task) {
                               if (!task) return refuse_unknown(services, call, kind, task.error());
                               run_one(services, call, *task, call->body, origin, kind);
                             });
}

void run_sync(Services& services, const CallPtr& call) { run_task(services, call, RunKind::kSync); }
void run_async(Services& services, const CallPtr& call) { run_task(services, call, RunKind::kAsync); }

/// A plan in the request itself: checked like a task, stored by its hash.
void run_inline(Services& services, const CallPtr& call) {
  auto origin = origin_of(services, *call);
  if (!origin) return call->fail(origin.error());
  if (auto known = only_queries(*call, {}); !known) return call->fail(known.error());
  const json::Value* document = call->body.find("plan");
  if (document == nullptr) {
    return call->fail(faults_error({call->body.is_object() ? Fault{"/plan", "required", "is required"}
                                                           : Fault{"", "wrong_type", "must be an object"}}));
  }
  auto checked = check_task(*document, services.rules, IdRule::kOptional);
  json::Object rest = call->body.as_object();
  rest.erase("plan");
  if (!checked.plan) {
    std::vector<Fault> faults = checked.error().faults;
    if (faults.empty()) return call->fail(checked.error());
    for (Fault& fault : faults) fault.pointer.insert(0, "/plan");
    return call->fail(faults_error(std::move(faults)));
  }
  run_one(services, call, CachedTask{"", 0, std::move(*checked.plan)}, std::move(rest), *origin,
          RunKind::kAsync);
}

/// The answers of a batch, in order of its items.
struct Batch {
  json::Array answers;
  std::size_t open = 0;
  int accepted = 0, replayed = 0;
  bool has_key = false;  ///< the request as a whole has one: its answer must not tell items of a replay apart
};

void finish_item(const CallPtr& call, const std::shared_ptr<Batch>& batch, std::size_t at,
                 json::Value answer) {
  batch->answers[at] = std::move(answer);
  if (--batch->open > 0) return;
  auto response = http::success(
      200, "batch stored", json::Object{{"items", std::move(batch->answers)}, {"accepted", batch->accepted}});
  if (batch->has_key && batch->accepted > 0 && batch->replayed == batch->accepted)
    response.header("Idempotent-Replayed", "true");
  call->answer(std::move(response));
}

json::Value item_error(const Error& error) {
  const http::Response response = http::failure(error, http::ErrorStyle::kEnvelope);
  json::Object out{{"status", response.status}};
  json::Object inner{{"code", error.code}, {"message", error.message}};
  if (response.status >= 500)
    inner = json::Object{{"code", response.status == 503 ? "unavailable" : "internal"},
                         {"message", "not stored; try this item again"}};
  json::Array errors;
  for (const Fault& fault : error.faults)
    errors.push_back(
        json::Object{{"pointer", fault.pointer}, {"code", fault.code}, {"message", fault.message}});
  if (!errors.empty()) inner.set("errors", std::move(errors));
  return out.set("error", std::move(inner));
}

void run_item(Services& services, const CallPtr& call, const CachedTask& task, const Origin& origin,
              const json::Value& item, const std::shared_ptr<Batch>& batch, std::size_t at) {
  auto submission =
      read_submission(item, task, services, RunKind::kBatchItem, "/items/" + std::to_string(at));
  if (!submission) {
    services.loop.post(
        [call, batch, at, answer = item_error(submission.error())] { finish_item(call, batch, at, answer); });
    return;
  }
  store::NewExecution& execution = submission->execution;
  execution.traceparent = origin.traceparent;
  if (!execution.idempotency_key.empty()) {
    json::Object bare = item.as_object();
    bare.erase("idempotency_key");
    execution.fingerprint = fingerprint_of("POST", call->exchange->head().path(), "", bare);
  } else if (!origin.key.empty()) {
    // The request's own key covers each item by its place.
    execution.idempotency_key = origin.key + "#" + std::to_string(at);
    execution.fingerprint = origin.fingerprint;
  }
  submit(services, call, std::move(*submission), false, [call, batch, at](Result<Accepted> accepted) {
    if (!accepted) return finish_item(call, batch, at, item_error(accepted.error()));
    ++batch->accepted;
    json::Object answer{{"status", 202}, {"data", accepted_json(accepted->exec_id)}};
    if (accepted->kind == Accepted::Kind::kReplayed) ++batch->replayed;
    if (accepted->kind == Accepted::Kind::kReplayed && !batch->has_key) answer.set("replayed", true);
    finish_item(call, batch, at, std::move(answer));
  });
}

void run_batch(Services& services, const CallPtr& call) {
  auto origin = origin_of(services, *call);
  if (!origin) return call->fail(origin.error());
  if (auto known = only_queries(*call, {}); !known) return call->fail(known.error());
  Fields fields(call->body);
  fields.require("items");
  const auto items = fields.array("items", kMaxBatch);
  if (items && items->empty()) fields.fault("items", "too_few", "must have at least one item");
  fields.add(check_strings(call->body, {"with"}));
  if (auto done = fields.finish(); !done) return call->fail(done.error());
  services.task_cache.newest(
      call->principal.tenant, call->param("task_id"), call->deadline,
      [&services, call, items = *items, origin = *origin](const Result<CachedTask>& task) {
        if (!task) return call->fail(task.error());
        auto batch = std::make_shared<Batch>();
        batch->answers.resize(items.size());
        batch->open = items.size();
        batch->has_key = !origin.key.empty();
        for (std::size_t at = 0; at < items.size(); ++at)
          run_item(services, call, *task, origin, items[at], batch, at);
      });
}

}  // namespace

void add_run_routes(Services& services, std::vector<Route>& routes) {
  using enum http::Method;
  const Scope scope = Scope::kExecWrite;
  routes.push_back(
      route_of(services, kPost, "/tasks/{task_id}/executions", "runTask", scope, Body::kObject, run_sync));
  routes.push_back(route_of(services, kPost, "/tasks/{task_id}/executions/sync", "runTaskSync", scope,
                            Body::kObject, run_sync));
  routes.push_back(route_of(services, kPost, "/tasks/{task_id}/executions/async", "runTaskAsync", scope,
                            Body::kObject, run_async));
  routes.push_back(route_of(services, kPost, "/tasks/{task_id}/executions/batch", "runTaskBatch", scope,
                            Body::kObject, run_batch));
  routes.push_back(route_of(services, kPost, "/executions", "runPlan", scope, Body::kObject, run_inline));
}

}  // namespace pawl::api
