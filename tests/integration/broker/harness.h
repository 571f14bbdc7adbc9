// What the broker's integration tests share: a loop that is driven until something holds, a broker process
// under test, and a bare connection to do to RabbitMQ what Pawl never would.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "broker/broker.h"
#include "broker/connection.h"
#include "common/base/clock.h"
#include "common/base/ids.h"
#include "common/base/log.h"
#include "common/base/rng.h"
#include "common/loop/loop.h"

namespace pawl::broker::testing {

/// Turns the loop until `condition` holds; false when `limit` passed first.
bool run_until(Loop& loop, Millis limit, const std::function<bool()>& condition);
/// Turns the loop for that long.
void run_for(Loop& loop, Millis time);

/// Distinct ids, the same in each run.
Uuid make_id(std::uint64_t number);

/// One AmqpBroker on a loop of its own, acking all it gets unless told otherwise, and what it got.
class Subject {
 public:
  explicit Subject(const std::string& url, std::vector<std::string> consume_lanes = {"default"},
                   Millis heartbeat = Millis{10'000});
  /// Closes politely.
  ~Subject();

  [[nodiscard]] bool ready();
  /// Publishes one ticket and waits for its outcome.
  Result<void> publish(std::uint64_t number, bool resume = false,
                       PriorityClass priority = PriorityClass::kNormal);
  bool until(const std::function<bool()>& condition, Millis limit = Millis{15'000}) {
    return run_until(loop, limit, condition);
  }
  /// Publishes and consumes one ticket, again and again until it works: all is well again.
  bool works(Millis limit = Millis{30'000});

  Loop loop;
  SeededRng rng{1};
  std::unique_ptr<AmqpBroker> broker;
  std::vector<Delivery> got;
  std::vector<std::size_t> batches;
  bool acks = true;

 private:
  std::uint64_t next_probe_ = 1'000'000;
};

/// A bare connection with one channel, driven to completion at each call.
class Bare {
 public:
  explicit Bare(const std::string& url);
  ~Bare();
  void publish(const std::string& exchange, const std::string& key, const std::string& message_id,
               const std::string& body);
  /// Messages ready in a queue, or -1 when it does not exist.
  int depth(const std::string& queue);
  void delete_queue(const std::string& queue);
  void declare_classic_queue(const std::string& queue);
  void purge(const std::string& queue);
  void delete_exchange(const std::string& exchange);

 private:
  Channel* channel();
  void call(amqp_method_number_t id, const void* fields, amqp_method_number_t reply);

  Loop loop_;
  std::unique_ptr<Connection> connection_;
  Channel* channel_ = nullptr;
  bool is_open_ = false;
  bool is_closed_ = false;
};

}  // namespace pawl::broker::testing
