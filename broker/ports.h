// What the rest of Pawl sees of the broker: publish a ticket, consume tickets, send and hear control and
// events. AmqpBroker implements all of it over two connections; FakeBroker is the in-memory twin.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/base/ids.h"
#include "common/base/result.h"
#include "common/json/value.h"
#include "common/model/status.h"

namespace pawl::broker {

/// Wakes a worker for one execution. Disposable: Postgres is the truth.
struct TicketMessage {
  Uuid exec_id;
  std::uint32_t epoch = 0;
  std::string lane = "default";
  PriorityClass priority = PriorityClass::kNormal;
  bool resume = false;  ///< goes to the lane's resume queue
  std::string traceparent = {};
  std::string reply_to =
      {};  ///< pawl.control key of an API process that waits for the end, or "" (AMQP property reply_to)
};

class TicketPublisher {
 public:
  virtual ~TicketPublisher() = default;
  /// Persistent, mandatory, message_id exec:epoch. `done` after the broker's confirm; kUnavailable when it
  /// was nacked, returned (code unroutable), the connection went, or the bounded outgoing buffer is full
  /// (kOverloaded). Never blocks.
  virtual void publish(TicketMessage ticket, Done<void> done) = 0;
  [[nodiscard]] virtual bool connected() const = 0;
};

/// A delivery to be settled exactly once; settling after the channel is gone is a no-op.
struct Delivery {
  Uuid exec_id;
  std::uint32_t epoch = 0;
  bool resume = false;
  bool redelivered = false;
  std::string traceparent = {};
  std::uint64_t tag = 0;
  std::uint64_t generation = 0;
  std::string lane = {};
  std::string reply_to = {};
};

/// Consumes the queues of some lanes. Malformed messages never get here: they are copied to pawl.quarantine,
/// confirmed, then acked.
class TicketConsumer {
 public:
  virtual ~TicketConsumer() = default;
  /// Deliveries that arrived together, `resume` ones first. Outstanding (unacked) deliveries never exceed the
  /// window.
  virtual void on_deliveries(std::function<void(std::vector<Delivery>)> handler) = 0;
  /// Acks one or many; consecutive tags go out as one multiple ack.
  virtual void ack(const std::vector<Delivery>& deliveries) = 0;
  /// How many more the caller can take now; prefetch follows (architecture §6: min(64, half of it); when it
  /// has fallen to the window, the consumers are cancelled). Deliveries handed over count as taken: lower it,
  /// then ack. Until the first call nothing is consumed.
  virtual void set_free_slots(int free_slots) = 0;
  /// basic.cancel everywhere and keep so; what is outstanding may still be acked.
  virtual void stop() = 0;
};

/// How many messages wait in the queues of a lane (passive declare; deliveries under way are not counted).
struct LaneDepth {
  std::string lane;
  std::int64_t high = 0, normal = 0, low = 0, resume = 0;
  [[nodiscard]] std::int64_t total() const { return high + normal + low + resume; }
};

class LaneDepths {
 public:
  virtual ~LaneDepths() = default;
  /// One answer per lane. Errors: kUnavailable while the broker is away or when it does not answer within 2
  /// s.
  virtual void depths(std::vector<std::string> lanes, Done<std::vector<LaneDepth>> done) = 0;
};

/// Fire-and-forget topics: pawl.control (worker.<id>, all) and pawl.events (exec.<id>).
class Bus {
 public:
  virtual ~Bus() = default;
  virtual void send_control(const std::string& key, const json::Value& message) = 0;
  virtual void listen_control(const std::string& key, std::function<void(const json::Value&)> handler) = 0;
  virtual void send_event(const std::string& exec_id, const json::Value& event) = 0;
  /// Binds `exec.<exec_id>` while the subscription lives.
  virtual void watch(const std::string& exec_id, std::function<void(const json::Value&)> handler) = 0;
  virtual void unwatch(const std::string& exec_id) = 0;
  /// Called when subscriptions stand again after the broker was away: what was sent meanwhile is lost, so
  /// read Postgres.
  virtual void on_resubscribed(std::function<void()> handler) = 0;
};

}  // namespace pawl::broker
