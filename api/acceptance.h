// Storing a new execution and telling the broker: what every door that makes one has in common.
#pragma once

#include "api/services.h"

namespace pawl::api {

/// Stores it and publishes its ticket. `done` gets kNew or kReplayed; the other kinds are errors. `reply`:
/// its owner is to say when it has ended.
void accept_execution(Services& services, store::NewExecution execution, bool reply, MonoTime deadline,
                      Done<store::Accepted> done);

}  // namespace pawl::api
