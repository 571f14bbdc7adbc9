// One request and its one answer, as the application sees them. Outlives its connection: answering a client
// that is gone does nothing. Loop thread only.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "common/http/request.h"
#include "common/http/response.h"
#include "common/loop/stream.h"

namespace pawl::http {

class Exchange {
 public:
  virtual ~Exchange() = default;

  [[nodiscard]] virtual const RequestHead& head() const = 0;
  /// The client's X-Request-Id when it is sane, else a new one. Sent back with every answer.
  [[nodiscard]] virtual const std::string& request_id() const = 0;
  [[nodiscard]] virtual const std::string& peer_address() const = 0;
  /// The whole body; empty until on_request. May be moved from.
  [[nodiscard]] virtual std::string& body() = 0;

  /// In on_head or later, instead of respond: read the body (at most `max_body` bytes, else 413), then
  /// on_request.
  virtual void proceed(std::size_t max_body) = 0;
  /// The answer. Exactly one of respond, begin_stream and take_over per request.
  virtual void respond(Response response) = 0;

  /// An answer whose body comes in pieces; `response.body` is the first. Bounded by the caller through
  /// queued().
  virtual void begin_stream(Response response) = 0;
  virtual void send(std::string_view piece) = 0;
  virtual void end_stream() = 0;
  /// Bytes of the answer that the client has not taken yet.
  [[nodiscard]] virtual std::size_t queued() const = 0;

  /// After an upgrade request: the raw stream, and what was read beyond the head. The connection forgets it.
  struct Taken {
    std::unique_ptr<Stream> stream;
    std::string read_ahead;
  };
  virtual Taken take_over() = 0;

  /// True once the client is gone.
  [[nodiscard]] virtual bool aborted() const = 0;
  /// Called once when the client goes before the answer ended. Replaces an earlier one.
  virtual void on_abort(std::function<void()> fn) = 0;

  /// Whatever the application keeps with this request between on_head and on_request.
  std::shared_ptr<void> context;
};
using ExchangePtr = std::shared_ptr<Exchange>;

/// What answers requests.
class Application {
 public:
  virtual ~Application() = default;
  /// The headers are complete. Call exchange->proceed or give the answer, once, now or later.
  virtual void on_head(const ExchangePtr& exchange) = 0;
  /// The body is complete.
  virtual void on_request(const ExchangePtr& exchange) = 0;
  /// The answer to what could not be parsed.
  virtual Response on_bad_request(int status, std::string_view code, std::string_view message) = 0;
};

}  // namespace pawl::http
