// deploy/local as its user meets it: a stack comes up, its processes are killed, frozen and replaced, its
// broker loses its data, and nothing but its own processes is ever touched.
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <stdexcept>

#include "tests/e2e/support/http_client.h"
#include "tests/support/process.h"

namespace pawl::testing {
namespace {

using namespace std::chrono_literals;

/// A port base whose ports are all free.
std::uint16_t free_base() {
  for (int tries = 0; tries < 200; ++tries) {
    const auto base = free_port();
    bool is_free = true;
    for (int offset = 0; offset < 22; ++offset)
      is_free = is_free && !accepts(static_cast<std::uint16_t>(base + offset));
    if (is_free) return base;
  }
  throw std::runtime_error("no free range of ports");
}

/// One stack under a scratch folder; wiped at the end.
class LocalStack {
 public:
  LocalStack() : folder_(scratch_folder("pawl-local")), base_(free_base()) {}
  ~LocalStack() { run(script({"down", "--wipe"}), 120s); }
  LocalStack(const LocalStack&) = delete;
  LocalStack& operator=(const LocalStack&) = delete;

  RunResult call(const std::vector<std::string>& arguments) { return run(script(arguments), 120s); }
  RunResult up(std::vector<std::string> more = {}) {
    more.insert(more.begin(), {"up", "--bin", PAWL_BIN_DIR, "--port-base", std::to_string(base_)});
    return call(more);
  }
  [[nodiscard]] pid_t pid(const std::string& name) const {
    pid_t number = -1;
    std::ifstream(folder_ / "pids" / (name + ".pid")) >> number;
    return number;
  }
  void set_pid(const std::string& name, pid_t number) {
    std::ofstream(folder_ / "pids" / (name + ".pid")) << number << "\n";
  }
  [[nodiscard]] std::map<std::string, std::string> environment() const {
    std::map<std::string, std::string> values;
    std::ifstream file(folder_ / "env");
    for (std::string line; std::getline(file, line);) {
      const auto equals = line.find('=');
      values[line.substr(0, equals)] = line.substr(equals + 1);
    }
    return values;
  }
  [[nodiscard]] Client client() const { return {base_, environment().at("PAWL_API_KEY")}; }
  [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }
  [[nodiscard]] std::uint16_t base() const { return base_; }

 private:
  [[nodiscard]] ProcessOptions script(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), PAWL_SOURCE_DIR "/deploy/local");
    arguments.insert(arguments.end(), {"--dir", folder_.string()});
    return {.argv = std::move(arguments)};
  }

  std::filesystem::path folder_;
  std::uint16_t base_;
};

constexpr const char* kPlan = R"({"steps": [{"id": "a", "tool": "echo", "with": {"n": 1}}]})";

TEST(LocalStack, ComesUpWithItsAddressesAndKeepsItsDataOverDown) {
  LocalStack stack;
  const auto up = stack.up({"--api", "2"});
  ASSERT_EQ(up.status, 0) << up.output;
  const auto environment = stack.environment();
  const std::string url = "http://127.0.0.1:" + std::to_string(stack.base());
  EXPECT_EQ(environment.at("PAWL_URL"), url);
  EXPECT_EQ(environment.at("PAWL_API_URLS"), url + ",http://127.0.0.1:" + std::to_string(stack.base() + 10));
  EXPECT_EQ(environment.at("PAWL_WORKER_OPS_URLS"), "http://127.0.0.1:" + std::to_string(stack.base() + 20));
  EXPECT_EQ(stack.call({"status"}).status, 0);
  auto client = stack.client();
  const auto exec_id = client.submit(kPlan);
  client.wait_for(exec_id, "completed");

  EXPECT_EQ(stack.call({"down"}).status, 0);
  EXPECT_FALSE(accepts(stack.base()));
  EXPECT_FALSE(accepts(static_cast<std::uint16_t>(stack.base() + 2)));
  EXPECT_EQ(stack.call({"status"}).status, 1);
  const auto again = stack.up();
  ASSERT_EQ(again.status, 0) << again.output;
  stack.client().wait_for(exec_id, "completed");
}

TEST(LocalStack, RestartsWhatDiedFrozeOrLostItsData) {
  LocalStack stack;
  ASSERT_EQ(stack.up({"--set", "lease=3s"}).status, 0);
  const auto worker = stack.pid("worker-1");
  kill(worker, SIGKILL);
  wait_until("the worker's death is seen", 5s, [&] { return stack.call({"status"}).status == 1; });
  EXPECT_EQ(stack.call({"restart", "worker-1"}).status, 0);
  EXPECT_NE(stack.pid("worker-1"), worker);

  kill(stack.pid("api-1"), SIGSTOP);
  EXPECT_NE(stack.call({"status"}).output.find("frozen"), std::string::npos);
  EXPECT_EQ(stack.call({"restart", "api-1"}).status, 0);

  kill(stack.pid("rabbitmq"), SIGKILL);
  std::filesystem::remove_all(stack.folder() / "rabbitmq" / "data");
  const auto restarted = stack.call({"restart", "rabbitmq"});
  ASSERT_EQ(restarted.status, 0) << restarted.output;
  EXPECT_EQ(stack.call({"status"}).status, 0);
  auto client = stack.client();
  client.wait_for(client.submit(kPlan), "completed");
}

TEST(LocalStack, NeverTouchesAForeignProcess) {
  LocalStack stack;
  ASSERT_EQ(stack.up().status, 0);
  Process stranger({.argv = {"sleep", "300"}});
  kill(stack.pid("worker-1"), SIGKILL);
  stack.set_pid("worker-1", stranger.pid());  // as if the number had been given away again
  EXPECT_NE(stack.call({"status"}).output.find("dead"), std::string::npos);
  EXPECT_EQ(stack.call({"restart", "worker-1"}).status, 0);
  EXPECT_EQ(stack.call({"down"}).status, 0);
  EXPECT_TRUE(stranger.alive());
}

TEST(LocalStack, RefusesABadSettingAndATakenPortInOneLine) {
  LocalStack stack;
  ASSERT_EQ(stack.up().status, 0);
  const auto api = stack.pid("api-1");
  const auto refused = stack.up({"--set", "leese=3s"});
  EXPECT_EQ(refused.status, 2);
  EXPECT_NE(refused.output.find("leese"), std::string::npos) << refused.output;
  EXPECT_EQ(std::count(refused.output.begin(), refused.output.end(), '\n'), 1) << refused.output;
  EXPECT_EQ(stack.pid("api-1"), api);

  const auto other = scratch_folder("pawl-local");
  const auto taken = run({.argv = {PAWL_SOURCE_DIR "/deploy/local", "up", "--dir", other.string(), "--bin",
                                   PAWL_BIN_DIR, "--port-base", std::to_string(stack.base())}});
  EXPECT_EQ(taken.status, 1);
  EXPECT_NE(taken.output.find("--port-base"), std::string::npos) << taken.output;
  EXPECT_EQ(stack.call({"restart", "nobody"}).status, 1);
  EXPECT_EQ(stack.call({"status"}).status, 0);
}

}  // namespace
}  // namespace pawl::testing
