// Hears some keys of one topic exchange through a queue that lives with its connection. What is sent while
// the connection is away is lost: these messages are hints, the truth is in Postgres.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "broker/connection.h"
#include "broker/counters.h"
#include "common/json/value.h"
#include "common/loop/loop.h"

namespace pawl::broker {

class TopicInbox {
 public:
  using Handler = std::function<void(const json::Value&)>;
  /// `on_listening` is called each time the bindings stand again after a loss (not for the first time).
  TopicInbox(std::string exchange, BusCounters& counters, std::function<void()> on_listening);

  void attach(Connection& connection);
  [[nodiscard]] bool is_attached() const { return channel_ != nullptr; }
  /// One handler a key; a second one replaces the first.
  void listen(const std::string& key, Handler handler);
  void forget(const std::string& key);
  /// Called when the channel broke or the queue was deleted while the connection lives.
  void on_missing(std::function<void(const Error&)> handler) { on_missing_ = std::move(handler); }

 private:
  void open_when_needed();
  void declared(const std::string& queue);
  void on_message(const Message& message);
  void on_channel_closed(const Error& error);

  const std::string exchange_;
  BusCounters& counters_;
  const std::function<void()> on_listening_;
  std::function<void(const Error&)> on_missing_;
  Connection* connection_ = nullptr;
  Channel* channel_ = nullptr;
  std::string queue_;  // empty until it is declared
  bool was_listening_ = false;
  std::map<std::string, Handler, std::less<>> handlers_;
};

}  // namespace pawl::broker
