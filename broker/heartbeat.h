// When to send a heartbeat and when to give the broker up. Pure: time comes in, a verdict goes out.
#pragma once

#include "common/base/clock.h"

namespace pawl::broker {

/// Negotiated interval of both wishes: the smaller, or the other one where one side says 0 (off).
Millis negotiate_heartbeat(Millis ours, Millis theirs);

/// One per connection. Call `tick` each half interval.
/// The broker is dead after two intervals of silence, with two exceptions in which silence proves nothing:
/// our own loop did not run for an interval (suspended, stopped, starved: what the broker sent still waits in
/// the socket), and the broker said connection.blocked (it stops reading us and may be late itself; three
/// times as long then).
class HeartbeatJudge {
 public:
  enum class Verdict : unsigned char { kQuiet, kSend, kDead };

  HeartbeatJudge(Millis interval, MonoTime now)
      : interval_(interval), received_(now), sent_(now), ticked_(now) {}

  void received(MonoTime now) { received_ = now; }
  void sent(MonoTime now) { sent_ = now; }
  void set_blocked(bool blocked) { blocked_ = blocked; }
  Verdict tick(MonoTime now);
  [[nodiscard]] Millis tick_every() const { return interval_ / 2; }

 private:
  Millis interval_;
  MonoTime received_;
  MonoTime sent_;
  MonoTime ticked_;
  bool blocked_ = false;
};

}  // namespace pawl::broker
