// W3C traceparent: taken over when it is well-formed, else a new trace begins.
#pragma once

#include <string>

#include "common/base/rng.h"
#include "common/http/request.h"

namespace pawl::api {

/// "00-<32 hex>-<16 hex>-<2 hex>", lower case, ids not all zero.
bool is_traceparent(std::string_view text);
std::string traceparent_of(const http::Headers& headers, Rng& rng);

}  // namespace pawl::api
