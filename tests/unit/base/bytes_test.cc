#include "common/base/bytes.h"

#include <gtest/gtest.h>

namespace pawl {
namespace {

TEST(Bytes, HashesMatchTheirPublishedVectors) {
  EXPECT_EQ(to_hex(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  // RFC 4231, test case 2
  EXPECT_EQ(to_hex(hmac_sha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(crc32("123456789"), 0xCBF43926u);
  EXPECT_EQ(crc32(""), 0u);
}

TEST(Bytes, HexGoesBothWays) {
  EXPECT_EQ(to_hex(std::string_view("\x00\xff\x10", 3)), "00ff10");
  EXPECT_EQ(from_hex("00Ff10"), std::string("\x00\xff\x10", 3));
  EXPECT_FALSE(from_hex("0").has_value());
  EXPECT_FALSE(from_hex("0g").has_value());
}

// RFC 4648 §10
TEST(Bytes, Base64MatchesTheVectorsOfItsRfc) {
  const std::pair<const char*, const char*> vectors[] = {
      {"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, coded] : vectors) {
    EXPECT_EQ(to_base64(plain), coded);
    EXPECT_EQ(from_base64(coded), plain);
    EXPECT_EQ(from_base64url(to_base64url(plain)), plain);
  }
  EXPECT_EQ(to_base64("\xfb\xff"), "+/8=");
  EXPECT_EQ(to_base64url("\xfb\xff"), "-_8");
}

TEST(Bytes, Base64IsStrict) {
  for (const char* bad :
       {"Zg", "Zg=", "Zg===", "Z===", "====", "Zh==", "Zm9=", "Zm 9", "Zm9\n", "Zg==Zg==", "-_8="}) {
    EXPECT_FALSE(from_base64(bad).has_value()) << bad;
  }
  for (const char* bad : {"Zg==", "A", "Zh", "+/8"}) EXPECT_FALSE(from_base64url(bad).has_value()) << bad;
}

TEST(Bytes, Utf8IsCheckedByTheTableOfItsRfc) {
  for (const char* good :
       {"", "ascii", "0123456789abcdef", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF",
        "\xEE\x80\x80", "\xEF\xBF\xBF", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF", "1234567\xC3\xA9"}) {
    EXPECT_TRUE(is_valid_utf8(good)) << to_hex(good);
  }
  for (const char* bad : {"\x80", "\xBF", "\xC0\x80", "\xC1\xBF", "\xC2", "\xC2\x41", "\xE0\x9F\xBF",
                          "\xED\xA0\x80", "\xED\xBF\xBF", "\xE2\x82", "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80",
                          "\xF5\x80\x80\x80", "\xFF", "12345678\xFF", "1234567\xC3"}) {
    EXPECT_FALSE(is_valid_utf8(bad)) << to_hex(bad);
  }
}

TEST(Bytes, ConstantTimeEqualIsEquality) {
  EXPECT_TRUE(constant_time_equal("abc", "abc"));
  EXPECT_TRUE(constant_time_equal("", ""));
  EXPECT_FALSE(constant_time_equal("abc", "abd"));
  EXPECT_FALSE(constant_time_equal("abc", "ab"));
}

}  // namespace
}  // namespace pawl
