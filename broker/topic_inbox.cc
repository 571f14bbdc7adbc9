#include "broker/topic_inbox.h"

#include "broker/declare.h"
#include "common/json/parse.h"

namespace pawl::broker {

TopicInbox::TopicInbox(std::string exchange, BusCounters& counters, std::function<void()> on_listening)
    : exchange_(std::move(exchange)), counters_(counters), on_listening_(std::move(on_listening)) {}

void TopicInbox::attach(Connection& connection) {
  connection_ = &connection;
  open_when_needed();
}

void TopicInbox::listen(const std::string& key, Handler handler) {
  const bool is_new = handlers_.insert_or_assign(key, std::move(handler)).second;
  if (channel_ == nullptr) return open_when_needed();
  if (is_new && !queue_.empty()) bind_queue(*channel_, queue_, exchange_, key);
}

void TopicInbox::forget(const std::string& key) {
  if (handlers_.erase(key) == 0) return;
  if (channel_ != nullptr && !queue_.empty()) unbind_queue(*channel_, queue_, exchange_, key);
}

void TopicInbox::open_when_needed() {
  if (connection_ == nullptr || channel_ != nullptr || handlers_.empty()) return;
  ChannelHandler handler;
  handler.on_deliver = [this](const Message& message) { on_message(message); };
  handler.on_cancel = [this](std::string_view) {
    channel_->close();
    on_channel_closed({ErrorKind::kUnavailable, "consumer_cancelled", "the queue of this process is gone"});
  };
  handler.on_close = [this](const Error& error) { on_channel_closed(error); };
  handler.max_body = kMaxBusBytes;
  channel_ = connection_->open_channel(std::move(handler));
  if (channel_ == nullptr) return;
  declare_private_queue(*channel_, [this](const Result<std::string>& queue) {
    if (queue) declared(*queue);
  });
}

void TopicInbox::declared(const std::string& queue) {
  queue_ = queue;
  for (const auto& [key, handler] : handlers_) bind_queue(*channel_, queue_, exchange_, key);
  amqp_basic_consume_t consume{};
  consume.queue = to_bytes(queue_);
  consume.no_ack = 1;
  channel_->call(AMQP_BASIC_CONSUME_METHOD, &consume, AMQP_BASIC_CONSUME_OK_METHOD,
                 [this](const Result<Method>& answer) {
                   if (!answer) return;
                   if (was_listening_ && on_listening_) on_listening_();
                   was_listening_ = true;
                 });
}

void TopicInbox::on_message(const Message& message) {
  const auto found = handlers_.find(message.routing_key);
  if (found == handlers_.end()) return;  // a message that crossed our unbind
  if (message.body.size() != message.body_size) {
    ++counters_.malformed;
    return;
  }
  const auto value = json::parse(message.body);
  if (!value) {
    ++counters_.malformed;
    return;
  }
  ++counters_.received;
  const Handler handler = found->second;  // a copy: it may forget itself
  handler(*value);
}

void TopicInbox::on_channel_closed(const Error& error) {
  channel_ = nullptr;
  queue_.clear();
  const bool is_alive = connection_ != nullptr && connection_->is_open();
  if (!is_alive) connection_ = nullptr;
  if (on_missing_) on_missing_(error);
}

}  // namespace pawl::broker
