// The way to one client: SSE or WebSocket. A watcher decides what goes out and when; an outlet knows how.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "api/stream/frames.h"
#include "common/http/exchange.h"
#include "common/loop/loop.h"

namespace pawl::api::stream {

/// Why a stream ends.
enum class Farewell : unsigned char { kFinished, kGoingAway, kTooSlow, kRevoked };

class Outlet {
 public:
  virtual ~Outlet() = default;
  virtual void send(Frames& frames) = 0;
  virtual void ping() = 0;
  /// The last call; the client learns why.
  virtual void finish(Farewell why) = 0;
  /// Bytes the client has not taken.
  [[nodiscard]] virtual std::size_t queued() const = 0;
  /// Pings since the last sign of life; 0 where there are no answers to pings.
  [[nodiscard]] virtual int unanswered_pings() const { return 0; }
};

/// Makes the outlet once the watcher is there; `on_gone` is called when the client goes, on a later turn.
using MakeOutlet = std::function<std::unique_ptr<Outlet>(std::function<void()> on_gone)>;

/// Answers 200 text/event-stream. `allow_origin`: for a page of another origin that may read it, or "".
MakeOutlet make_sse(Loop& loop, http::ExchangePtr exchange, std::string allow_origin);
/// Answers 101 with `accept` and takes the connection over.
MakeOutlet make_websocket(Loop& loop, http::ExchangePtr exchange, std::string accept);

}  // namespace pawl::api::stream
