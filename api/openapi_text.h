// api/openapi.yaml, compiled into the program.
#pragma once

#include <string_view>

namespace pawl::api {

std::string_view openapi_text();

}  // namespace pawl::api
