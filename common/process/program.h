// What every program of Pawl does first: read its configuration, answer --help, --version and --print-config,
// open its log, look at the schema. A bad configuration is one line on stderr and exit 2.
#pragma once

#include <optional>
#include <string>

#include "common/base/config.h"
#include "common/base/log.h"
#include "common/base/result.h"

namespace pawl::process {

inline constexpr int kExitUsage = 2;
inline constexpr std::string_view kVersion = "0.1.0";

struct Start {
  Config config;
  Log log;
};

/// Either the start, or the exit code when there is nothing more to do (`--help`, `--print-config`, a bad
/// value). `usage` is printed for --help before the list of keys.
struct StartOrExit {
  std::optional<Start> start;
  int exit_code = 0;
};
StartOrExit start_program(std::string_view name, std::string_view usage, int argc, char** argv);

/// Migrates when `migrate_at_start` says so, else checks that schema and binary fit. A database that can't be
/// reached is no error: the program starts and says so at /readyz. Errors: one line for people (a newer or an
/// older schema, a bad URL).
Result<void> check_schema(const Config& config, const Log& log);

struct HostPort {
  std::string host;
  std::uint16_t port = 0;
};
/// "127.0.0.1:7070", "[::1]:7070". Errors: kInvalid.
Result<HostPort> parse_host_port(std::string_view text);

/// The host's name for people.
std::string host_name();

}  // namespace pawl::process
