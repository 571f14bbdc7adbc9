#include "broker/frame.h"

#include <gtest/gtest.h>

#include <vector>

namespace pawl::broker {
namespace {

struct Seen {
  FrameType type;
  std::uint16_t channel;
  std::string payload;
  friend bool operator==(const Seen&, const Seen&) = default;
};

struct Collector {
  std::vector<Seen> seen;
  FrameReader reader{[this](const Frame& frame) -> Result<void> {
    seen.push_back({frame.type, frame.channel, std::string(frame.payload)});
    return {};
  }};
};

std::string three_frames() {
  std::string bytes;
  append_frame(bytes, FrameType::kMethod, 1, "abcdef");
  append_frame(bytes, FrameType::kHeartbeat, 0, "");
  append_frame(bytes, FrameType::kBody, 65535, std::string(3000, 'x'));
  return bytes;
}

const std::vector<Seen> kThree{{FrameType::kMethod, 1, "abcdef"},
                               {FrameType::kHeartbeat, 0, ""},
                               {FrameType::kBody, 65535, std::string(3000, 'x')}};

TEST(FrameReader, ReadsWhatWasWritten) {
  Collector collector;
  ASSERT_TRUE(collector.reader.feed(three_frames()));
  EXPECT_EQ(collector.seen, kThree);
  EXPECT_EQ(collector.reader.buffered(), 0u);
}

TEST(FrameReader, DoesNotCareWhereTheStreamIsCut) {
  const std::string bytes = three_frames();
  for (const std::size_t step : {1u, 2u, 3u, 7u, 8u, 13u, 14u, 15u, 100u, 3020u}) {
    Collector collector;
    for (std::size_t at = 0; at < bytes.size(); at += step)
      ASSERT_TRUE(collector.reader.feed(std::string_view(bytes).substr(at, step)));
    EXPECT_EQ(collector.seen, kThree) << "cut each " << step;
    EXPECT_EQ(collector.reader.buffered(), 0u);
  }
}

TEST(FrameReader, RefusesAFrameThatDoesNotEnd) {
  std::string bytes = three_frames();
  bytes[13] = 'x';
  Collector collector;
  const auto fed = collector.reader.feed(bytes);
  ASSERT_FALSE(fed);
  EXPECT_EQ(fed.error().code, "protocol_error");
  EXPECT_TRUE(collector.seen.empty());
}

TEST(FrameReader, RefusesUnknownTypes) {
  for (const int type : {0, 4, 5, 7, 9, 255}) {
    Collector collector;
    const auto fed = collector.reader.feed(std::string(1, static_cast<char>(type)));
    ASSERT_FALSE(fed) << type;
    EXPECT_EQ(fed.error().code, "protocol_error");
  }
}

TEST(FrameReader, NamesABrokerOfAnotherProtocol) {
  Collector collector;
  const auto fed = collector.reader.feed(kProtocolHeader);
  ASSERT_FALSE(fed);
  EXPECT_EQ(fed.error().code, "protocol_mismatch");
}

TEST(FrameReader, RefusesAFrameOverTheLimitAsSoonAsItsHeadIsThere) {
  Collector collector;
  collector.reader.set_frame_max(4096);
  std::string head;
  head.push_back(1);
  append_u16(head, 1);
  append_u32(head, 4096 - 8 + 1);
  const auto fed = collector.reader.feed(head);
  ASSERT_FALSE(fed);
  EXPECT_EQ(fed.error().code, "frame_too_large");

  Collector fits;
  fits.reader.set_frame_max(4096);
  std::string bytes;
  append_frame(bytes, FrameType::kBody, 1, std::string(4096 - 8, 'x'));
  EXPECT_TRUE(fits.reader.feed(bytes));
  EXPECT_EQ(fits.seen.size(), 1u);
}

TEST(FrameReader, StopsAtTheFirstErrorOfItsUser) {
  int calls = 0;
  FrameReader reader([&calls](const Frame&) -> Result<void> {
    ++calls;
    return fail(ErrorKind::kUnavailable, "enough", "enough");
  });
  const auto fed = reader.feed(three_frames());
  ASSERT_FALSE(fed);
  EXPECT_EQ(fed.error().code, "enough");
  EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace pawl::broker
