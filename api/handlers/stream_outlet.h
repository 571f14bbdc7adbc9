// How a client that asks for a stream is served: SSE, WebSocket or plain text; shared by all handlers of
// streams.
#pragma once

#include <optional>

#include "api/call.h"
#include "api/services.h"
#include "api/stream/outlet.h"

namespace pawl::api {

enum class StreamForm : unsigned char { kEvents, kPlainText };

/// Nothing when it was answered here already: a foreign origin, a handshake that can't be met, no room, HEAD.
std::optional<stream::MakeOutlet> stream_outlet(Services& services, const CallPtr& call, StreamForm form);

}  // namespace pawl::api
