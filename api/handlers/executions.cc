// Reading executions: one (with long poll), lists, statistics, steps, events.
#include <algorithm>
#include <memory>

#include "api/fields.h"
#include "api/handlers/handlers.h"
#include "api/handlers/stream_outlet.h"
#include "api/limits.h"
#include "api/paging.h"
#include "api/stream/log_watcher.h"
#include "api/views.h"
#include "common/base/time_format.h"
#include "common/plan/parse.h"

namespace pawl::api {
namespace {

void answer_execution(const Call& call, const store::ExecutionRow& row) {
  call.answer(http::success(200, "execution", execution_json(row)).header("ETag", execution_etag(row)));
}

/// `?wait=30s`: at most kMaxLongPoll. Errors: validation_failed.
Result<Millis> wait_of(const Call& call) {
  const auto text = call.query.get("wait");
  if (!text) return Millis{0};
  auto wait = parse_duration(*text);
  if (!wait) {
    const bool digits =
        !text->empty() && text->size() < 7 && text->find_first_not_of("0123456789") == std::string_view::npos;
    if (!digits) return pawl::fail(query_fault("wait", "invalid_duration", "must be a duration, as 30s"));
    wait = Millis{std::stol(std::string(*text)) * 1000};
  }
  return std::min(*wait, kMaxLongPoll);
}

void get_execution(Services& services, const CallPtr& call) {
  if (auto known = only_queries(*call, {"wait"}); !known) return call->fail(known.error());
  const auto wait = wait_of(*call);
  if (!wait) return call->fail(wait.error());
  const auto id = call->exec_id();
  if (!id) return call->fail(id.error());
  services.reads.get(call->principal.tenant, *id, call->deadline,
                     [&services, call, id = *id, wait = *wait](Result<store::ExecutionRow> row) {
                       if (!row) return call->fail(row.error());
                       if (wait == Millis{0} || is_final(row->status)) return answer_execution(*call, *row);
                       const auto changed = [rev = row->rev, epoch = row->epoch,
                                             status = row->status](const store::ExecutionRow& now) {
                         return now.rev != rev || now.epoch != epoch || now.status != status;
                       };
                       services.waiter.wait(call->principal.tenant, id, Waiter::Word::kTellOwner,
                                            services.loop.now() + wait, changed,
                                            [call](Result<store::ExecutionRow> now) {
                                              if (!now) return call->fail(now.error());
                                              answer_execution(*call, *now);
                                            });
                     });
}

/// The filters of the list. Errors: validation_failed.
Result<store::ExecutionFilter> filter_of(const Call& call) {
  TRY(only_queries(call,
                   {"status", "task_id", "session_id", "created_after", "created_before", "cursor", "limit"},
                   "label."));
  store::ExecutionFilter filter;
  const auto statuses = call.query.get("status");
  if (statuses && !statuses->empty()) filter.statuses = TRY(parse_statuses(*statuses));
  filter.task_id = std::string(call.query.get("task_id").value_or(""));
  filter.session_id = std::string(call.query.get("session_id").value_or(""));
  filter.created_after = TRY(query_time(call, "created_after"));
  filter.created_before = TRY(query_time(call, "created_before"));
  for (const auto& [name, value] : call.query.all()) {
    if (name.starts_with("label.")) filter.labels[name.substr(6)] = value;
  }
  return filter;
}

void list_executions(Services& services, const CallPtr& call) {
  auto filter = filter_of(*call);
  if (!filter) return call->fail(filter.error());
  auto page = page_of(*call, services.cursors, "executions", kMaxPage, kDefaultPage);
  if (!page) return call->fail(page.error());
  services.reads.list(call->principal.tenant, std::move(*filter), std::move(*page), call->deadline,
                      [&services, call](Result<store::ExecutionList> list) {
                        if (!list) return call->fail(list.error());
                        json::Array items;
                        for (const store::ExecutionRow& row : list->items) {
                          json::Object item = execution_json(row).as_object();
                          item.erase("input");
                          item.erase("output");
                          items.push_back(std::move(item));
                        }
                        call->answer(
                            200, "executions",
                            page_json(*call, services.cursors, "executions", std::move(items), list->next));
                      });
}

void get_stats(Services& services, const CallPtr& call) {
  if (auto known = only_queries(*call, {}); !known) return call->fail(known.error());
  services.reads.stats(call->principal.tenant, call->deadline, [&services, call](Result<store::Stats> stats) {
    if (!stats) return call->fail(stats.error());
    json::Object by_status;
    for (const auto& [status, count] : stats->by_status) by_status.set(status, count);
    json::Object lanes;
    for (const std::string& lane : services.lanes) stats->lanes.try_emplace(lane);
    for (const auto& [lane, numbers] : stats->lanes)
      lanes.set(lane, json::Object{{"queued", numbers.queued}, {"running", numbers.running}});
    call->answer(
        200, "statistics",
        json::Object{
            {"by_status", std::move(by_status)}, {"lanes", std::move(lanes)}, {"workers", stats->workers}});
  });
}

/// Reads one after the other what the list of steps is made of.
struct StepsReading {
  store::ExecutionRow row;
  plan::PlanPtr plan;
  std::vector<StepRecord> records;
};

void read_ledger(Services& services, const CallPtr& call, const std::shared_ptr<StepsReading>& reading,
                 const std::function<void(std::vector<Event>)>& done) {
  services.reads.events(call->principal.tenant, reading->row.exec_id, 0, kEventsForSteps, call->deadline,
                        [call, done](Result<std::vector<Event>> events) {
                          if (!events) return call->fail(events.error());
                          done(std::move(*events));
                        });
}

void with_steps(Services& services, const CallPtr& call, const std::optional<std::string>& path,
                const std::function<void(const StepsReading&, const std::vector<Event>&)>& done) {
  const auto id = call->exec_id();
  if (!id) return call->fail(id.error());
  auto reading = std::make_shared<StepsReading>();
  services.reads.get(
      call->principal.tenant, *id, call->deadline,
      [&services, call, reading, path, done](Result<store::ExecutionRow> row) {
        if (!row) return call->fail(row.error());
        reading->row = std::move(*row);
        services.plans.plan(
            call->principal.tenant, reading->row.plan_hash, call->deadline,
            [&services, call, reading, path, done](Result<json::Value> document) {
              if (!document) return call->fail(document.error());
              auto plan = plan::parse(*document, {.id_required = false, .lanes = {}});
              if (!plan) return call->fail({ErrorKind::kInternal, "plan_unreadable", plan.error().message});
              reading->plan = std::move(*plan);
              services.reads.steps(call->principal.tenant, reading->row.exec_id, path, call->deadline,
                                   [&services, call, reading, done](Result<std::vector<StepRecord>> records) {
                                     if (!records) return call->fail(records.error());
                                     reading->records = std::move(*records);
                                     read_ledger(services, call, reading,
                                                 [reading, done](const std::vector<Event>& events) {
                                                   done(*reading, events);
                                                 });
                                   });
            });
      });
}

void list_steps(Services& services, const CallPtr& call) {
  if (auto known = only_queries(*call, {}); !known) return call->fail(known.error());
  with_steps(services, call, std::nullopt,
             [&services, call](const StepsReading& reading, const std::vector<Event>& events) {
               call->answer(200, "steps",
                            page_json(*call, services.cursors, "steps",
                                      steps_json(*reading.plan, reading.records, events), ""));
             });
}

void get_step(Services& services, const CallPtr& call) {
  if (auto known = only_queries(*call, {}); !known) return call->fail(known.error());
  with_steps(services, call, call->param("path"),
             [call](const StepsReading& reading, const std::vector<Event>& events) {
               for (const json::Value& step : steps_json(*reading.plan, reading.records, events)) {
                 if (step.find("path")->as_string() == call->param("path"))
                   return call->answer(200, "step", step);
               }
               call->fail(not_found("step"));
             });
}

/// What its tool printed; `follow` goes on until the step has ended.
void get_logs(Services& services, const CallPtr& call) {
  if (auto known = only_queries(*call, {"follow", "ticket"}); !known) return call->fail(known.error());
  const std::string follow(call->query.get("follow").value_or("false"));
  if (follow != "true" && follow != "false" && follow != "1" && follow != "0" && !follow.empty())
    return call->fail(query_fault("follow", "unknown_value", "must be true or false"));
  auto make = stream_outlet(services, call, StreamForm::kPlainText);
  if (!make) return;
  const bool follows = follow == "true" || follow == "1" || follow.empty();
  with_steps(services, call, call->param("path"),
             [&services, call, make, follows](const StepsReading& reading, const std::vector<Event>& events) {
               const json::Array steps = steps_json(*reading.plan, reading.records, events);
               const auto is_it = [&](const json::Value& step) {
                 return step.find("path")->as_string() == call->param("path");
               };
               if (std::none_of(steps.begin(), steps.end(), is_it)) return call->fail(not_found("step"));
               if (call->exchange->aborted()) return;
               auto watcher = std::make_shared<stream::LogWatcher>(
                   services.streams, call->principal, services.logs,
                   stream::LogRequest{reading.row.exec_id, call->param("path"), follows});
               services.streams.add(watcher);
               watcher->open(*make);
             });
}

void list_events(Services& services, const CallPtr& call) {
  if (auto known = only_queries(*call, {"after_seq", "limit"}); !known) return call->fail(known.error());
  const auto after = query_integer(*call, "after_seq", 0, INT64_MAX);
  if (!after) return call->fail(after.error());
  const auto limit = query_integer(*call, "limit", 1, kMaxEventPage);
  if (!limit) return call->fail(limit.error());
  const auto id = call->exec_id();
  if (!id) return call->fail(id.error());
  const int count = static_cast<int>(limit->value_or(100));
  services.reads.events(call->principal.tenant, *id, static_cast<std::uint64_t>(after->value_or(0)), count,
                        call->deadline, [call, count](Result<std::vector<Event>> events) {
                          if (!events) return call->fail(events.error());
                          json::Array items;
                          for (const Event& event : *events) items.push_back(to_json(event));
                          json::Value next;
                          if (items.size() == static_cast<std::size_t>(count))
                            next = std::to_string(events->back().seq);
                          call->answer(
                              200, "events",
                              json::Object{{"items", std::move(items)}, {"next_cursor", std::move(next)}});
                        });
}

}  // namespace

void add_execution_routes(Services& services, std::vector<Route>& routes) {
  using enum http::Method;
  const Scope scope = Scope::kExecRead;
  const std::string one = "/executions/tasks/{exec_id}", alias = "/executions/{exec_id}";
  routes.push_back(
      route_of(services, kGet, "/executions", "listExecutions", scope, Body::kNone, list_executions));
  routes.push_back(
      route_of(services, kGet, "/executions/stats", "getExecutionStats", scope, Body::kNone, get_stats));
  for (const auto& [base, suffix] : {std::pair<std::string, std::string>{one, ""}, {alias, "Alias"}}) {
    routes.push_back(
        route_of(services, kGet, base, "getExecution" + suffix, scope, Body::kNone, get_execution));
    routes.push_back(
        route_of(services, kGet, base + "/steps", "listSteps" + suffix, scope, Body::kNone, list_steps));
    routes.push_back(
        route_of(services, kGet, base + "/steps/{path}", "getStep" + suffix, scope, Body::kNone, get_step));
    Route logs = route_of(services, kGet, base + "/steps/{path}/logs", "getStepLogs" + suffix, scope,
                          Body::kNone, get_logs);
    logs.produces = "text/plain";
    logs.takes_tickets = true;
    routes.push_back(std::move(logs));
    routes.push_back(
        route_of(services, kGet, base + "/events", "listEvents" + suffix, scope, Body::kNone, list_events));
  }
}

}  // namespace pawl::api
