// One AMQP channel of a connection: calls with their answers in order, publishes, and what the broker sends
// unasked. Lives on the loop thread; made by Connection::open_channel and valid until its on_close was
// called.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>

#include "broker/codec.h"
#include "broker/frame.h"
#include "common/base/result.h"

namespace pawl::broker {

class Connection;

/// A message that was delivered or returned, put together from its frames. Lives for the call that gets it.
struct Message {
  std::uint64_t tag = 0;
  bool redelivered = false;
  std::string consumer_tag;
  std::string exchange;
  std::string routing_key;
  std::string header;  ///< payload of the content header as it came, to pass the message on unchanged
  std::string content_type;
  std::string message_id;
  std::string correlation_id;
  std::string reply_to;
  std::string body;              ///< the first `max_body` bytes
  std::uint64_t body_size = 0;   ///< what the sender sent
  std::uint16_t reply_code = 0;  ///< of a return
};

/// All called on the loop, in the order of the broker's frames; any may be empty. A handler may use any
/// channel, but never destroys the connection.
struct ChannelHandler {
  std::function<void(Message&)> on_deliver;
  std::function<void(Message&)> on_return;
  /// basic.ack or basic.nack of our publishes.
  std::function<void(std::uint64_t tag, bool multiple, bool is_nack)> on_confirm;
  /// The broker cancelled a consumer: its queue is gone.
  std::function<void(std::string_view consumer_tag)> on_cancel;
  /// All frames of one read were handled; the moment to act on what came together.
  std::function<void()> on_batch_end;
  /// The channel is gone: closed by the broker (error.code channel_error, the reply text in the message) or
  /// with its connection. The last call; calls without an answer failed just before.
  std::function<void(const Error&)> on_close;
  std::size_t max_body = 65'536;  ///< bytes of a body that are kept
};

class Channel {
 public:
  using Reply = std::function<void(Result<Method>)>;

  Channel(Connection& connection, std::uint16_t number, std::uint64_t generation, ChannelHandler handler);
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  /// Sends a method whose answer is `reply_id`. Calls may be pipelined; answers of one kind come in order.
  /// `on_reply` runs once, never inside this call; with an error when the channel closes first. The Method
  /// lives for that call.
  void call(amqp_method_number_t id, const void* fields, amqp_method_number_t reply_id, Reply on_reply);
  /// Sends a method that has no answer, as basic.ack. Nothing happens on a closed channel.
  void send(amqp_method_number_t id, const void* fields);
  void publish(const OutgoingMessage& message);
  /// Publishes a message as it came: `header` is the payload of its content header, `body` all of its body.
  void publish_raw(std::string_view exchange, std::string_view routing_key, std::string_view header,
                   std::string_view body);
  /// Asks the broker to close it; on_close is not called after this.
  void close();

  [[nodiscard]] bool is_open() const { return state_ == State::kOpen; }
  /// Different for every channel of this process: a tag of an older generation is never settled on a newer
  /// channel.
  [[nodiscard]] std::uint64_t generation() const { return generation_; }
  [[nodiscard]] std::uint16_t number() const { return number_; }

 private:
  friend class Connection;
  enum class State : std::uint8_t { kOpen, kClosing, kClosed };
  enum class Expect : std::uint8_t { kMethod, kHeader, kBody };
  struct PendingCall {
    amqp_method_number_t reply_id;
    Reply on_reply;
  };

  // Called by Connection.
  Result<void> handle(const Frame& frame, Decoder& decoder);
  void batch_end();
  void shut(const Error& error);

  Result<void> handle_method(const Method& method);
  Result<void> handle_reply(const Method& method);
  Result<void> handle_header(std::string_view payload, Decoder& decoder);
  Result<void> handle_body(std::string_view payload);
  void begin_delivery(const amqp_basic_deliver_t& deliver);
  void begin_return(const amqp_basic_return_t& returned);
  void closed_by_broker(const amqp_channel_close_t& close);
  void finish_message();

  Connection& connection_;
  const std::uint16_t number_;
  const std::uint64_t generation_;
  ChannelHandler handler_;
  State state_ = State::kOpen;
  std::deque<PendingCall> calls_;

  // The message that is coming in; its strings keep their capacity.
  Expect expect_ = Expect::kMethod;
  bool is_return_ = false;
  std::uint64_t body_seen_ = 0;
  Message message_;
};

}  // namespace pawl::broker
