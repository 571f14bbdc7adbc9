#include "api/stream/log_watcher.h"

#include <utility>

#include "api/stream/limits.h"
#include "api/stream/registry.h"

namespace pawl::api::stream {
namespace {

class PlainTextOutlet final : public Outlet {
 public:
  PlainTextOutlet(Loop& loop, http::ExchangePtr exchange, std::function<void()> on_gone)
      : exchange_(std::move(exchange)) {
    exchange_->on_abort([&loop, on_gone = std::move(on_gone)] { loop.post(on_gone); });
    http::Response response;
    response.content_type = "text/plain; charset=utf-8";
    response.header("Cache-Control", "no-store").header("X-Content-Type-Options", "nosniff");
    exchange_->begin_stream(std::move(response));
  }
  ~PlainTextOutlet() override {
    exchange_->on_abort(nullptr);
    if (!ended_) exchange_->end_stream();
  }
  void send(Frames& frames) override { exchange_->send(frames.json()); }
  void ping() override {}  // there is no byte that means nothing
  void finish(Farewell) override {
    ended_ = true;
    exchange_->end_stream();
  }
  [[nodiscard]] std::size_t queued() const override { return exchange_->queued(); }

 private:
  http::ExchangePtr exchange_;
  bool ended_ = false;
};

}  // namespace

MakeOutlet make_plain_text(Loop& loop, http::ExchangePtr exchange) {
  return [&loop, exchange = std::move(exchange)](std::function<void()> on_gone) {
    return std::make_unique<PlainTextOutlet>(loop, exchange, std::move(on_gone));
  };
}

LogWatcher::LogWatcher(Registry& registry, const Principal& principal, store::LogReader& logs,
                       LogRequest request)
    : Watcher(registry, principal),
      logs_(logs),
      tenant_(principal.tenant),
      request_(std::move(request)),
      timer_(registry.loop()) {}

void LogWatcher::open(const MakeOutlet& make) {
  attach(make);
  read();
}

void LogWatcher::read() {
  if (has_ended()) return;
  const MonoTime now = registry().loop().now();
  if (outlet().queued() > kRoom) return has_stalled(now) ? finish(Farewell::kTooSlow) : again_in(kRoomLook);
  has_room();
  logs_.read(tenant_, request_.exec_id, request_.path, position_, now + kReadDeadline,
             [weak = weak_from_this()](Result<store::LogPage> page) {
               const auto self = std::static_pointer_cast<LogWatcher>(weak.lock());
               if (self) self->take(std::move(page));
             });
}

void LogWatcher::take(Result<store::LogPage> page) {
  if (has_ended()) return;
  if (!page)
    return page.error().kind == ErrorKind::kNotFound ? finish(Farewell::kFinished) : again_in(kReadRetry);
  for (const store::LogPiece& piece : page->pieces) print(piece);
  if (page->more) return read();
  // The end of a step is stored beside its last lines, not with them: one more look, a little later.
  if (!request_.follow || last_look_) return finish(Farewell::kFinished);
  last_look_ = page->step_ended;
  again_in(last_look_ ? 2 * kLogPoll : kLogPoll);
}

void LogWatcher::print(const store::LogPiece& piece) {
  const bool is_first = position_.part < 0 && position_.epoch == 0;
  const bool is_new = piece.epoch != position_.epoch || piece.attempt != position_.attempt;
  std::string text;
  if (is_new) expected_ = 0;
  if (is_new && !is_first) text = "\n[pawl: attempt " + std::to_string(piece.attempt) + "]\n";
  if (piece.begins > expected_)
    text += "[pawl: " + std::to_string(piece.begins - expected_) + " bytes left out]\n";
  text += piece.body;
  expected_ = piece.begins + static_cast<std::int64_t>(piece.body.size());
  position_ = {piece.epoch, piece.attempt, piece.part};
  Frames frames(std::move(text), "", "");
  outlet().send(frames);
}

}  // namespace pawl::api::stream
