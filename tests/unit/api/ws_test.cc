// Frames and the handshake of the WebSocket server.
#include <gtest/gtest.h>

#include "api/ws/frame.h"
#include "api/ws/handshake.h"

namespace pawl::api::ws {
namespace {

http::RequestHead upgrade_request(std::string version, std::string key) {
  http::RequestHead head;
  head.upgrade = true;
  head.headers.add("Connection", "keep-alive, Upgrade");
  head.headers.add("Upgrade", "WebSocket");
  head.headers.add("Sec-WebSocket-Version", std::move(version));
  head.headers.add("Sec-WebSocket-Key", std::move(key));
  return head;
}

TEST(WebSocketHandshake, AnswersTheKeyOfTheStandard) {
  const auto head = upgrade_request("13", "dGhlIHNhbXBsZSBub25jZQ==");
  ASSERT_TRUE(asks_to_upgrade(head));
  EXPECT_EQ(accept_key(head).value(), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");  // RFC 6455 §1.3
}

TEST(WebSocketHandshake, RefusesOtherVersionsAndBadKeys) {
  EXPECT_EQ(accept_key(upgrade_request("12", "dGhlIHNhbXBsZSBub25jZQ==")).error().code, "upgrade_required");
  EXPECT_EQ(accept_key(upgrade_request("13", "c2hvcnQ=")).error().code, "bad_request");
  EXPECT_EQ(accept_key(upgrade_request("13", "not base64!")).error().code, "bad_request");
  auto twice = upgrade_request("13", "dGhlIHNhbXBsZSBub25jZQ==");
  twice.headers.add("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");
  EXPECT_EQ(accept_key(twice).error().code, "bad_request");
}

TEST(WebSocketHandshake, AnotherUpgradeIsNoWebSocket) {
  http::RequestHead head;
  head.headers.add("Connection", "Upgrade");
  head.headers.add("Upgrade", "h2c");
  EXPECT_FALSE(asks_to_upgrade(head));
  auto posted = upgrade_request("13", "dGhlIHNhbXBsZSBub25jZQ==");
  posted.method = http::Method::kPost;
  EXPECT_FALSE(asks_to_upgrade(posted));
}

TEST(WebSocketFrame, HasTheLengthInTheFormTheStandardAsksFor) {
  EXPECT_EQ(text_frame("hi"), std::string("\x81\x02hi", 4));
  EXPECT_EQ(text_frame(std::string(125, 'a')).size(), 127u);
  EXPECT_EQ(text_frame(std::string(126, 'a')).substr(0, 4), std::string("\x81\x7E\x00\x7E", 4));
  EXPECT_EQ(text_frame(std::string(65535, 'a')).substr(0, 4), std::string("\x81\x7E\xFF\xFF", 4));
  EXPECT_EQ(text_frame(std::string(65536, 'a')).substr(0, 10),
            std::string("\x81\x7F\x00\x00\x00\x00\x00\x01\x00\x00", 10));
  EXPECT_EQ(ping_frame(), std::string("\x89\x00", 2));
}

TEST(WebSocketFrame, ClosesWithACodeAndAShortReason) {
  EXPECT_EQ(close_frame(CloseCode::kFinished, "x"), std::string("\x88\x03\x03\xE8x", 5));
  EXPECT_EQ(close_frame(CloseCode::kPolicy, std::string(500, 'r')).size(), 2u + 125u);
}

TEST(WebSocketFrame, PongsAreToldFromEverythingElse) {
  const std::string pong("\x8A\x80\x01\x02\x03\x04", 6);
  const std::string pong_with_text("\x8A\x81\x01\x02\x03\x04z", 7);
  EXPECT_TRUE(are_only_pongs(pong));
  EXPECT_TRUE(are_only_pongs(pong + pong_with_text));
  EXPECT_FALSE(are_only_pongs(""));
  EXPECT_FALSE(are_only_pongs(pong.substr(0, 5))) << "half a frame";
  EXPECT_FALSE(are_only_pongs(std::string("\x8A\x00", 2))) << "not masked";
  EXPECT_FALSE(are_only_pongs(std::string("\x81\x80\x01\x02\x03\x04", 6))) << "text";
  EXPECT_FALSE(are_only_pongs(std::string("\x0A\x80\x01\x02\x03\x04", 6))) << "not final";
  EXPECT_FALSE(are_only_pongs(pong + "\x81")) << "something after it";
}

}  // namespace
}  // namespace pawl::api::ws
