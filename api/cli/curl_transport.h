// The transport over libcurl: one connection that is kept, bounded in time and size, no redirects.
#pragma once

#include <memory>
#include <string>

#include "api/cli/transport.h"

namespace pawl::cli {

/// `url` is scheme, host and port (a path before /api/v0 is kept); `api_key` "" sends no credential.
std::unique_ptr<Transport> make_curl_transport(const std::string& url, const std::string& api_key);

}  // namespace pawl::cli
