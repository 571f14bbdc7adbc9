#include "broker/bus.h"

#include "broker/topology.h"
#include "common/json/write.h"

namespace pawl::broker {

AmqpBus::AmqpBus(std::function<void(const Error&)> on_missing)
    : on_missing_(std::move(on_missing)),
      control_(std::string(kControlExchange), counters_,
               [this] {
                 if (on_resubscribed_) on_resubscribed_();
               }),
      events_(std::string(kEventsExchange), counters_, [this] {
        if (on_resubscribed_) on_resubscribed_();
      }) {
  control_.on_missing(on_missing_);
  events_.on_missing(on_missing_);
}

void AmqpBus::attach_sender(Connection& connection) {
  ChannelHandler handler;
  handler.on_close = [this](const Error& error) {
    channel_ = nullptr;
    sender_ = nullptr;
    on_missing_(error);
  };
  channel_ = connection.open_channel(std::move(handler));
  sender_ = channel_ == nullptr ? nullptr : &connection;
}

void AmqpBus::attach_listeners(Connection& connection) {
  if (!control_.is_attached()) control_.attach(connection);
  if (!events_.is_attached()) events_.attach(connection);
}

void AmqpBus::send(std::string_view exchange, const std::string& key, const json::Value& message) {
  const bool can_send = channel_ != nullptr && sender_->is_open() && !sender_->is_blocked() &&
                        sender_->outgoing_bytes() < kMaxOutgoingBytes / 2;  // tickets come first
  if (!can_send || key.size() > 255) {
    ++counters_.dropped;
    return;
  }
  const std::string body = json::write(message);
  if (body.size() > kMaxBusBytes) {
    ++counters_.dropped;
    return;
  }
  OutgoingMessage outgoing;
  outgoing.exchange = exchange;
  outgoing.routing_key = key;
  outgoing.body = body;
  channel_->publish(outgoing);
  ++counters_.sent;
}

void AmqpBus::send_control(const std::string& key, const json::Value& message) {
  send(kControlExchange, key, message);
}

void AmqpBus::listen_control(const std::string& key, std::function<void(const json::Value&)> handler) {
  control_.listen(key, std::move(handler));
}

void AmqpBus::send_event(const std::string& exec_id, const json::Value& event) {
  send(kEventsExchange, "exec." + exec_id, event);
}

void AmqpBus::watch(const std::string& exec_id, std::function<void(const json::Value&)> handler) {
  events_.listen("exec." + exec_id, std::move(handler));
}

void AmqpBus::unwatch(const std::string& exec_id) { events_.forget("exec." + exec_id); }

}  // namespace pawl::broker
