// The API document, and the list of all route groups.
#include "api/handlers/handlers.h"
#include "api/openapi_text.h"

namespace pawl::api {
namespace {

void get_document(Services&, const CallPtr& call) {
  call->answer(
      http::Response{.status = 200, .content_type = "application/yaml", .body = std::string(openapi_text())});
}

}  // namespace

void add_document_routes(Services& services, std::vector<Route>& routes) {
  Route route = route_of(services, http::Method::kGet, "/openapi.yaml", "getOpenApi", Scope::kNone,
                         Body::kNone, get_document);
  route.produces = "application/yaml";
  routes.push_back(std::move(route));
}

std::vector<Route> all_routes(Services& services) {
  std::vector<Route> routes;
  add_task_routes(services, routes);
  add_run_routes(services, routes);
  add_execution_routes(services, routes);
  add_control_routes(services, routes);
  add_retry_routes(services, routes);
  add_news_routes(services, routes);
  add_why_routes(services, routes);
  add_stream_routes(services, routes);
  add_key_routes(services, routes);
  add_document_routes(services, routes);
  return routes;
}

}  // namespace pawl::api
