#include "broker/channel.h"

#include <algorithm>

#include "broker/connection.h"

namespace pawl::broker {
namespace {

tl::unexpected<Error> protocol_error(std::string why) {
  return fail(ErrorKind::kUnavailable, "protocol_error", "the broker broke the protocol: " + std::move(why));
}

}  // namespace

Channel::Channel(Connection& connection, std::uint16_t number, std::uint64_t generation,
                 ChannelHandler handler)
    : connection_(connection), number_(number), generation_(generation), handler_(std::move(handler)) {}

void Channel::call(amqp_method_number_t id, const void* fields, amqp_method_number_t reply_id,
                   Reply on_reply) {
  if (state_ != State::kOpen || !connection_.is_open()) {
    connection_.post([reply = std::move(on_reply)] {
      reply(fail(ErrorKind::kUnavailable, "channel_closed", "the channel to the broker is closed"));
    });
    return;
  }
  calls_.push_back({reply_id, std::move(on_reply)});
  append_method(connection_.out(), number_, id, fields);
  connection_.touched();
}

void Channel::send(amqp_method_number_t id, const void* fields) {
  if (state_ != State::kOpen || !connection_.is_open()) return;
  append_method(connection_.out(), number_, id, fields);
  connection_.touched();
}

void Channel::publish(const OutgoingMessage& message) {
  if (state_ != State::kOpen || !connection_.is_open()) return;
  append_message(connection_.out(), number_, connection_.frame_max(), message);
  connection_.touched();
}

void Channel::publish_raw(std::string_view exchange, std::string_view routing_key, std::string_view header,
                          std::string_view body) {
  if (state_ != State::kOpen || !connection_.is_open()) return;
  std::string& out = connection_.out();
  amqp_basic_publish_t publish{};
  publish.exchange = to_bytes(exchange);
  publish.routing_key = to_bytes(routing_key);
  publish.mandatory = 1;
  append_method(out, number_, AMQP_BASIC_PUBLISH_METHOD, &publish);
  // Class, weight, size, properties; the size is that of the body kept, which may be shorter than what was
  // sent.
  std::string copy;
  copy.append(header.substr(0, 4));
  append_u64(copy, body.size());
  copy.append(header.substr(12));
  append_frame(out, FrameType::kHeader, number_, copy);
  const std::size_t most = connection_.frame_max() - kFrameOverhead;
  for (; !body.empty(); body.remove_prefix(std::min(most, body.size()))) {
    append_frame(out, FrameType::kBody, number_, body.substr(0, most));
  }
  connection_.touched();
}

void Channel::close() {
  if (state_ != State::kOpen) return;
  amqp_channel_close_t fields{};
  fields.reply_code = AMQP_REPLY_SUCCESS;
  fields.reply_text = to_bytes("done");
  send(AMQP_CHANNEL_CLOSE_METHOD, &fields);
  state_ = State::kClosing;  // the handlers stay (one may be running) but are called no more
}

Result<void> Channel::handle(const Frame& frame, Decoder& decoder) {
  switch (frame.type) {
    case FrameType::kMethod: {
      if (expect_ != Expect::kMethod) return protocol_error("a method inside a message");
      const Method method = TRY(decoder.decode_method(frame.payload));
      return handle_method(method);
    }
    case FrameType::kHeader: return handle_header(frame.payload, decoder);
    case FrameType::kBody: return handle_body(frame.payload);
    case FrameType::kHeartbeat: break;
  }
  return protocol_error("a heartbeat on a channel");
}

Result<void> Channel::handle_method(const Method& method) {
  switch (method.id) {
    case AMQP_BASIC_DELIVER_METHOD: begin_delivery(method.as<amqp_basic_deliver_t>()); return {};
    case AMQP_BASIC_RETURN_METHOD: begin_return(method.as<amqp_basic_return_t>()); return {};
    case AMQP_BASIC_ACK_METHOD: {
      const auto& ack = method.as<amqp_basic_ack_t>();
      if (is_open() && handler_.on_confirm) handler_.on_confirm(ack.delivery_tag, ack.multiple != 0, false);
      return {};
    }
    case AMQP_BASIC_NACK_METHOD: {
      const auto& nack = method.as<amqp_basic_nack_t>();
      if (is_open() && handler_.on_confirm) handler_.on_confirm(nack.delivery_tag, nack.multiple != 0, true);
      return {};
    }
    case AMQP_BASIC_CANCEL_METHOD:
      if (is_open() && handler_.on_cancel)
        handler_.on_cancel(to_view(method.as<amqp_basic_cancel_t>().consumer_tag));
      return {};
    case AMQP_CHANNEL_FLOW_METHOD: {
      // RabbitMQ has not sent it since 2.0; the answer is due all the same.
      amqp_channel_flow_ok_t answer{};
      answer.active = method.as<amqp_channel_flow_t>().active;
      send(AMQP_CHANNEL_FLOW_OK_METHOD, &answer);
      return {};
    }
    case AMQP_CHANNEL_CLOSE_METHOD: closed_by_broker(method.as<amqp_channel_close_t>()); return {};
    case AMQP_CHANNEL_CLOSE_OK_METHOD:
      if (state_ != State::kClosing) return protocol_error("channel.close-ok without a close");
      shut(Error{ErrorKind::kCancelled, "closed", "the channel was closed"});
      return {};
    default: return handle_reply(method);
  }
}

Result<void> Channel::handle_reply(const Method& method) {
  // Not always the front: RabbitMQ sends consume-ok and cancel-ok of quorum queues on a turn of its own,
  // behind the answers of later calls. Those of one kind stay in order.
  const auto found = std::find_if(calls_.begin(), calls_.end(),
                                  [&method](const PendingCall& call) { return call.reply_id == method.id; });
  if (found == calls_.end()) {
    if (state_ == State::kClosing) return {};  // an answer that crossed our close
    return protocol_error("an answer nobody asked for");
  }
  const PendingCall call = std::move(*found);
  calls_.erase(found);
  call.on_reply(method);
  return {};
}

void Channel::begin_delivery(const amqp_basic_deliver_t& deliver) {
  message_.tag = deliver.delivery_tag;
  message_.redelivered = deliver.redelivered != 0;
  message_.consumer_tag.assign(to_view(deliver.consumer_tag));
  message_.exchange.assign(to_view(deliver.exchange));
  message_.routing_key.assign(to_view(deliver.routing_key));
  message_.reply_code = 0;
  is_return_ = false;
  expect_ = Expect::kHeader;
}

void Channel::begin_return(const amqp_basic_return_t& returned) {
  message_.tag = 0;
  message_.redelivered = false;
  message_.consumer_tag.clear();
  message_.exchange.assign(to_view(returned.exchange));
  message_.routing_key.assign(to_view(returned.routing_key));
  message_.reply_code = returned.reply_code;
  is_return_ = true;
  expect_ = Expect::kHeader;
}

Result<void> Channel::handle_header(std::string_view payload, Decoder& decoder) {
  if (expect_ != Expect::kHeader) return protocol_error("a content header without a message");
  MessageProperties properties;
  message_.body_size = TRY(decoder.decode_header(payload, properties));
  message_.header.assign(payload);
  message_.content_type.assign(properties.content_type);
  message_.message_id.assign(properties.message_id);
  message_.correlation_id.assign(properties.correlation_id);
  message_.reply_to.assign(properties.reply_to);
  message_.body.clear();
  body_seen_ = 0;
  expect_ = Expect::kBody;
  if (message_.body_size == 0) finish_message();
  return {};
}

Result<void> Channel::handle_body(std::string_view payload) {
  if (expect_ != Expect::kBody) return protocol_error("a body frame without a message");
  if (payload.size() > message_.body_size - body_seen_)
    return protocol_error("a body longer than its header says");
  body_seen_ += payload.size();
  const std::size_t room = handler_.max_body - std::min(handler_.max_body, message_.body.size());
  message_.body.append(payload.substr(0, room));
  if (body_seen_ == message_.body_size) finish_message();
  return {};
}

void Channel::finish_message() {
  expect_ = Expect::kMethod;
  const auto& handler = is_return_ ? handler_.on_return : handler_.on_deliver;
  if (is_open() && handler) handler(message_);
}

void Channel::closed_by_broker(const amqp_channel_close_t& close) {
  Error error{ErrorKind::kUnavailable, "channel_error",
              "the broker closed the channel: " + std::to_string(close.reply_code) + " " +
                  std::string(to_view(close.reply_text))};
  if (close.reply_code == AMQP_NOT_FOUND) error.code = "not_found";
  if (close.reply_code == AMQP_PRECONDITION_FAILED) error.code = "precondition_failed";
  amqp_channel_close_ok_t answer{};
  append_method(connection_.out(), number_, AMQP_CHANNEL_CLOSE_OK_METHOD, &answer);
  connection_.touched();
  shut(error);
}

void Channel::batch_end() {
  if (state_ == State::kOpen && handler_.on_batch_end) handler_.on_batch_end();
}

void Channel::shut(const Error& error) {
  if (state_ == State::kClosed) return;
  const bool is_expected = state_ == State::kClosing;
  state_ = State::kClosed;
  const auto calls = std::move(calls_);
  calls_.clear();
  for (const auto& call : calls) call.on_reply(tl::unexpected(error));
  const auto on_close = std::move(handler_.on_close);
  handler_ = {};
  connection_.retire(number_);
  if (on_close && !is_expected) on_close(error);
}

}  // namespace pawl::broker
