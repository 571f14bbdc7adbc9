// Task definitions: put, get, list, versions, delete, validate; and the tools on offer.
#include <charconv>

#include "api/fields.h"
#include "api/handlers/handlers.h"
#include "api/limits.h"
#include "api/paging.h"
#include "api/plan_check.h"
#include "common/base/time_format.h"
#include "common/plan/policy.h"

namespace pawl::api {
namespace {

json::Value task_json(const store::TaskVersion& task) {
  return json::Object{{"id", task.task_id},
                      {"version", task.version},
                      {"hash", to_hex(task.plan_hash)},
                      {"created_at", format_rfc3339(task.created_at)},
                      {"task", task.document}};
}

json::Array tasks_json(const store::TaskList& list) {
  json::Array items;
  for (const store::TaskVersion& task : list.items) items.push_back(task_json(task));
  return items;
}

std::string etag_of(int version) { return "\"" + std::to_string(version) + "\""; }

/// The version in If-Match: nullopt without the header or for `*`. Errors: what is no version of ours can't
/// match.
Result<std::optional<int>> if_match_of(const Call& call) {
  const auto header = call.exchange->head().headers.get("if-match");
  if (!header || *header == "*") return std::nullopt;
  std::string_view text = *header;
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') text = text.substr(1, text.size() - 2);
  int version = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), version);
  if (error != std::errc{} || end != text.data() + text.size())
    return pawl::fail(ErrorKind::kConflict, "precondition_failed",
                      "the task has another version than If-Match says", "get it again");
  return version;
}

void tell_others(Services& services, const Call& call) {
  services.task_cache.forget(call.principal.tenant, call.param("task_id"));
  services.bus.send_control(
      "all", json::Object{{"task", call.param("task_id")}, {"tenant", call.principal.tenant.to_string()}});
}

/// The document with the id of the path; a different one in the body is a fault.
Result<json::Value> with_path_id(const Call& call) {
  const std::string& id = call.param("task_id");
  if (!call.body.is_object()) return pawl::fail(faults_error({{"", "wrong_type", "must be a task object"}}));
  const json::Value* given = call.body.find("id");
  if (given == nullptr) {
    json::Object document = call.body.as_object();
    document.set("id", id);
    return json::Value(std::move(document));
  }
  if (given->is_string() && given->as_string() == id) return call.body;
  return pawl::fail(faults_error({{"/id", "id_mismatch", "must be the id of the path, '" + id + "'"}}));
}

void put_task(Services& services, const CallPtr& call) {
  if (auto known = only_queries(*call, {}); !known) return call->fail(known.error());
  auto document = with_path_id(*call);
  if (!document) return call->fail(document.error());
  auto checked = check_task(*document, services.rules, IdRule::kRequired);
  if (!checked.plan) return call->fail(checked.error());
  auto if_match = if_match_of(*call);
  if (!if_match) return call->fail(if_match.error());
  services.tasks.put(
      call->principal.tenant, call->param("task_id"), *document, (*checked.plan)->hash, *if_match,
      call->deadline, [&services, call, warnings = checked.warnings_json()](Result<store::PutTask> put) {
        if (!put) return call->fail(put.error());
        tell_others(services, *call);
        json::Object data = task_json(put->version).as_object();
        data.set("warnings", warnings);
        auto response = http::success(put->created ? 201 : 200, put->created ? "task created" : "task stored",
                                      std::move(data));
        response.header("ETag", etag_of(put->version.version));
        if (put->created) response.header("Location", "/api/v0/tasks/" + call->param("task_id"));
        call->answer(std::move(response));
      });
}

