#include "broker/ack_window.h"

namespace pawl::broker {

bool AckWindow::delivered(std::uint64_t tag) {
  if (states_.empty()) first_ = tag;
  if (tag != first_ + states_.size()) return false;
  states_.push_back(State::kOpen);
  ++unacked_;
  return true;
}

bool AckWindow::settle(std::uint64_t tag) {
  if (tag < first_ || tag - first_ >= states_.size()) return false;
  State& state = states_[tag - first_];
  if (state != State::kOpen) return false;
  state = State::kSettled;
  ++settled_;
  return true;
}

void AckWindow::flush(const std::function<void(std::uint64_t, bool)>& ack) {
  if (settled_ == 0) return;
  std::size_t run = 0;     // how many at the front need nothing more
  std::uint64_t last = 0;  // last tag of the run that still needs an ack
  while (run < states_.size() && states_[run] != State::kOpen) {
    if (states_[run] == State::kSettled) {
      last = first_ + run;
      --settled_;
      --unacked_;
    }
    ++run;
  }
  if (last != 0) ack(last, true);
  states_.erase(states_.begin(), states_.begin() + static_cast<std::ptrdiff_t>(run));
  first_ += run;
  for (std::size_t i = 0; settled_ > 0 && i < states_.size(); ++i) {
    if (states_[i] != State::kSettled) continue;
    states_[i] = State::kAcked;
    --settled_;
    --unacked_;
    ack(first_ + i, false);
  }
}

void AckWindow::clear() {
  states_.clear();
  unacked_ = 0;
  settled_ = 0;
}

}  // namespace pawl::broker
