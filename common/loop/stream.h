// A byte stream (TCP, TLS over it) with bounded writes, and a listener that makes them.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "common/base/result.h"
#include "common/loop/loop.h"

namespace pawl {

/// Callbacks of a stream. None is called inside a call to the stream, none after on_close.
struct StreamHandler {
  /// Bytes arrived; the view lives for the call.
  std::function<void(std::string_view)> on_data = nullptr;
  /// The peer has sent its last byte (a half-close). With this set the stream stays open for writing and the
  /// owner closes it; without it the stream flushes what is queued and closes as peer_closed.
  std::function<void()> on_end = nullptr;
  /// `queued` has fallen to half of kWriteHighWater (limits.h) after it had risen above it.
  std::function<void()> on_drain = nullptr;
  /// The stream is gone, for whatever reason, also after `close`; the last call. `error.code`: peer_closed,
  /// reset, timeout, tls_failed, closed.
  std::function<void(const Error&)> on_close = nullptr;
};

class Stream {
 public:
  virtual ~Stream() = default;
  /// Must be set before the loop turns again; may be replaced at any time, also by a callback. A destroyed
  /// stream calls nothing any more.
  virtual void set_handler(StreamHandler handler) = 0;
  /// Queues `bytes` (copied or moved); writes of one turn go out in one system call. Never blocks.
  virtual void write(std::string bytes) = 0;
  /// Bytes accepted by `write` and not yet taken by the kernel. The caller keeps it bounded (pause its
  /// source, or close).
  [[nodiscard]] virtual std::size_t queued() const = 0;
  virtual void pause_reading() = 0;
  virtual void resume_reading() = 0;
  /// Writes what is queued, ends its side, reads and drops what still comes for a moment (so that the peer
  /// gets the last bytes and no reset), then closes; cuts after `grace`. No on_data follows, further writes
  /// are dropped.
  virtual void close_after_flush(Millis grace) = 0;
  /// Cuts now. on_close follows on a later turn.
  virtual void close() = 0;
  /// Numeric address of the peer, as 127.0.0.1 or ::1, for logs and limits.
  [[nodiscard]] virtual std::string peer_address() const = 0;
};

class TlsContext;  // common/loop/tls.h

struct ConnectOptions {
  std::string host;  ///< name or address; resolved on the pool, every address is tried in turn
  std::uint16_t port = 0;
  Millis timeout{5000};             ///< for all of it: resolve, connect, TLS handshake
  const TlsContext* tls = nullptr;  ///< not owned; null means plain TCP
};

/// Connects with TCP_NODELAY and keepalive. `done` gets the stream, or kUnavailable (connection_refused,
/// name_not_resolved, unreachable, tls_failed) or kTimeout (connect_timeout). Destroying the returned guard
/// cancels: `done` is then never called.
class PendingConnect {
 public:
  virtual ~PendingConnect() = default;
};
std::unique_ptr<PendingConnect> connect_stream(Loop& loop, ConnectOptions options,
                                               Done<std::unique_ptr<Stream>> done);

struct ListenOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;  ///< 0: the kernel chooses; see Listener::port
  int backlog = 1024;
  bool reuse_port = true;           ///< SO_REUSEPORT: several processes share a port
  const TlsContext* tls = nullptr;  ///< not owned
};

class Listener {
 public:
  virtual ~Listener() = default;  ///< stops listening; accepted streams live on
  [[nodiscard]] virtual std::uint16_t port() const = 0;
};
/// Errors: kUnavailable/address_in_use, kInvalid/bad_address. `on_stream` gets each accepted stream (after
/// its TLS handshake).
Result<std::unique_ptr<Listener>> listen_stream(Loop& loop, const ListenOptions& options,
                                                std::function<void(std::unique_ptr<Stream>)> on_stream);

}  // namespace pawl
