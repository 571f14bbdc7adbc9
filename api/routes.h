// The table of routes: one row each, compared with openapi.yaml both ways by a test.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "api/call.h"
#include "api/scopes.h"
#include "common/http/request.h"

namespace pawl::api {

enum class Body : unsigned char {
  kNone,    ///< not read: GET, DELETE
  kObject,  ///< a JSON object; none stands for {}
};

struct Route {
  http::Method method;
  std::string pattern;       ///< without /api/v0 it is a root route
  std::string operation_id;  ///< as in openapi.yaml
  Scope scope;
  Body body;
  std::function<void(const CallPtr&)> handle;
  std::string produces = "application/json";
  bool takes_tickets = false;  ///< `?ticket=` stands for the Authorization header a browser can't send
};

}  // namespace pawl::api
