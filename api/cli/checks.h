// What `doctor` checks, one function a part. Each gives lines: ok, warn or fail, and the command that mends
// it.
#pragma once

#include <string>
#include <vector>

#include "api/cli/client.h"
#include "api/cli/context.h"

namespace pawl::cli {

enum class Health : unsigned char { kOk, kWarn, kFail };

struct Check {
  Health health;
  std::string name;
  std::string finding;
  std::string mend = {};  ///< a command, or what to set; "" when nothing needs mending
};

/// The API's address, the clock beside its own, the key and what it may do.
std::vector<Check> check_api(Context& context);
/// /readyz of the operations port.
Check check_ops(Context& context);
/// The database and its schema, when its address is known.
Check check_postgres(Context& context);
/// The broker: TCP, and the greeting of AMQP 0-9-1.
Check check_broker(Context& context);
/// What this host offers a worker that runs processes: bubblewrap, namespaces, cgroups, Landlock.
std::vector<Check> check_host(Host& host, const FileReader& read);

/// How far our clock is ahead of an HTTP Date; nullopt for what is no date.
std::optional<std::chrono::seconds> clock_skew(const std::string& http_date, WallTime now);

}  // namespace pawl::cli
