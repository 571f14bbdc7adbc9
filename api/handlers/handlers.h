// The handlers, one group a file. Each adds its routes with the scope they need; the gate enforces it.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "api/routes.h"
#include "api/services.h"

namespace pawl::api {

void add_task_routes(Services& services, std::vector<Route>& routes);
void add_run_routes(Services& services, std::vector<Route>& routes);
void add_execution_routes(Services& services, std::vector<Route>& routes);
void add_control_routes(Services& services, std::vector<Route>& routes);
void add_retry_routes(Services& services, std::vector<Route>& routes);
void add_news_routes(Services& services, std::vector<Route>& routes);
void add_why_routes(Services& services, std::vector<Route>& routes);
void add_stream_routes(Services& services, std::vector<Route>& routes);
void add_key_routes(Services& services, std::vector<Route>& routes);
void add_document_routes(Services& services, std::vector<Route>& routes);

/// After a control write: the owner is told, or a worker is called for; who waits here looks again.
void tell_owner(Services& services, const Uuid& exec_id, const store::ControlOutcome& outcome);

/// All of them.
std::vector<Route> all_routes(Services& services);

/// A route under /api/v0 whose handler gets the services, which outlive it.
inline Route route_of(Services& services, http::Method method, std::string_view pattern, std::string id,
                      Scope scope, Body body, void (*handler)(Services&, const CallPtr&)) {
  return Route{method,        "/api/v0" + std::string(pattern),
               std::move(id), scope,
               body,          [&services, handler](const CallPtr& call) { handler(services, call); }};
}

}  // namespace pawl::api
