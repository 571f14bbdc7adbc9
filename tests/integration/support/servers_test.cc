// The harness itself: what the other tests stand on must start, die, freeze and come back as it says.
#include <gtest/gtest.h>
#include <signal.h>

#include <stdexcept>

#include "tests/support/postgres.h"
#include "tests/support/rabbitmq.h"

namespace pawl::testing {
namespace {

TEST(PrivatePostgres, GivesEachTestAnEmptyDatabase) {
  auto& server = PrivatePostgres::shared();
  const auto first = server.create_database();
  const auto second = server.create_database();
  server.sql("CREATE TABLE t (n int)", first);
  EXPECT_NE(first, second);
  EXPECT_EQ(server.sql("SELECT count(*) FROM pg_tables WHERE tablename = 't'", second), "0\n");
  EXPECT_THROW(server.sql("SELECT broken"), std::runtime_error);
}

TEST(PrivatePostgres, KeepsCommittedRowsOverKillAndRestart) {
  PrivatePostgres server;
  server.start();
  server.sql("CREATE TABLE t AS SELECT 7 AS n");
  const auto old = server.pid();
  server.kill9();
  EXPECT_FALSE(accepts(server.port()));
  server.start();
  EXPECT_NE(server.pid(), old);
  EXPECT_EQ(server.sql("SELECT n FROM t"), "7\n");
  server.restart();
  EXPECT_EQ(server.sql("SELECT n FROM t"), "7\n");
}

TEST(PrivateRabbit, LosesQueuesAtWipeAndKeepsThemAtKill) {
  PrivateRabbit node;
  node.start();
  node.ctl({"add_vhost", "kept"});
  node.kill9();
  node.start();
  EXPECT_NE(node.ctl({"list_vhosts", "--silent"}).find("kept"), std::string::npos);
  node.wipe();
  node.start();
  EXPECT_EQ(node.ctl({"list_vhosts", "--silent"}).find("kept"), std::string::npos);
  node.sigstop();
  node.sigcont();
  node.stop();
  EXPECT_FALSE(accepts(node.port()));
}

TEST(Process, TellsHowTheChildEnded) {
  EXPECT_EQ(run({.argv = {"sh", "-c", "echo hello; exit 3"}}).output, "hello\n");
  EXPECT_EQ(run({.argv = {"sh", "-c", "exit 3"}}).status, 3);
  EXPECT_EQ(run({.argv = {"no-such-program-here"}}).status, 127);
  Process sleeper({.argv = {"sleep", "60"}});
  EXPECT_TRUE(sleeper.alive());
  EXPECT_EQ(sleeper.stop(), 128 + SIGTERM);
  EXPECT_FALSE(sleeper.alive());
}

}  // namespace
}  // namespace pawl::testing
