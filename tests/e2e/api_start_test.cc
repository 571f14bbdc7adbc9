// Starting and looking at the processes: bad configuration is one line and exit 2, a schema that does not fit
// likewise; the operations port tells the truth.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/e2e/support/stack.h"

namespace pawl::testing {
namespace {

using namespace std::chrono_literals;

class ApiStart : public ::testing::Test {
 protected:
  Stack& stack = Stack::shared();

  /// Runs a program that should end by itself.
  RunResult run_program(const std::string& path, std::vector<std::string> arguments, Environment more = {}) {
    Environment environment = stack.environment();
    environment["PAWL_LISTEN"] = "127.0.0.1:" + std::to_string(free_port());
    environment["PAWL_OPS_LISTEN"] = "127.0.0.1:" + std::to_string(free_port());
    for (const auto& [name, value] : more) environment[name] = value;
    arguments.insert(arguments.begin(), path);
    return run({.argv = std::move(arguments), .environment = environment}, 20s);
  }
  static void expect_one_line(const RunResult& result, const std::string& word) {
    EXPECT_EQ(result.status, 2) << result.output;
    EXPECT_EQ(std::count(result.output.begin(), result.output.end(), '\n'), 1) << result.output;
    EXPECT_NE(result.output.find(word), std::string::npos) << result.output;
  }
};

TEST_F(ApiStart, ABadConfigurationIsOneLineAndExitTwo) {
  for (const std::string& program : {api_program(), worker_program()}) {
    expect_one_line(run_program(program, {"--nonsense=1"}), "nonsense");
    expect_one_line(run_program(program, {"--set", "nonsense=1"}), "nonsense");
    expect_one_line(run_program(program, {}, {{"PAWL_NONSENSE", "1"}}), "PAWL_NONSENSE");
    expect_one_line(run_program(program, {"--lease=soon"}), "lease");
    expect_one_line(run_program(program, {}, {{"PAWL_WORKER_SLOTS", "0"}}), "PAWL_WORKER_SLOTS");
    expect_one_line(run_program(program, {"--amqp-url=http://127.0.0.1"}), "amqp_url");
    expect_one_line(run_program(program, {"--sandbox=maybe"}), "sandbox");
    expect_one_line(run_program(program, {"--config=/nonexistent/pawl.toml"}), "/nonexistent/pawl.toml");
  }
}

TEST_F(ApiStart, ADefaultPasswordOnAForeignBrokerIsRefused) {
  expect_one_line(run_program(api_program(), {"--amqp-url=amqp://guest:guest@192.0.2.1:5672"}), "guest");
}

TEST_F(ApiStart, APortThatIsTakenIsTold) {
  expect_one_line(
      run_program(api_program(), {"--ops-listen=127.0.0.1:" + std::to_string(stack.api().ops_port())}),
      std::to_string(stack.api().ops_port()));
}

TEST_F(ApiStart, ASchemaNewerThanTheBinaryIsRefused) {
  Stack own({.apis = 1, .workers = 0});
  own.sql("INSERT INTO pawl_migrations (number, name, checksum) VALUES (9999, 'future', 'x')");
  for (const std::string& program : {api_program(), worker_program()}) {
    for (const std::string migrate : {"true", "false"}) {
      Environment more = own.environment();
      more["PAWL_MIGRATE_AT_START"] = migrate;
      expect_one_line(run_program(program, {}, more), "newer");
    }
  }
}

TEST_F(ApiStart, HelpVersionAndConfigurationArePrinted) {
  EXPECT_EQ(run_program(api_program(), {"--help"}).status, 0);
  EXPECT_EQ(run_program(worker_program(), {"--version"}).status, 0);
  const RunResult config = run_program(worker_program(), {"--print-config", "--lease=7s"});
  EXPECT_EQ(config.status, 0);
  EXPECT_NE(config.output.find("lease"), std::string::npos);
  EXPECT_EQ(config.output.find("guest:guest"), std::string::npos) << "secrets are not printed";
}

TEST_F(ApiStart, TheOperationsPortTellsHowItIs) {
  for (Program* program : {&stack.api(), &stack.worker()}) {
    EXPECT_EQ(program->ops("/livez").status, 200);
    const HttpAnswer ready = program->ops("/readyz");
    EXPECT_EQ(ready.status, 200);
    EXPECT_EQ(member(ready.json(), "status").as_string(), "ready") << ready.body;
    const HttpAnswer metrics = program->ops("/metrics");
    EXPECT_EQ(metrics.status, 200);
    EXPECT_NE(metrics.body.find("# TYPE "), std::string::npos);
    EXPECT_NE(metrics.body.find("pawl_"), std::string::npos);
    EXPECT_EQ(program->ops("/nowhere").status, 404);
    EXPECT_EQ(Client(program->ops_port(), "").post("/livez").status, 405);
  }
  Client here(stack.api().port(), "");
  for (const std::string path : {"/livez", "/readyz", "/metrics", "/admin/workers"})
    EXPECT_EQ(here.get(path).status, 404) << path;
}

TEST_F(ApiStart, WorkersAndLanesAreListedForOperators) {
  Client ops(stack.api().ops_port(), stack.admin_key());
  const HttpAnswer workers = ops.get("/admin/workers");
  ASSERT_EQ(workers.data("items").as_array().size(), 1u) << workers.body;
  for (const std::string field :
       {"id", "name", "pid", "host", "version", "lanes", "slots", "running", "keeper", "lease_until"})
    EXPECT_FALSE(workers.data("items.0." + field).is_null()) << field;
  EXPECT_EQ(workers.data("items.0.pid").as_int(), stack.worker().process().pid());
  const HttpAnswer lanes = ops.get("/admin/lanes");
  EXPECT_EQ(lanes.data("items").as_array().size(), 3u) << lanes.body;
  EXPECT_TRUE(lanes.data("items.0.depth").is_int()) << lanes.body;
  EXPECT_EQ(ops.post("/admin/workers/nobody/drain").status, 404);
}

TEST_F(ApiStart, AnOpsTokenGuardsTheNumbers) {
  Stack own({.apis = 1, .workers = 0, .settings = {{"PAWL_OPS_TOKEN", "a-token-of-some-length"}}});
  EXPECT_EQ(own.api().ops("/livez").status, 200);
  EXPECT_EQ(own.api().ops("/readyz").status, 200);
  EXPECT_EQ(own.api().ops("/metrics").status, 401);
  EXPECT_EQ(Client(own.api().ops_port(), "a-token-of-some-length").get("/metrics").status, 200);
}

TEST_F(ApiStart, TheFirstKeyIsMadeOnce) {
  Stack own({.apis = 2, .workers = 0});
  EXPECT_EQ(own.client(0).get("/api/v0/keys").data("items").as_array().size(), 1u);
  EXPECT_EQ(own.client(1).get("/api/v0/keys").status, 200);
  own.api(0).stop();
  own.api(0).start();
  EXPECT_EQ(own.client(0).get("/api/v0/keys").data("items").as_array().size(), 1u);
}

}  // namespace
}  // namespace pawl::testing
