// AmqpBroker is the broker of one process: two connections, the topology, and the ports of ports.h on top of
// them. It can start with no broker there and comes back by itself for ever.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "broker/counters.h"
#include "broker/ports.h"
#include "common/base/log.h"
#include "common/base/rng.h"
#include "common/loop/loop.h"

namespace pawl::broker {

struct BrokerOptions {
  std::string url;               ///< amqp_url of the configuration
  std::string process = "pawl";  ///< connection name: "<process> publish", "<process> consume"
  std::vector<std::string> lanes = {"default"};  ///< whose queues are declared
  std::vector<std::string> consume_lanes = {};   ///< whose queues are consumed; none in the API
  Millis heartbeat{10'000};                      ///< whole seconds, at least 1
  std::string ca_file = {};                      ///< for amqps; empty = the system's store
};

struct BrokerHealth {
  bool can_publish = false;  ///< connected, topology declared, not blocked
  bool can_consume = false;  ///< connected, topology declared
  bool is_blocked = false;
  std::string last_error;  ///< of what is down; empty otherwise
};

class AmqpBroker {
 public:
  /// Checks the options; connects only at `start`. Errors: those of parse_amqp_url, kInvalid/bad_lane, those
  /// of TlsContext.
  static Result<std::unique_ptr<AmqpBroker>> create(Loop& loop, Rng& rng, const Log& log,
                                                    BrokerOptions options);
  ~AmqpBroker();
  AmqpBroker(const AmqpBroker&) = delete;
  AmqpBroker& operator=(const AmqpBroker&) = delete;

  void start();
  /// Closes both connections politely. Unacked deliveries go back to the broker; waiting publishes fail.
  /// `done` once.
  void stop(std::function<void()> done);

  // Valid while this lives.
  [[nodiscard]] TicketPublisher& publisher();
  [[nodiscard]] TicketConsumer& consumer();
  [[nodiscard]] Bus& bus();
  [[nodiscard]] LaneDepths& depths();

  [[nodiscard]] BrokerHealth health() const;
  [[nodiscard]] BrokerCounters counters() const;
  /// Prefetch of all consumers now; 0 while they are cancelled.
  [[nodiscard]] int consume_window() const;

 private:
  class Wiring;  // keeps amqp*.h out of this header
  explicit AmqpBroker(std::unique_ptr<Wiring> wiring);
  std::unique_ptr<Wiring> wiring_;
};

}  // namespace pawl::broker
