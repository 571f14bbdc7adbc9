#include "broker/link.h"

#include <algorithm>

namespace pawl::broker {

Millis reconnect_delay(int attempt, double jitter) {
  const int doublings = std::clamp(attempt, 0, 16);
  const Millis most = std::min(kReconnectCap, kReconnectBase * (1 << doublings));
  return Millis(static_cast<Millis::rep>(static_cast<double>(most.count()) * jitter));
}

Link::Link(Loop& loop, Rng& rng, const Log& log, ConnectionOptions options, LinkHandler handler)
    : loop_(loop),
      rng_(rng),
      log_(log.with({{"connection", options.name}})),
      options_(std::move(options)),
      handler_(std::move(handler)),
      retry_(loop) {}

void Link::start() {
  if (!connection_ && !is_stopping_) connect();
}

void Link::stop(std::function<void()> done) {
  is_stopping_ = true;
  retry_.stop();
  if (!connection_) {
    loop_.post(std::move(done));
    return;
  }
  on_stopped_ = std::move(done);
  connection_->close();
}

void Link::restart() {
  if (connection_) connection_->close();
}

Connection* Link::connection() { return connection_ && connection_->is_open() ? connection_.get() : nullptr; }

Millis Link::blocked_for() const {
  if (!blocked_) return blocked_total_;
  return blocked_total_ + std::chrono::duration_cast<Millis>(loop_.now() - blocked_since_);
}

void Link::connect() {
  ConnectionHandler handler;
  handler.on_open = [this] { opened(); };
  handler.on_blocked = [this](bool blocked) { set_blocked(blocked); };
  handler.on_close = [this](const Error& error) { closed(error); };
  connection_ = std::make_unique<Connection>(loop_, options_, std::move(handler));
}

void Link::opened() {
  is_up_ = true;
  up_since_ = loop_.now();
  ++ups_;
  last_error_ = {};
  log_.info("broker connection up", {{"url", options_.url.redacted()}});
  if (handler_.on_up) handler_.on_up(*connection_);
}

void Link::closed(const Error& error) {
  set_blocked(false);
  // Once a change of state: a lost connection, a first failure, or another reason than before.
  if (!is_stopping_ && (is_up_ || error.code != last_error_.code)) {
    log_.warn(is_up_ ? "broker connection lost" : "broker not reachable",
              {{"url", options_.url.redacted()}, {"code", error.code}, error_field(error)});
  }
  last_error_ = error;
  const bool was_up = is_up_;
  // A connection that the broker takes and drops at once must not be made anew ten times a second.
  if (was_up && loop_.now() - up_since_ >= kReconnectCap) attempt_ = 0;
  is_up_ = false;
  // This runs inside the connection's last call; it is destroyed on a later turn.
  loop_.post([gone = std::shared_ptr<Connection>(std::move(connection_))] {});
  if (was_up && handler_.on_down) handler_.on_down(error);
  if (is_stopping_) {
    if (on_stopped_) loop_.post(std::move(on_stopped_));
    return;
  }
  retry_.start(reconnect_delay(attempt_++, rng_.unit()), [this] { connect(); });
}

void Link::set_blocked(bool blocked) {
  if (blocked_ == blocked) return;
  if (blocked_) blocked_total_ += std::chrono::duration_cast<Millis>(loop_.now() - blocked_since_);
  blocked_ = blocked;
  blocked_since_ = loop_.now();
  log_.warn(blocked ? "broker takes no publishes" : "broker takes publishes again");
  if (handler_.on_blocked) handler_.on_blocked(blocked);
}

}  // namespace pawl::broker
