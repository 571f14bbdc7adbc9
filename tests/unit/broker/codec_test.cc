#include "broker/codec.h"

#include <gtest/gtest.h>

#include <vector>

#include "broker/frame.h"

namespace pawl::broker {
namespace {

std::vector<std::pair<FrameType, std::string>> frames_of(const std::string& bytes) {
  std::vector<std::pair<FrameType, std::string>> frames;
  FrameReader reader([&frames](const Frame& frame) -> Result<void> {
    frames.emplace_back(frame.type, std::string(frame.payload));
    return {};
  });
  reader.set_frame_max(kFrameMax);
  EXPECT_TRUE(reader.feed(bytes));
  return frames;
}

/// A content header whose headers table is `depth` tables deep.
std::string header_with_nested_tables(int depth) {
  std::string table;
  for (int i = 0; i < depth; ++i) {
    std::string outer("\1kF", 3);
    append_u32(outer, static_cast<std::uint32_t>(table.size()));
    table = outer + table;
  }
  std::string payload;
  append_u16(payload, AMQP_BASIC_CLASS);
  append_u16(payload, 0);
  append_u64(payload, 7);
  append_u16(payload, AMQP_BASIC_HEADERS_FLAG | AMQP_BASIC_MESSAGE_ID_FLAG);
  append_u32(payload, static_cast<std::uint32_t>(table.size()));
  payload += table + "\3abc";
  return payload;
}

TEST(Codec, MethodsComeBackAsTheyWent) {
  amqp_basic_ack_t ack{};
  ack.delivery_tag = 0x0102030405060708;
  ack.multiple = 1;
  std::string bytes;
  append_method(bytes, 7, AMQP_BASIC_ACK_METHOD, &ack);
  const auto frames = frames_of(bytes);
  ASSERT_EQ(frames.size(), 1u);
  Decoder decoder;
  const auto method = decoder.decode_method(frames[0].second);
  ASSERT_TRUE(method);
  EXPECT_EQ(method->id, static_cast<amqp_method_number_t>(AMQP_BASIC_ACK_METHOD));
  EXPECT_EQ(method->as<amqp_basic_ack_t>().delivery_tag, 0x0102030405060708u);
  EXPECT_EQ(method->as<amqp_basic_ack_t>().multiple, 1);
}

TEST(Codec, RefusesMethodsNoBrokerSends) {
  amqp_queue_declare_t declare{};
  std::string bytes;
  append_method(bytes, 1, AMQP_QUEUE_DECLARE_METHOD, &declare);
  Decoder decoder;
  EXPECT_FALSE(decoder.decode_method(frames_of(bytes)[0].second));
  EXPECT_FALSE(decoder.decode_method("abc"));
  EXPECT_FALSE(decoder.decode_method(std::string_view("\0\0\0\0", 4)));
}

TEST(Codec, RefusesAMethodThatIsCutShort) {
  amqp_basic_ack_t ack{};
  std::string bytes;
  append_method(bytes, 1, AMQP_BASIC_ACK_METHOD, &ack);
  const std::string payload = frames_of(bytes)[0].second;
  Decoder decoder;
  for (std::size_t size = 0; size < payload.size(); ++size) {
    EXPECT_FALSE(decoder.decode_method(std::string_view(payload).substr(0, size))) << size;
  }
}

TEST(Codec, SplitsBodiesAtTheFrameMaximum) {
  const std::string body(10'000, 'b');
  OutgoingMessage message;
  message.exchange = "e";
  message.routing_key = "k";
  message.mandatory = true;
  message.persistent = true;
  message.message_id = "id";
  message.correlation_id = "42";
  message.body = body;
  std::string bytes;
  append_message(bytes, 3, 4096, message);
  const auto frames = frames_of(bytes);
  ASSERT_EQ(frames.size(), 5u);
  EXPECT_EQ(frames[0].first, FrameType::kMethod);
  EXPECT_EQ(frames[1].first, FrameType::kHeader);
  std::string joined;
  for (std::size_t i = 2; i < frames.size(); ++i) {
    EXPECT_EQ(frames[i].first, FrameType::kBody);
    EXPECT_LE(frames[i].second.size(), 4088u);
    joined += frames[i].second;
  }
  EXPECT_EQ(joined, body);
  Decoder decoder;
  MessageProperties properties;
  const auto size = decoder.decode_header(frames[1].second, properties);
  ASSERT_TRUE(size);
  EXPECT_EQ(*size, body.size());
  EXPECT_EQ(properties.message_id, "id");
  EXPECT_EQ(properties.correlation_id, "42");
  EXPECT_EQ(properties.content_type, "application/json");
}

TEST(Codec, AnEmptyBodyHasNoBodyFrame) {
  std::string bytes;
  append_message(bytes, 1, 4096, OutgoingMessage{});
  EXPECT_EQ(frames_of(bytes).size(), 2u);
}

TEST(Codec, DoesNotLookIntoHeadersHoweverDeep) {
  Decoder decoder;
  MessageProperties properties;
  for (const int depth : {0, 1, 3, 15'000}) {
    const auto size = decoder.decode_header(header_with_nested_tables(depth), properties);
    ASSERT_TRUE(size) << depth;
    EXPECT_EQ(*size, 7u);
    EXPECT_EQ(properties.message_id, "abc");
  }
}

TEST(Codec, RefusesBrokenContentHeaders) {
  const std::string whole = header_with_nested_tables(1);
  Decoder decoder;
  MessageProperties properties;
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(decoder.decode_header(std::string_view(whole).substr(0, size), properties)) << size;
  }
  std::string other_class = whole;
  other_class[1] = 61;
  EXPECT_FALSE(decoder.decode_header(other_class, properties));
  std::string more_flags = whole;
  more_flags[13] = static_cast<char>(more_flags[13] | 1);
  EXPECT_FALSE(decoder.decode_header(more_flags, properties));
}

}  // namespace
}  // namespace pawl::broker
