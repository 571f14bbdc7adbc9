#include "broker/heartbeat.h"

#include <algorithm>

namespace pawl::broker {

Millis negotiate_heartbeat(Millis ours, Millis theirs) {
  if (ours.count() == 0 || theirs.count() == 0) return std::max(ours, theirs);
  return std::min(ours, theirs);
}

HeartbeatJudge::Verdict HeartbeatJudge::tick(MonoTime now) {
  const bool was_away = now - ticked_ > interval_;
  ticked_ = now;
  if (was_away) received_ = now;
  const int patience = blocked_ ? 6 : 2;
  if (now - received_ >= interval_ * patience) return Verdict::kDead;
  // Half an interval minus a little: a tick that is a millisecond early by the clock must not skip a whole
  // turn.
  if (now - sent_ >= interval_ / 2 - interval_ / 20) return Verdict::kSend;
  return Verdict::kQuiet;
}

}  // namespace pawl::broker
