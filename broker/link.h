// Keeps one connection to the broker up, for ever: connects, tells its users, and starts again with full
// jitter when it is lost.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "broker/connection.h"
#include "common/base/log.h"
#include "common/base/rng.h"
#include "common/loop/loop.h"
#include "common/loop/timer.h"

namespace pawl::broker {

/// Delay before reconnect `attempt` (from 0): uniform in [0, min(kReconnectCap, kReconnectBase * 2^attempt)).
/// `jitter` lies in [0, 1). Source: "full jitter", AWS Architecture Blog.
Millis reconnect_delay(int attempt, double jitter);

struct LinkHandler {
  /// A new connection is open. Valid until on_down.
  std::function<void(Connection&)> on_up;
  /// The connection of the last on_up is gone; its channels were closed just before. Never without an on_up.
  std::function<void(const Error&)> on_down;
  std::function<void(bool is_blocked)> on_blocked;
};

class Link {
 public:
  Link(Loop& loop, Rng& rng, const Log& log, ConnectionOptions options, LinkHandler handler);
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  void start();
  /// Says goodbye to the broker and stays down; `done` when the connection is gone.
  void stop(std::function<void()> done);
  /// Drops the connection and makes a new one after a jittered delay.
  void restart();

  /// The open connection, or nullptr.
  [[nodiscard]] Connection* connection();
  [[nodiscard]] std::uint64_t reconnects() const { return ups_ == 0 ? 0 : ups_ - 1; }
  /// Time spent in connection.blocked, the present spell included.
  [[nodiscard]] Millis blocked_for() const;
  [[nodiscard]] bool is_blocked() const { return blocked_; }
  /// Why it is down; empty code when it is up or was not tried yet.
  [[nodiscard]] const Error& last_error() const { return last_error_; }

 private:
  void connect();
  void opened();
  void closed(const Error& error);
  void set_blocked(bool blocked);

  Loop& loop_;
  Rng& rng_;
  const Log log_;
  const ConnectionOptions options_;
  const LinkHandler handler_;
  std::unique_ptr<Connection> connection_;
  Timer retry_;
  bool is_up_ = false;
  bool is_stopping_ = false;
  bool blocked_ = false;
  int attempt_ = 0;
  std::uint64_t ups_ = 0;
  MonoTime up_since_{};
  Millis blocked_total_{0};
  MonoTime blocked_since_{};
  Error last_error_{};
  std::function<void()> on_stopped_;
};

}  // namespace pawl::broker
