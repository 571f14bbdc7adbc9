// The server's half of the opening handshake (RFC 6455 §4.2). Pure.
#pragma once

#include <string>
#include <string_view>

#include "common/base/result.h"
#include "common/http/request.h"

namespace pawl::api::ws {

/// Does the client ask for a WebSocket? (GET, Connection: upgrade, Upgrade: websocket.)
bool asks_to_upgrade(const http::RequestHead& head);

/// The value of Sec-WebSocket-Accept. Errors: kInvalid/upgrade_required for another version than 13,
/// kInvalid/bad_request for a key that is not 16 bytes in base64, or HTTP/1.0.
Result<std::string> accept_key(const http::RequestHead& head);

/// The whole answer that opens the WebSocket.
std::string switching_protocols(std::string_view accept, std::string_view request_id);

}  // namespace pawl::api::ws
