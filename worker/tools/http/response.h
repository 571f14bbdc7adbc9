// What an answer or a broken transfer means: output or failure, by the rules of tools.md. Pure but for
// libcurl's codes.
#pragma once

#include <curl/curl.h>

#include <string>
#include <utility>
#include <vector>

#include "common/base/clock.h"
#include "worker/tools/http/request.h"
#include "worker/tools/tool.h"

namespace pawl::tools {

struct HttpResponse {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;  ///< names in lower case, in their order
  std::string body;

  /// The first value, or "".
  [[nodiscard]] std::string_view header(std::string_view name) const;
};

/// Is this status a success: in accept_status where it is given, else 2xx and 3xx.
bool is_accepted(const HttpRequest& request, int status);

/// {status, headers, body, duration_ms}, or the failure of the status, or configuration/invalid_response.
tl::expected<json::Value, Failure> read_response(const HttpRequest& request, const HttpResponse& response,
                                                 Millis duration, WallTime now);

/// The failure of a transfer that libcurl gave up. `endpoint` is "host:port"; `was_sent`: the request may
/// have arrived.
Failure transfer_failure(CURLcode code, long os_error, const std::string& endpoint, bool was_sent);

}  // namespace pawl::tools
