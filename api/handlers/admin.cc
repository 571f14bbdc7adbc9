// The /admin routes of the operations port: workers and lanes; circuit breakers have their own file.
#include <memory>

#include "api/handlers/admin.h"
#include "api/paging.h"
#include "common/base/time_format.h"

namespace pawl::api {
namespace {

json::Value worker_json(const store::WorkerRow& row) {
  return json::Object{
      {"id", row.id},
      {"name", row.name},
      {"pid", row.pid},
      {"host", row.host},
      {"version", row.version},
      {"lanes", json::Array(row.lanes.begin(), row.lanes.end())},
      {"slots", row.slots},
      {"running", row.running},
      {"keeper", row.keeper},
      {"draining", row.draining},
      {"lease_until", row.lease_until ? json::Value(format_rfc3339(*row.lease_until)) : json::Value()}};
}

void list_workers(Services& services, const CallPtr& call) {
  services.reads.workers(call->deadline, [&services, call](Result<std::vector<store::WorkerRow>> workers) {
    if (!workers) return call->fail(workers.error());
    json::Array items;
    for (const store::WorkerRow& row : *workers) items.push_back(worker_json(row));
    call->answer(200, "workers", page_json(*call, services.cursors, "workers", std::move(items), ""));
  });
}

void drain_worker(Services& services, const CallPtr& call) {
  services.reads.workers(call->deadline, [&services, call](Result<std::vector<store::WorkerRow>> workers) {
    if (!workers) return call->fail(workers.error());
    for (const store::WorkerRow& row : *workers) {
      if (row.id != call->param("worker_id")) continue;
      services.bus.send_control("worker." + row.id, json::Object{{"drain", true}});
      return call->answer(202, "draining", worker_json(row));
    }
    call->fail(not_found("worker"));
  });
}

/// Broker depth beside what Postgres counts: a queue's length alone is blind to running work.
void list_lanes(Services& services, const CallPtr& call) {
  services.reads.stats(call->principal.tenant, call->deadline, [&services, call](Result<store::Stats> stats) {
    if (!stats) return call->fail(stats.error());
    services.depths.depths(services.lanes, [&services, call, stats = std::move(*stats)](
                                               const Result<std::vector<broker::LaneDepth>>& depths) {
      json::Array items;
      for (const std::string& lane : services.lanes) {
        json::Object item{{"lane", lane}, {"depth", json::Value()}};
        if (depths) {
          for (const broker::LaneDepth& depth : *depths) {
            if (depth.lane == lane) item.set("depth", depth.total());
          }
        }
        const auto numbers = stats.lanes.find(lane);
        item.set("queued", numbers == stats.lanes.end() ? 0 : numbers->second.queued);
        item.set("running", numbers == stats.lanes.end() ? 0 : numbers->second.running);
        items.push_back(std::move(item));
      }
      call->answer(200, "lanes", page_json(*call, services.cursors, "lanes", std::move(items), ""));
    });
  });
}

}  // namespace

std::vector<Route> admin_routes(Services& services) {
  const auto route = [&services](http::Method method, std::string pattern, std::string id, Scope scope,
                                 void (*handler)(Services&, const CallPtr&)) {
    return Route{method,
                 std::move(pattern),
                 std::move(id),
                 scope,
                 method == http::Method::kGet ? Body::kNone : Body::kObject,
                 [&services, handler](const CallPtr& call) { handler(services, call); }};
  };
  std::vector<Route> routes = {
      route(http::Method::kGet, "/admin/workers", "listWorkers", Scope::kOpsMetrics, list_workers),
      route(http::Method::kPost, "/admin/workers/{worker_id}/drain", "drainWorker", Scope::kAdminBreakers,
            drain_worker),
      route(http::Method::kGet, "/admin/lanes", "listLanes", Scope::kOpsMetrics, list_lanes)};
  add_breaker_routes(services, routes);
  return routes;
}

}  // namespace pawl::api
