// `pawl breakers` sends what the operations port takes.
#include <gtest/gtest.h>

#include "api/cli/exit_code.h"
#include "tests/unit/cli/fake_world.h"

namespace pawl::cli {
namespace {

const std::string kBreaker = envelope(200, R"({"tool":"http","target":"a.example:443","state":"open"})");

TEST(Breakers, AnOrderNamesToolAndEndpoint) {
  FakeWorld world;
  world.server.answer("POST /admin/breakers", 200, kBreaker);
  EXPECT_EQ(world.run({"breakers", "open", "http:a.example:443", "--for", "2h", "--reason", "sick"}), 0);
  EXPECT_EQ(*world.last().body,
            R"({"tool":"http","target":"a.example:443","action":"open","for":"2h","reason":"sick"})");
  EXPECT_NE(world.screen.written.find("http:a.example:443 is open"), std::string::npos)
      << world.screen.written;
  for (const auto& [word, action] :
       {std::pair("reset", "reset"), std::pair("disable", "disable"),
        std::pair("metrics-only", "metrics_only"), std::pair("half-open", "half_open")}) {
    FakeWorld other;
    other.server.answer("POST /admin/breakers", 200, kBreaker);
    EXPECT_EQ(other.run({"breakers", word, "http:[::1]:80"}), 0);
    EXPECT_EQ(*other.last().body,
              R"({"tool":"http","target":"[::1]:80","action":")" + std::string(action) + "\"}");
  }
}

TEST(Breakers, ATargetWithoutItsToolIsNotSent) {
  for (const std::string target : {"a.example:443", ":a:1", "a"}) {
    FakeWorld world;
    EXPECT_NE(world.run({"breakers", "open", target}), 0);
    EXPECT_TRUE(world.server.seen.empty());
  }
}

}  // namespace
}  // namespace pawl::cli
