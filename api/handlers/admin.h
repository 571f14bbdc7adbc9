// The /admin routes; served on the operations port only.
#pragma once

#include <vector>

#include "api/routes.h"
#include "api/services.h"

namespace pawl::api {

std::vector<Route> admin_routes(Services& services);
/// The part of them about circuit breakers.
void add_breaker_routes(Services& services, std::vector<Route>& routes);

}  // namespace pawl::api
