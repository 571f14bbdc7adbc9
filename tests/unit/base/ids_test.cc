#include "common/base/ids.h"

#include <gtest/gtest.h>

#include "common/base/time_format.h"

namespace pawl {
namespace {

const WallTime kTen = *parse_rfc3339("2026-11-20T10:00:00.123Z");

TEST(Uuid, ParsesOnlyTheLongFormInEitherCase) {
  const std::string text = "01932f6b-0000-7abc-8def-0123456789ab";
  ASSERT_TRUE(Uuid::parse(text).has_value());
  EXPECT_EQ(Uuid::parse(text)->to_string(), text);
  EXPECT_EQ(Uuid::parse("01932F6B-0000-7ABC-8DEF-0123456789AB")->to_string(), text);
  for (const char* bad : {"", "01932f6b00007abc8def0123456789ab", "{01932f6b-0000-7abc-8def-0123456789a}",
                          "01932f6b-0000-7abc-8def-0123456789ag", "01932f6b-0000-7abc-8def-0123456789ab0",
                          "01932f6b-0000-7abc-8def_0123456789ab", "01932f6b0-000-7abc-8def-0123456789ab"}) {
    EXPECT_FALSE(Uuid::parse(bad).has_value()) << bad;
  }
}

TEST(UuidGenerator, MakesVersion7OfTheGivenTime) {
  SeededRng rng(1);
  UuidGenerator generator(rng);
  const Uuid id = generator.next(kTen);
  EXPECT_EQ(id.bytes[6] >> 4, 7);
  EXPECT_EQ(id.bytes[8] >> 6, 2);
  EXPECT_EQ(uuid_time(id), kTen);
}

TEST(UuidGenerator, StrictlyIncreasesInOneMillisecondAndWhenTheClockGoesBack) {
  SeededRng rng(1);
  UuidGenerator generator(rng);
  Uuid last = generator.next(kTen);
  for (int i = 0; i < 20'000; ++i) {
    const Uuid id = generator.next(i % 3 == 0 ? kTen - std::chrono::hours(1) : kTen);
    ASSERT_LT(last, id) << i;
    ASSERT_EQ(id.bytes[6] >> 4, 7);
    last = id;
  }
  EXPECT_LT(uuid_time(last) - kTen, Millis(10));
  const Uuid later = generator.next(kTen + Millis(50));
  EXPECT_LT(last, later);
  EXPECT_EQ(uuid_time(later), kTen + Millis(50));
}

TEST(Uuid, FloorIsTheLeastIdOfItsMillisecond) {
  SeededRng rng(2);
  for (int i = 0; i < 1000; ++i) {
    UuidGenerator generator(rng);
    const Uuid id = generator.next(kTen);
    ASSERT_LE(uuid_floor(kTen), id);
    ASSERT_LT(id, uuid_floor(kTen + Millis(1)));
  }
  EXPECT_EQ(uuid_time(uuid_floor(kTen + Micros(900))), kTen);
}

}  // namespace
}  // namespace pawl
