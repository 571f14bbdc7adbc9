// The /admin routes; served on the operations port only.
#pragma once

#include <vector>

#include "api/routes.h"
#include "api/services.h"

namespace pawl::api {

std::vector<Route> admin_routes(Services& services);

}  // namespace pawl::api
