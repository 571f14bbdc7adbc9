// One WebSocket as the server holds it: sends text frames made elsewhere, judges what the client sends by
// wslay (RFC 6455), closes with the right code. A client has nothing to say here: its data ends the
// connection. Loop thread only.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "api/ws/frame.h"
#include "common/loop/stream.h"

namespace pawl::api::ws {

class Socket {
 public:
  /// `read_ahead`: what came after the handshake already. `on_gone` is called once, on a later turn, when the
  /// client went, closed, or broke the protocol; not after close(). `on_alive` is called for whatever the
  /// client sends.
  Socket(Loop& loop, std::unique_ptr<Stream> stream, std::string read_ahead, std::function<void()> on_alive,
         std::function<void()> on_gone);
  /// Cuts what is still open, unless close() was called: then the socket lives on by itself until the peer
  /// has gone.
  ~Socket();
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  /// A whole frame (frame.h).
  void send(std::string_view frame);
  [[nodiscard]] std::size_t queued() const;
  /// Sends the close frame; nothing is sent or heard after it.
  void close(CloseCode code, std::string_view reason);

 private:
  struct Core;
  std::shared_ptr<Core> core_;
};

}  // namespace pawl::api::ws
