// The shared inside of FakeBroker: queues, bindings, faults. Only fake_*.cc include it.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "broker/fake_broker.h"

namespace pawl::broker {

struct FakeMessage {
  std::string message_id;
  std::string body;
  std::string reply_to = {};
  int deliveries = 0;
};

/// What a client gets told by the state.
class FakeClient {
 public:
  virtual ~FakeClient() = default;
  virtual void on_disconnect() {}
  /// Queues or connection changed: take what can be taken.
  virtual void pump() {}
  virtual void on_bus(const std::string& exchange, const std::string& key, const json::Value& message) {
    static_cast<void>(exchange), static_cast<void>(key), static_cast<void>(message);
  }
};

class FakeBroker::State : public std::enable_shared_from_this<State> {
 public:
  explicit State(Later later_fn) : later_(std::move(later_fn)) {}

  /// Runs `fn` after the fault's delay while the state lives.
  void later(std::function<void()> fn, Millis more = Millis{0}) {
    later_(faults.delay + more, std::move(fn));
  }
  /// Lets every client look at the queues on a later turn, once however often it is asked for.
  void wake();
  void put(const std::string& queue, FakeMessage message);
  /// Counts `fault` down; true when it strikes now.
  static bool strikes(int& fault);
  void disconnect();

  FakeFaults faults;
  bool connected = true;
  bool blocked = false;
  std::map<std::string, std::deque<FakeMessage>> queues;
  std::size_t unacked = 0;
  std::vector<TicketMessage> published;
  std::set<FakeClient*> clients;

 private:
  const Later later_;
  bool wake_posted_ = false;
};

std::unique_ptr<TicketConsumer> make_fake_consumer(std::shared_ptr<FakeBroker::State> state,
                                                   std::vector<std::string> lanes);

}  // namespace pawl::broker
