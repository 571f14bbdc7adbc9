#include "common/base/rng.h"

#include <gtest/gtest.h>

#include <array>

namespace pawl {
namespace {

// First outputs of splitmix64 for the seed 1234567, from its reference implementation.
TEST(SeededRng, IsSplitMix64) {
  SeededRng rng(1234567);
  EXPECT_EQ(rng.next(), 6457827717110365317ull);
  EXPECT_EQ(rng.next(), 3203168211198807973ull);
  EXPECT_EQ(rng.next(), 9817491932198370423ull);
}

TEST(Rng, UnitAndBelowStayInTheirRange) {
  SeededRng rng(7);
  std::array<int, 5> hits{};
  for (int i = 0; i < 10'000; ++i) {
    const double unit = rng.unit();
    ASSERT_GE(unit, 0.0);
    ASSERT_LT(unit, 1.0);
    const std::uint64_t n = rng.below(5);
    ASSERT_LT(n, 5u);
    ++hits[n];
  }
  for (const int count : hits) EXPECT_NEAR(count, 2000, 250);
  EXPECT_EQ(rng.below(0), 0u);
  EXPECT_EQ(rng.below(1), 0u);
}

TEST(SecureRandom, FillsTheWholeSpan) {
  std::array<std::uint8_t, 64> a{}, b{};
  secure_random(a);
  secure_random(b);
  EXPECT_NE(a, b);
}

}  // namespace
}  // namespace pawl
