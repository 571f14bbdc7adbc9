// Puts a topology into the broker: one pipelined burst of declarations on a channel of its own.
#pragma once

#include <functional>
#include <memory>

#include "broker/connection.h"
#include "broker/topology.h"
#include "common/base/log.h"

namespace pawl::broker {

/// Declares all of `topology` on `connection`; idempotent. `done` once, never inside this call, also when the
/// connection goes. A queue or exchange that exists with other arguments is left as it is, warned about, and
/// counts as declared: it works, and only an operator may delete it. Errors: kUnavailable.
void declare_topology(Connection& connection, const Log& log, std::shared_ptr<const Topology> topology,
                      Done<void> done);

/// A client-named or server-named (empty `name`) queue that lives with its connection: exclusive,
/// auto-deleted, not durable, bounded. `done` gets its name.
void declare_private_queue(Channel& channel, Done<std::string> done);

/// queue.bind and queue.unbind on a topic exchange; `done` may be empty.
void bind_queue(Channel& channel, std::string_view queue, std::string_view exchange, std::string_view key);
void unbind_queue(Channel& channel, std::string_view queue, std::string_view exchange, std::string_view key);

}  // namespace pawl::broker
