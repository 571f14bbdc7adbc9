// The system's own servers, read from how they are configured, so that no plan can talk to the database, the
// broker or the operations port behind the API's back. Pure.
#pragma once

#include <string_view>

#include "common/egress/policy.h"

namespace pawl::egress {

/// Denies every endpoint that `configured` names by address or as this machine: "host:port", a URL
/// ("postgresql://user:secret@a:5432,b:5433/db", "amqps://[::1]/"), or libpq's "host=… port=…". Without a
/// port it is `default_port`. A wildcard (0.0.0.0, ::) and localhost stand for 127.0.0.1 and ::1; other names
/// aren't looked up: their addresses are private in any sane installation, and a public one is guarded by its
/// own credentials.
void deny_servers(Policy& policy, std::string_view configured, std::uint16_t default_port);

}  // namespace pawl::egress
