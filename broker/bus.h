// AmqpBus sends and hears the transient messages of pawl.control and pawl.events: sending without confirms on
// the publish connection, hearing on the consume connection.
#pragma once

#include <functional>
#include <string>

#include "broker/connection.h"
#include "broker/counters.h"
#include "broker/ports.h"
#include "broker/topic_inbox.h"

namespace pawl::broker {

class AmqpBus final : public Bus {
 public:
  /// `on_missing` as in AmqpConsumer, for either connection: attach what is not attached.
  explicit AmqpBus(std::function<void(const Error&)> on_missing);

  void attach_sender(Connection& connection);
  [[nodiscard]] bool has_sender() const { return channel_ != nullptr; }
  void attach_listeners(Connection& connection);

  void send_control(const std::string& key, const json::Value& message) override;
  void listen_control(const std::string& key, std::function<void(const json::Value&)> handler) override;
  void send_event(const std::string& exec_id, const json::Value& event) override;
  void watch(const std::string& exec_id, std::function<void(const json::Value&)> handler) override;
  void unwatch(const std::string& exec_id) override;
  void on_resubscribed(std::function<void()> handler) override { on_resubscribed_ = std::move(handler); }

  [[nodiscard]] const BusCounters& counters() const { return counters_; }

 private:
  void send(std::string_view exchange, const std::string& key, const json::Value& message);

  BusCounters counters_;
  std::function<void()> on_resubscribed_;
  const std::function<void(const Error&)> on_missing_;
  Connection* sender_ = nullptr;
  Channel* channel_ = nullptr;
  TopicInbox control_;
  TopicInbox events_;
};

}  // namespace pawl::broker
