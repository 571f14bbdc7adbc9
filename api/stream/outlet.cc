#include "api/stream/outlet.h"

#include <utility>

#include "api/ws/handshake.h"
#include "api/ws/socket.h"

namespace pawl::api::stream {
namespace {

class SseOutlet final : public Outlet {
 public:
  SseOutlet(Loop& loop, http::ExchangePtr exchange, const std::string& allow_origin,
            std::function<void()> on_gone)
      : exchange_(std::move(exchange)) {
    // On a later turn: the connection that tells it is just being taken apart.
    exchange_->on_abort([&loop, on_gone = std::move(on_gone)] { loop.post(on_gone); });
    http::Response response;
    response.content_type = "text/event-stream";
    response.body = "retry: 1000\n\n";
    response.close = true;
    response.header("Cache-Control", "no-store").header("X-Accel-Buffering", "no");
    if (!allow_origin.empty())
      response.header("Access-Control-Allow-Origin", allow_origin).header("Vary", "Origin");
    exchange_->begin_stream(std::move(response));
  }
  ~SseOutlet() override {
    exchange_->on_abort(nullptr);
    if (!ended_) exchange_->end_stream();
  }

  void send(Frames& frames) override { exchange_->send(frames.sse()); }
  void ping() override { exchange_->send(": ping\n\n"); }
  void finish(Farewell why) override {
    ended_ = true;
    if (why == Farewell::kTooSlow) exchange_->send(sse_event("", "stream.closed", R"({"code":"too_slow"})"));
    if (why == Farewell::kRevoked)
      exchange_->send(sse_event("", "stream.closed", R"({"code":"key_revoked"})"));
    exchange_->end_stream();
  }
  [[nodiscard]] std::size_t queued() const override { return exchange_->queued(); }

 private:
  http::ExchangePtr exchange_;
  bool ended_ = false;
};

class WebSocketOutlet final : public Outlet {
 public:
  WebSocketOutlet(Loop& loop, const http::ExchangePtr& exchange, std::string_view accept,
                  std::function<void()> on_gone) {
    const std::string answer = ws::switching_protocols(accept, exchange->request_id());
    http::Exchange::Taken taken = exchange->take_over();
    taken.stream->write(answer);
    socket_ = std::make_unique<ws::Socket>(
        loop, std::move(taken.stream), std::move(taken.read_ahead), [this] { unanswered_ = 0; },
        std::move(on_gone));
  }

  void send(Frames& frames) override { socket_->send(frames.ws()); }
  void ping() override {
    ++unanswered_;
    socket_->send(ws::ping_frame());
  }
  void finish(Farewell why) override {
    switch (why) {
      case Farewell::kFinished: return socket_->close(ws::CloseCode::kFinished, "finished");
      case Farewell::kGoingAway:
        return socket_->close(ws::CloseCode::kGoingAway, "this process stops; come back");
      case Farewell::kTooSlow:
        return socket_->close(ws::CloseCode::kTryAgainLater, "too slow; resume with after_seq");
      case Farewell::kRevoked: return socket_->close(ws::CloseCode::kPolicy, "key revoked");
    }
  }
  [[nodiscard]] std::size_t queued() const override { return socket_->queued(); }
  [[nodiscard]] int unanswered_pings() const override { return unanswered_; }

 private:
  std::unique_ptr<ws::Socket> socket_;
  int unanswered_ = 0;
};

}  // namespace

MakeOutlet make_sse(Loop& loop, http::ExchangePtr exchange, std::string allow_origin) {
  return [&loop, exchange = std::move(exchange),
          allow_origin = std::move(allow_origin)](std::function<void()> on_gone) {
    return std::make_unique<SseOutlet>(loop, exchange, allow_origin, std::move(on_gone));
  };
}

MakeOutlet make_websocket(Loop& loop, http::ExchangePtr exchange, std::string accept) {
  return [&loop, exchange = std::move(exchange), accept = std::move(accept)](std::function<void()> on_gone) {
    return std::make_unique<WebSocketOutlet>(loop, exchange, accept, std::move(on_gone));
  };
}

}  // namespace pawl::api::stream
