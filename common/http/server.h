// The HTTP/1.1 server: ordered pipelining, keep-alive, bounded everything, slow clients cut, graceful stop.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "common/base/result.h"
#include "common/base/rng.h"
#include "common/http/exchange.h"
#include "common/http/limits.h"
#include "common/loop/loop.h"
#include "common/loop/stream.h"

namespace pawl::http {

struct ServerStats {
  std::uint64_t connections = 0;  ///< accepted in all
  std::uint64_t requests = 0;
  std::uint64_t bad_requests = 0;
  std::uint64_t slow_clients = 0;  ///< cut for being too slow
  std::size_t open = 0;
  std::size_t in_flight = 0;  ///< requests being answered
};

class Server {
 public:
  virtual ~Server() = default;
  /// Errors as listen_stream. May be called for several addresses.
  virtual Result<std::uint16_t> listen(const ListenOptions& options) = 0;
  /// Stops accepting, lets requests under way end (at most `grace`), closes idle connections; then `done`.
  virtual void stop(Millis grace, std::function<void()> done) = 0;
  [[nodiscard]] virtual const ServerStats& stats() const = 0;
};

/// `application` and `rng` outlive the server.
std::unique_ptr<Server> make_server(Loop& loop, Rng& rng, Application& application,
                                    const Limits& limits = {});

}  // namespace pawl::http
