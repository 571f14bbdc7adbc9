#include "worker/core/resilience/target_map.h"

#include <gtest/gtest.h>

namespace pawl::resilience {
namespace {

TEST(TargetMap, ForgetsTheLeastRecentlyUsedFirst) {
  TargetMap<int> map([] { return 0; }, [](int) { return true; }, 2);
  map.at("a") = 1;
  map.at("b") = 2;
  map.at("a");
  map.at("c") = 3;
  EXPECT_EQ(map.find("b"), nullptr);
  ASSERT_NE(map.find("a"), nullptr);
  EXPECT_EQ(*map.find("a"), 1);
  EXPECT_EQ(map.size(), 2u);
}

TEST(TargetMap, KeepsWhatIsProtectedAsLongAsItCan) {
  TargetMap<int> map([] { return 0; }, [](int value) { return value == 0; }, 2);
  map.at("open") = 1;
  map.at("closed");
  map.at("new");
  EXPECT_NE(map.find("open"), nullptr);
  EXPECT_EQ(map.find("closed"), nullptr);
  map.at("new") = 1;
  map.at("newer");
  EXPECT_EQ(map.size(), 2u);
}

}  // namespace
}  // namespace pawl::resilience
