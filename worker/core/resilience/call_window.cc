#include "worker/core/resilience/call_window.h"

#include <algorithm>

namespace pawl::resilience {
namespace {

CallTally one(const CallOutcome& outcome) {
  return {1, outcome.has_failed ? 1 : 0, outcome.was_slow ? 1 : 0};
}

}  // namespace

CallTally& CallTally::operator+=(const CallTally& other) {
  calls += other.calls;
  failed += other.failed;
  slow += other.slow;
  return *this;
}

CallTally& CallTally::operator-=(const CallTally& other) {
  calls -= other.calls;
  failed -= other.failed;
  slow -= other.slow;
  return *this;
}

CallWindow::CallWindow(const WindowSpec& spec)
    : is_counted_(spec.calls > 0),
      capacity_(static_cast<std::size_t>(std::clamp(spec.calls, 1, kMaxWindowCalls))),
      timed_(spec.span) {}

void CallWindow::add(const CallOutcome& outcome, MonoTime now) {
  if (!is_counted_) {
    timed_.add(one(outcome), now);
    return;
  }
  ring_total_ += one(outcome);
  if (ring_.size() < capacity_) {
    ring_.push_back(outcome);
    return;
  }
  ring_total_ -= one(ring_[next_]);
  ring_[next_] = outcome;
  next_ = (next_ + 1) % capacity_;
}

void CallWindow::clear() {
  ring_.clear();
  next_ = 0;
  ring_total_ = {};
  timed_.clear();
}

const CallTally& CallWindow::tally(MonoTime now) {
  if (is_counted_) return ring_total_;
  timed_.trim(now);
  return timed_.total();
}

}  // namespace pawl::resilience
