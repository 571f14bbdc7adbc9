// The workloads W1–W3 of the bench: what is submitted, how, and what is measured of it. An engine is
// described by a Target, so that the same code measures Pawl and the null engine it is compared with.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "common/base/result.h"
#include "common/loop/loop.h"

namespace pawl::bench {

/// One engine: where it listens, and how its tables say what became of an execution.
struct Target {
  std::string host = "127.0.0.1";
  std::uint16_t port = 7070;
  std::string api_key;
  std::string postgres_url;
  std::string
      unfinished_sql;  ///< one value: how many are not final; looked at only after everything was submitted
  /// exec_id, first step's start and end (microseconds since the epoch) of all that were accepted at or after
  /// $1 (also so).
  std::string times_sql;
};

/// Pawl itself. `postgres_url` is the operator's (it sees past row security).
Target pawl_target(std::string host, std::uint16_t port, std::string api_key, std::string postgres_url);

/// Numbers of one run, by name: "throughput" in 1/s, "start_p50" in ms, …
using Numbers = std::map<std::string, double>;

struct Scale {
  int count = 20'000;  ///< executions of W1; W2 runs a fifth
  int connections = 64;
  double rate = 50;  ///< of W3, a second
  int seconds = 20;  ///< of W3, for each of its two halves
};

/// W1 = one no-op step, W2 = five in a row: "throughput" (executions from the first request to the last final
/// status in Postgres) and "accept_p50", "accept_p99". W3 = one step at a fixed rate: "start_p50/p99" (submit
/// → first step started) and "result_p50/p99" (a synchronous request as its client sees it). Errors: what the
/// load met; kInternal when an execution is missing or was refused.
Result<Numbers> run_workload(Loop& loop, const Target& target, const std::string& workload,
                             const Scale& scale);

/// The unit of a number, by its name.
std::string unit_of(const std::string& metric);
/// {"workload":…,"metric":…,"value":…,"unit":…}
std::string json_line(const std::string& workload, const std::string& metric, double value,
                      const std::string& unit);

}  // namespace pawl::bench
