// A load generator over keep-alive connections: as fast as the answers come, or at a fixed rate. Measures
// from the moment a request was due, so that a server that stalls can't hide it (coordinated omission).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/base/result.h"
#include "common/loop/loop.h"

namespace pawl::bench {

struct LoadOptions {
  std::string host = "127.0.0.1";
  std::uint16_t port = 7070;
  std::string request;  ///< the bytes of one request, head and body
  int connections = 64;
  int count = 1000;          ///< requests in all
  double rate = 0;           ///< requests a second; 0 = each connection sends when it has its answer
  Millis deadline{300'000};  ///< for all of it
};

/// One answered request.
struct Sample {
  WallTime due{};    ///< when it was to be sent
  Micros latency{};  ///< from `due` to the end of the answer
  int status = 0;
  std::string exec_id;  ///< as in the answer's data, or ""
};

struct LoadResult {
  WallTime started{};
  Micros took{};
  std::vector<Sample> samples;
};

/// Runs the loop until all requests are answered. Errors: kUnavailable when a connection is refused or lost,
/// kTimeout.
Result<LoadResult> run_load(Loop& loop, const LoadOptions& options);

/// One request with its answer's body. Errors as above; any status is an answer.
struct Answer {
  int status = 0;
  std::string body;
};
Result<Answer> ask(Loop& loop, const std::string& host, std::uint16_t port, const std::string& request);

/// The bytes of a request: `method target HTTP/1.1` with Host, the key (when there is one) and a JSON body.
std::string make_request(std::string_view method, std::string_view target, std::string_view api_key,
                         std::string_view body);

}  // namespace pawl::bench
