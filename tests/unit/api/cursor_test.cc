// Cursors can't be forged, changed or borrowed.
#include "api/cursor.h"

#include <gtest/gtest.h>

namespace pawl::api {
namespace {

const Uuid kTenant = *Uuid::parse("01900000-0000-7000-8000-000000000001");
const Uuid kOther = *Uuid::parse("01900000-0000-7000-8000-000000000002");

TEST(Cursor, ComesBackForItsTenantAndList) {
  const CursorCodec codec("a secret");
  for (const std::string& position :
       {std::string("x"), std::string("01900000-0000-7000-8000-000000000001"), std::string("a\0b", 3)}) {
    const std::string cursor = codec.encode(kTenant, "executions", position);
    EXPECT_EQ(codec.decode(kTenant, "executions", cursor), position);
    EXPECT_EQ(cursor.find_first_of("+/=&?% "), std::string::npos) << "fits a URL";
  }
}

TEST(Cursor, IsNoneOfAnotherTenantListOrSecret) {
  const CursorCodec codec("a secret");
  const std::string cursor = codec.encode(kTenant, "executions", "5");
  EXPECT_FALSE(codec.decode(kOther, "executions", cursor));
  EXPECT_FALSE(codec.decode(kTenant, "tasks", cursor));
  EXPECT_FALSE(CursorCodec("another").decode(kTenant, "executions", cursor));
  EXPECT_EQ(CursorCodec("a secret").decode(kTenant, "executions", cursor), "5");
}

TEST(Cursor, EveryFlippedBitIsSeen) {
  const CursorCodec codec("a secret");
  const std::string cursor = codec.encode(kTenant, "executions", "01900000-0000-7000-8000-000000000001");
  for (std::size_t i = 0; i < cursor.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string flipped = cursor;
      flipped[i] = static_cast<char>(flipped[i] ^ (1 << bit));
      EXPECT_FALSE(codec.decode(kTenant, "executions", flipped)) << i << " " << bit;
    }
  }
  for (std::size_t length = 0; length < cursor.size(); ++length)
    EXPECT_FALSE(codec.decode(kTenant, "executions", cursor.substr(0, length)));
  EXPECT_FALSE(codec.decode(kTenant, "executions", cursor + "A"));
}

}  // namespace
}  // namespace pawl::api
