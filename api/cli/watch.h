// Following an execution to its end: a live picture on a terminal, a line per event elsewhere.
#pragma once

#include <string>

#include "api/cli/client.h"
#include "api/cli/context.h"

namespace pawl::cli {

/// Prints what happens until the execution has ended, then what became of it (its output and outcome, or the
/// whole in the format asked for). The exit code is the outcome. Outlives a restart of the API. Errors: of
/// the API; kUnavailable when it stays away for kReconnectFor.
Result<int> watch_execution(Context& context, Client& client, const std::string& exec_id);

/// Waits for the end without a word; the execution.
Result<json::Value> await_end(Context& context, Client& client, const std::string& exec_id);

/// Prints the ledger after `after_seq` until the end. Errors: as above.
Result<int> follow_events(Context& context, Client& client, const std::string& exec_id,
                          std::int64_t after_seq);

/// One event as a line for people: seq, time, type, step, what matters of its data.
std::string event_line(const json::Value& event, const Face& face);

/// Prints the end of it: see watch_execution.
int print_outcome(Context& context, const json::Value& execution);

}  // namespace pawl::cli
