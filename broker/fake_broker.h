// FakeBroker is the in-memory twin of AmqpBroker: the same ports, the same contract suite, and switches for
// what goes wrong. Time is the caller's, so it runs on a loop, in a unit test by hand, or under simulation.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "broker/ports.h"
#include "common/base/clock.h"

namespace pawl::broker {

/// Each number counts down: the next n publishes (or bus messages) meet that fault.
struct FakeFaults {
  int unroutable = 0;
  int nack = 0;
  int lose_message = 0;  ///< confirmed, but gone: the broker lost its data
  int lose_confirm = 0;  ///< queued, but its outcome is kTimeout/confirm_timeout
  int duplicate = 0;     ///< queued twice
  int lose_bus = 0;      ///< control and event messages
  Millis delay{0};       ///< added to each confirm, delivery and bus message
};

class FakeBroker {
 public:
  /// Runs `fn` once, after `delay`, never inside this call.
  using Later = std::function<void(Millis delay, std::function<void()> fn)>;
  explicit FakeBroker(Later later);

  // Clients of the one fake broker. They may outlive it, and die before what they scheduled.
  std::unique_ptr<TicketPublisher> make_publisher();
  std::unique_ptr<TicketConsumer> make_consumer(std::vector<std::string> lanes);
  std::unique_ptr<Bus> make_bus();
  std::unique_ptr<LaneDepths> make_depths();

  [[nodiscard]] FakeFaults& faults();

  /// All connections go: publishes in flight fail, unacked deliveries return to the head of their queues.
  void disconnect();
  void reconnect();
  /// All messages are gone; connections stay.
  void wipe();
  /// connection.blocked: publishes are refused, deliveries go on.
  void set_blocked(bool blocked);
  /// Puts any message into a queue, as a foreign client would.
  void inject(const std::string& queue, const std::string& message_id, const std::string& body);

  /// Ready, not unacked.
  [[nodiscard]] std::size_t depth(const std::string& queue) const;
  [[nodiscard]] std::size_t unacked() const;
  /// Every ticket ever taken, in order, for tests to assert on.
  [[nodiscard]] const std::vector<TicketMessage>& published() const;

  class State;

 private:
  std::shared_ptr<State> state_;
};

}  // namespace pawl::broker
