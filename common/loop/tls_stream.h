// TLS over a Stream: OpenSSL with memory BIOs, so that it never touches a socket. Seen only inside
// common/loop.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "common/loop/stream.h"
#include "common/loop/timer.h"
#include "common/loop/tls.h"

namespace pawl {

class TlsCore;

/// Shakes hands over `lower` and hands out the encrypted Stream. Destroyed earlier, it drops the connection
/// and calls nothing.
class TlsHandshake {
 public:
  /// A client when `host` is not empty: the peer's certificate must be for that name or address.
  TlsHandshake(Loop& loop, const TlsContext& context, std::unique_ptr<Stream> lower, Millis timeout,
               const std::string& host = "");
  ~TlsHandshake();
  TlsHandshake(const TlsHandshake&) = delete;
  TlsHandshake& operator=(const TlsHandshake&) = delete;

  /// `done` gets the stream, kUnavailable/tls_failed, or kTimeout/connect_timeout; it may destroy this.
  void start(Done<std::unique_ptr<Stream>> done);

 private:
  void finish(Result<void> outcome);

  std::shared_ptr<TlsCore> core_;
  Millis timeout_;
  Timer timer_;
  Done<std::unique_ptr<Stream>> done_;
};

}  // namespace pawl
