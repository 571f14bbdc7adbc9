#include "broker/codec.h"

#include <algorithm>
#include <array>

#include "broker/frame.h"
#include "broker/limits.h"
#include "common/base/assert.h"

namespace pawl::broker {
namespace {

constexpr std::size_t kPoolPage = 4096;
constexpr std::size_t kHeaderPrefix = 12;  // class, weight, body size

tl::unexpected<Error> protocol_error(std::string why) {
  return fail(ErrorKind::kUnavailable, "protocol_error", "the broker broke the protocol: " + std::move(why));
}

/// The methods a broker sends. Decoding others would be work for nothing and a door for deep tables.
constexpr std::array kFromBroker{
    AMQP_CONNECTION_START_METHOD,    AMQP_CONNECTION_SECURE_METHOD,    AMQP_CONNECTION_TUNE_METHOD,
    AMQP_CONNECTION_OPEN_OK_METHOD,  AMQP_CONNECTION_CLOSE_METHOD,     AMQP_CONNECTION_CLOSE_OK_METHOD,
    AMQP_CONNECTION_BLOCKED_METHOD,  AMQP_CONNECTION_UNBLOCKED_METHOD, AMQP_CHANNEL_OPEN_OK_METHOD,
    AMQP_CHANNEL_FLOW_METHOD,        AMQP_CHANNEL_CLOSE_METHOD,        AMQP_CHANNEL_CLOSE_OK_METHOD,
    AMQP_EXCHANGE_DECLARE_OK_METHOD, AMQP_QUEUE_DECLARE_OK_METHOD,     AMQP_QUEUE_BIND_OK_METHOD,
    AMQP_QUEUE_UNBIND_OK_METHOD,     AMQP_QUEUE_PURGE_OK_METHOD,       AMQP_QUEUE_DELETE_OK_METHOD,
    AMQP_BASIC_QOS_OK_METHOD,        AMQP_BASIC_CONSUME_OK_METHOD,     AMQP_BASIC_CANCEL_METHOD,
    AMQP_BASIC_CANCEL_OK_METHOD,     AMQP_BASIC_RETURN_METHOD,         AMQP_BASIC_DELIVER_METHOD,
    AMQP_BASIC_ACK_METHOD,           AMQP_BASIC_NACK_METHOD,           AMQP_CONFIRM_SELECT_OK_METHOD};

/// Copies `raw` (flags and properties) without the headers table into `flat`. False when it is malformed.
bool strip_headers(std::string_view raw, std::string& flat) {
  if (raw.size() < 2) return false;
  const std::uint16_t flags = read_u16(raw);
  if ((flags & 1) != 0) return false;  // a second flag word: no property of basic needs one
  std::size_t at = 2;
  for (const unsigned flag :
       {unsigned{AMQP_BASIC_CONTENT_TYPE_FLAG}, unsigned{AMQP_BASIC_CONTENT_ENCODING_FLAG}}) {
    if ((flags & flag) == 0) continue;
    if (at >= raw.size()) return false;
    at += 1 + static_cast<std::size_t>(static_cast<unsigned char>(raw[at]));
    if (at > raw.size()) return false;
  }
  flat.clear();
  append_u16(flat, static_cast<std::uint16_t>(flags & ~unsigned{AMQP_BASIC_HEADERS_FLAG}));
  flat.append(raw.substr(2, at - 2));
  if ((flags & AMQP_BASIC_HEADERS_FLAG) != 0) {
    if (raw.size() - at < 4) return false;
    const std::size_t size = read_u32(raw.substr(at));
    if (raw.size() - at - 4 < size) return false;
    at += 4 + size;
  }
  flat.append(raw.substr(at));
  return true;
}

}  // namespace

amqp_bytes_t to_bytes(std::string_view text) {
  amqp_bytes_t bytes;
  bytes.len = text.size();
  bytes.bytes =
      const_cast<char*>(text.data());  // librabbitmq has one type for in and out; it only reads these
  return bytes;
}

std::string_view to_view(amqp_bytes_t bytes) {
  return bytes.len == 0 ? std::string_view{}
                        : std::string_view(static_cast<const char*>(bytes.bytes), bytes.len);
}

Decoder::Decoder() { init_amqp_pool(&pool_, kPoolPage); }
Decoder::~Decoder() { empty_amqp_pool(&pool_); }

Result<Method> Decoder::decode_method(std::string_view payload) {
  if (payload.size() < 4) return protocol_error("a method frame without a method");
  Method method;
  method.id = read_u32(payload);
  if (std::find(kFromBroker.begin(), kFromBroker.end(), method.id) == kFromBroker.end()) {
    return protocol_error("unexpected method " + std::to_string(method.id >> 16) + "." +
                          std::to_string(method.id & 0xffff));
  }
  recycle_amqp_pool(&pool_);
  if (amqp_decode_method(method.id, &pool_, to_bytes(payload.substr(4)), &method.fields) != AMQP_STATUS_OK) {
    return protocol_error("a method that does not decode");
  }
  return method;
}

Result<std::uint64_t> Decoder::decode_header(std::string_view payload, MessageProperties& properties) {
  if (payload.size() < kHeaderPrefix + 2) return protocol_error("a short content header");
  if (read_u16(payload) != AMQP_BASIC_CLASS) return protocol_error("content of a class that has none");
  if (!strip_headers(payload.substr(kHeaderPrefix), flat_)) return protocol_error("malformed properties");
  recycle_amqp_pool(&pool_);
  void* decoded = nullptr;
  if (amqp_decode_properties(AMQP_BASIC_CLASS, &pool_, to_bytes(flat_), &decoded) != AMQP_STATUS_OK) {
    return protocol_error("properties that do not decode");
  }
  const auto& basic = *static_cast<const amqp_basic_properties_t*>(decoded);
  properties = {};
  if ((basic._flags & AMQP_BASIC_CONTENT_TYPE_FLAG) != 0)
    properties.content_type = to_view(basic.content_type);
  if ((basic._flags & AMQP_BASIC_CORRELATION_ID_FLAG) != 0)
    properties.correlation_id = to_view(basic.correlation_id);
  if ((basic._flags & AMQP_BASIC_MESSAGE_ID_FLAG) != 0) properties.message_id = to_view(basic.message_id);
  if ((basic._flags & AMQP_BASIC_REPLY_TO_FLAG) != 0) properties.reply_to = to_view(basic.reply_to);
  return read_u64(payload.substr(4));
}

void append_method(std::string& out, std::uint16_t channel, amqp_method_number_t id, const void* fields) {
  std::array<char, kMethodScratch> scratch;  // NOLINT: filled by the encoder
  const int size =
      amqp_encode_method(id, const_cast<void*>(fields), amqp_bytes_t{scratch.size(), scratch.data()});
  PAWL_ASSERT(size >= 0, "every method we send fits the scratch buffer");
  out.push_back(static_cast<char>(FrameType::kMethod));
  append_u16(out, channel);
  append_u32(out, static_cast<std::uint32_t>(size) + 4);
  append_u32(out, id);
  out.append(scratch.data(), static_cast<std::size_t>(size));
  out.push_back(static_cast<char>(AMQP_FRAME_END));
}

void append_message(std::string& out, std::uint16_t channel, std::uint32_t frame_max,
                    const OutgoingMessage& message) {
  amqp_basic_publish_t publish{};
  publish.exchange = to_bytes(message.exchange);
  publish.routing_key = to_bytes(message.routing_key);
  publish.mandatory = message.mandatory ? 1 : 0;
  append_method(out, channel, AMQP_BASIC_PUBLISH_METHOD, &publish);

  amqp_basic_properties_t properties{};
  properties._flags = AMQP_BASIC_CONTENT_TYPE_FLAG | AMQP_BASIC_DELIVERY_MODE_FLAG;
  properties.content_type = to_bytes(message.content_type);
  properties.delivery_mode = message.persistent ? 2 : 1;
  if (!message.message_id.empty()) {
    properties._flags |= AMQP_BASIC_MESSAGE_ID_FLAG;
    properties.message_id = to_bytes(message.message_id);
  }
  if (!message.correlation_id.empty()) {
    properties._flags |= AMQP_BASIC_CORRELATION_ID_FLAG;
    properties.correlation_id = to_bytes(message.correlation_id);
  }
  if (!message.reply_to.empty()) {
    properties._flags |= AMQP_BASIC_REPLY_TO_FLAG;
    properties.reply_to = to_bytes(message.reply_to);
  }
  std::array<char, kMethodScratch> scratch;  // NOLINT: filled by the encoder
  const int size =
      amqp_encode_properties(AMQP_BASIC_CLASS, &properties, amqp_bytes_t{scratch.size(), scratch.data()});
  PAWL_ASSERT(size >= 0, "the properties we send fit the scratch buffer");
  out.push_back(static_cast<char>(FrameType::kHeader));
  append_u16(out, channel);
  append_u32(out, static_cast<std::uint32_t>(kHeaderPrefix) + static_cast<std::uint32_t>(size));
  append_u16(out, AMQP_BASIC_CLASS);
  append_u16(out, 0);
  append_u64(out, message.body.size());
  out.append(scratch.data(), static_cast<std::size_t>(size));
  out.push_back(static_cast<char>(AMQP_FRAME_END));

  const std::size_t most = frame_max - kFrameOverhead;
  for (std::string_view rest = message.body; !rest.empty(); rest.remove_prefix(std::min(most, rest.size()))) {
    append_frame(out, FrameType::kBody, channel, rest.substr(0, most));
  }
}

}  // namespace pawl::broker
