#include <gtest/gtest.h>

#include "api/cli/checks.h"
#include "common/base/time_format.h"
#include "common/db/migrate.h"
#include "tests/unit/cli/fake_world.h"

namespace pawl::cli {
namespace {

/// Everything is well: a key that may read, a ready API, servers that answer.
struct WellWorld : FakeWorld {
  WellWorld() {
    world.environment["PAWL_POSTGRES_URL"] = "postgresql://u:p@h/d";
    world.environment["PAWL_AMQP_URL"] = "amqp://u:p@127.0.0.1:5672/";
    host.schema = db::migrations().back().number;
    server.answers["GET /api/v0/executions?limit=1"].push_back(
        {200, {{"date", "Fri, 15 Jan 2027 08:00:00 GMT"}}, envelope(200, R"({"items":[]})")});
    server.answer("GET /readyz", 200, R"({"status":"ready","postgres":"ok","broker":"ok"})");
    server.answer("GET /api/v0/keys", 403, refusal(403, "insufficient_scope", "no"));
    files["/sys/fs/cgroup/cgroup.controllers"] = "cpu memory";
  }
  [[nodiscard]] bool says(const std::string& text) const {
    return screen.written.find(text) != std::string::npos;
  }
};

TEST(Doctor, AllIsWell) {
  WellWorld world;
  EXPECT_EQ(world.run({"doctor"}), 0) << world.screen.written;
  EXPECT_FALSE(world.says("warn")) << world.screen.written;
  EXPECT_TRUE(world.says("may exec:read")) << world.screen.written;
  EXPECT_FALSE(world.says("admin:keys"));
}

TEST(Doctor, EachFaultIsNamedWithWhatMendsIt) {
  {
    WellWorld world;
    world.server.down = 1'000;
    EXPECT_EQ(world.run({"doctor"}), 1);
    EXPECT_TRUE(world.says("fail  api")) << world.screen.written;
    EXPECT_TRUE(world.says("deploy/local up"));
  }
  {
    WellWorld world;
    world.host.schema = 1u;
    EXPECT_EQ(world.run({"doctor"}), 1);
    EXPECT_TRUE(world.says("→ pawl migrate")) << world.screen.written;
  }
  {
    WellWorld world;
    world.host.greeting = std::string("HTTP/1.1 400 Bad Request");
    EXPECT_EQ(world.run({"doctor"}), 1);
    EXPECT_TRUE(world.says("no AMQP 0-9-1 broker")) << world.screen.written;
    EXPECT_FALSE(world.says("u:p@")) << "passwords are never shown";
  }
  {
    WellWorld world;
    world.server.answers["GET /api/v0/executions?limit=1"] = {
        {401, {}, refusal(401, "token_invalid", "this is no key")}};
    EXPECT_EQ(world.run({"doctor"}), 1);
    EXPECT_TRUE(world.says("fail  key")) << world.screen.written;
  }
}

TEST(Doctor, AWeakerSandboxIsAWarning) {
  WellWorld world;
  world.host.programs["unshare"] = 1;
  world.host.landlock = 0;
  world.host.writable = false;
  EXPECT_EQ(world.run({"doctor"}), 0);
  EXPECT_TRUE(world.says("--set sandbox=landlock")) << world.screen.written;
  world.host.programs.clear();
  EXPECT_EQ(world.run({"doctor"}), 0);
  EXPECT_TRUE(world.says("apt-get install bubblewrap"));
}

TEST(Doctor, ClocksAreCompared) {
  const WallTime now = *parse_rfc3339("2026-11-20T10:00:10.400Z");
  EXPECT_EQ(clock_skew("Fri, 20 Nov 2026 10:00:10 GMT", now), std::chrono::seconds(0));
  EXPECT_EQ(clock_skew("Fri, 20 Nov 2026 10:00:00 GMT", now), std::chrono::seconds(10));
  EXPECT_EQ(clock_skew("Fri, 20 Nov 2026 10:01:10 GMT", now), std::chrono::seconds(-60));
  EXPECT_EQ(clock_skew("yesterday", now), std::nullopt);
}

}  // namespace
}  // namespace pawl::cli
