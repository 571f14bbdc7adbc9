#include "common/base/time_format.h"

#include <gtest/gtest.h>

namespace pawl {
namespace {

TEST(Rfc3339, WritesUtcWithMilliseconds) {
  EXPECT_EQ(format_rfc3339(WallTime()), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(format_rfc3339(WallTime(Micros(1'795'168'800'123'999))), "2026-11-20T10:00:00.123Z");
  EXPECT_EQ(format_rfc3339(WallTime(Micros(-1))), "1969-12-31T23:59:59.999Z");
}

TEST(Rfc3339, ReadsAnyOffsetAndUpToMicroseconds) {
  const auto ten = parse_rfc3339("2026-11-20T10:00:00Z");
  ASSERT_TRUE(ten.has_value());
  EXPECT_EQ(ten->time_since_epoch().count(), 1'795'168'800'000'000);
  EXPECT_EQ(parse_rfc3339("2026-11-20T12:30:00+02:30"), ten);
  EXPECT_EQ(parse_rfc3339("2026-11-20t04:00:00-06:00"), ten);
  EXPECT_EQ(parse_rfc3339("2026-11-20T10:00:00.000001z"), *ten + Micros(1));
  EXPECT_EQ(parse_rfc3339("2026-11-20T10:00:00.5Z"), *ten + Millis(500));
  EXPECT_EQ(parse_rfc3339("2024-02-29T23:59:60Z"), parse_rfc3339("2024-03-01T00:00:00Z"));
}

TEST(Rfc3339, RefusesEverythingElse) {
  for (const char* bad :
       {"", "2026-11-20", "2026-11-20T10:00Z", "2026-11-20 10:00:00Z", "2026-11-20T10:00:00",
        "2026-13-01T00:00:00Z", "2026-02-29T00:00:00Z", "2026-11-20T24:00:00Z", "2026-11-20T10:60:00Z",
        "2026-11-20T10:00:61Z", "2026-11-20T10:00:00.Z", "2026-11-20T10:00:00.1234567Z",
        "2026-11-20T10:00:00+2:00", "2026-11-20T10:00:00+02:00x", "2026-11-20T10:00:00+24:00",
        "26-11-20T10:00:00Z", "2026-11-20T10:00:00Z "}) {
    EXPECT_FALSE(parse_rfc3339(bad).has_value()) << bad;
  }
}

TEST(Duration, ReadsEveryUnitAndFractions) {
  EXPECT_EQ(parse_duration("250ms"), Millis(250));
  EXPECT_EQ(parse_duration("10s"), Millis(10'000));
  EXPECT_EQ(parse_duration("5m"), Millis(300'000));
  EXPECT_EQ(parse_duration("2h"), Millis(7'200'000));
  EXPECT_EQ(parse_duration("7d"), Millis(604'800'000));
  EXPECT_EQ(parse_duration("1.5s"), Millis(1500));
  EXPECT_EQ(parse_duration("0s"), Millis(0));
  EXPECT_EQ(parse_duration("36525d"), Millis(36525LL * 86'400'000));
}

TEST(Duration, RefusesEverythingElse) {
  for (const char* bad : {"", "s", "10", "-1s", "+1s", "1 s", " 1s", "1S", "1.s", ".5s", "1.2.3s", "1e3s",
                          "1w", "1s2", "36526d", "99999999999999999999d", "0x1s", "1sec"}) {
    EXPECT_FALSE(parse_duration(bad).has_value()) << bad;
  }
}

TEST(Duration, WritesTheLargestUnitThatIsExact) {
  for (const char* text : {"250ms", "90s", "5m", "2h", "7d", "1500ms", "36h", "0s"}) {
    EXPECT_EQ(format_duration(*parse_duration(text)), text);
  }
  EXPECT_EQ(format_duration(Millis(60'000)), "1m");
}

}  // namespace
}  // namespace pawl
