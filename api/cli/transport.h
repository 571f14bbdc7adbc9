// One HTTP exchange, as a port: the real one is libcurl (curl_transport.h), tests answer from a table.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/cli/limits.h"
#include "common/base/result.h"

namespace pawl::cli {

struct HttpRequest {
  std::string method = "GET";
  std::string target;  ///< path and query, as they go on the wire
  std::optional<std::string> body = {};
  std::string content_type = "application/json";
  std::vector<std::pair<std::string, std::string>> headers = {};
  Millis timeout = kCallTimeout;  ///< 0 = none: for streams
  /// Called about each kTick while waiting.
  std::function<void()> on_tick = {};
  /// Takes the body as it arrives (then HttpAnswer::body stays empty) of an answer 2xx; false ends the
  /// exchange.
  std::function<bool(std::string_view)> on_data = {};
};

struct HttpAnswer {
  int status = 0;
  std::map<std::string, std::string, std::less<>> headers;  ///< names in lower case
  std::string body;
};

class Transport {
 public:
  virtual ~Transport() = default;
  /// Blocks. Errors: kUnavailable when there was no answer, kTimeout when it did not come in time,
  /// kInternal for an answer that is none of ours (too large, no HTTP).
  virtual Result<HttpAnswer> send(const HttpRequest& request) = 0;
};

}  // namespace pawl::cli
