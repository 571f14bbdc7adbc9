// May the page that asks watch? Browsers say where a page came from; a foreign one must be on the list. Pure.
#pragma once

#include <string>
#include <vector>

#include "common/base/result.h"
#include "common/http/request.h"

namespace pawl::api::stream {

/// The origin that has to be named in Access-Control-Allow-Origin, or "": no page, or one of ours. What sends
/// no Origin is no browser's page that could act for somebody else: the credential decides. Errors:
/// kPermission/origin_forbidden.
Result<std::string> check_origin(const http::RequestHead& head, const std::vector<std::string>& allowed);

}  // namespace pawl::api::stream