void get_task(Services& services, const CallPtr& call) {
  if (auto known = only_queries(*call, {"version"}); !known) return call->fail(known.error());
  const auto version = query_integer(*call, "version", 1, 1'000'000'000);
  if (!version) return call->fail(version.error());
  services.tasks.get(
      call->principal.tenant, call->param("task_id"), static_cast<int>(version->value_or(0)), call->deadline,
      [call](Result<store::TaskVersion> task) {
        if (!task) return call->fail(task.error());
        call->answer(http::success(200, "task", task_json(*task)).header("ETag", etag_of(task->version)));
      });
}

void list_tasks(Services& services, const CallPtr& call) {
  if (auto known = only_queries(*call, {"cursor", "limit", "q"}); !known) return call->fail(known.error());
  auto page = page_of(*call, services.cursors, "tasks", kMaxPage, kDefaultPage);
  if (!page) return call->fail(page.error());
  services.tasks.list(call->principal.tenant, std::string(call->query.get("q").value_or("")),
                      std::move(*page), call->deadline, [&services, call](Result<store::TaskList> list) {
                        if (!list) return call->fail(list.error());
                        call->answer(
                            200, "tasks",
                            page_json(*call, services.cursors, "tasks", tasks_json(*list), list->next));
                      });
}

void list_versions(Services& services, const CallPtr& call) {
  if (auto known = only_queries(*call, {}); !known) return call->fail(known.error());
  services.tasks.versions(
      call->principal.tenant, call->param("task_id"), call->deadline,
      [&services, call](Result<store::TaskList> list) {
        if (!list) return call->fail(list.error());
        call->answer(200, "versions", page_json(*call, services.cursors, "versions", tasks_json(*list), ""));
      });
}

void delete_task(Services& services, const CallPtr& call) {
  if (auto known = only_queries(*call, {}); !known) return call->fail(known.error());
  services.tasks.remove(call->principal.tenant, call->param("task_id"), call->deadline,
                        [&services, call](Result<void> removed) {
                          if (!removed) return call->fail(removed.error());
                          tell_others(services, *call);
                          call->answer(http::Response{.status = 204});
                        });
}

/// All faults, the effective policy of each step, the static estimate. Stores nothing.
void validate_task(Services& services, const CallPtr& call) {
  if (auto known = only_queries(*call, {}); !known) return call->fail(known.error());
  auto checked = check_task(call->body, services.rules, IdRule::kOptional);
  if (!checked.plan) return call->fail(checked.error());
  const plan::Plan& plan = **checked.plan;
  call->answer(200, "valid",
               json::Object{{"valid", true},
                            {"errors", json::Array{}},
                            {"warnings", checked.warnings_json()},
                            {"steps", plan::describe_policy(plan)},
                            {"estimate", plan::static_estimate(plan)},
                            {"hash", to_hex(plan.hash)}});
}

void list_tools(Services& services, const CallPtr& call) {
  if (auto known = only_queries(*call, {}); !known) return call->fail(known.error());
  services.reads.tools(call->deadline, [&services, call](Result<std::vector<store::ToolDescriptor>> tools) {
    if (!tools) return call->fail(tools.error());
    json::Array items;
    for (const store::ToolDescriptor& tool : *tools) {
      json::Object item = tool.descriptor.is_object() ? tool.descriptor.as_object() : json::Object{};
      item.set("name", tool.name).set("workers", tool.workers);
      items.push_back(std::move(item));
    }
    call->answer(200, "tools", page_json(*call, services.cursors, "tools", std::move(items), ""));
  });
}

}  // namespace

void add_task_routes(Services& services, std::vector<Route>& routes) {
  using enum http::Method;
  routes.push_back(
      route_of(services, kPut, "/tasks/{task_id}", "putTask", Scope::kTaskWrite, Body::kObject, put_task));
  routes.push_back(
      route_of(services, kGet, "/tasks/{task_id}", "getTask", Scope::kExecRead, Body::kNone, get_task));
  routes.push_back(route_of(services, kDelete, "/tasks/{task_id}", "deleteTask", Scope::kTaskWrite,
                            Body::kNone, delete_task));
  routes.push_back(
      route_of(services, kGet, "/tasks", "listTasks", Scope::kExecRead, Body::kNone, list_tasks));
  routes.push_back(route_of(services, kGet, "/tasks/{task_id}/versions", "listTaskVersions", Scope::kExecRead,
                            Body::kNone, list_versions));
  routes.push_back(route_of(services, kPost, "/tasks/validate", "validateTask", Scope::kExecRead,
                            Body::kObject, validate_task));
  routes.push_back(
      route_of(services, kGet, "/tools", "listTools", Scope::kExecRead, Body::kNone, list_tools));
}

}  // namespace pawl::api
