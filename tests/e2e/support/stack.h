// A whole Pawl on this machine for end-to-end tests: the real programs, with a database and a broker that the
// test run started itself. Everything ends with the test process.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tests/e2e/support/http_client.h"
#include "tests/support/postgres.h"
#include "tests/support/process.h"
#include "tests/support/rabbitmq.h"

namespace pawl::testing {

/// One pawl-api or pawl-worker. Stopped and started again on the same ports.
class Program {
 public:
  Program(std::string path, Environment environment, std::filesystem::path log);

  /// Starts it without waiting.
  void launch();
  /// Starts it and returns when /readyz says 200 (and, `with_broker`, that the broker is there).
  enum class Wait { kReady, kBrokerToo };
  void start(Wait wait = Wait::kBrokerToo);
  void wait_ready(Wait wait = Wait::kBrokerToo);
  /// SIGTERM; the exit status.
  int stop(std::chrono::milliseconds longest = std::chrono::seconds(30)) { return process_->stop(longest); }
  void kill9() { process_->kill9(); }
  [[nodiscard]] Process& process() { return *process_; }
  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] std::uint16_t ops_port() const { return ops_port_; }
  /// What it has written so far.
  [[nodiscard]] std::string log() const;
  /// GET on the operations port.
  [[nodiscard]] HttpAnswer ops(std::string_view path) const;

 private:
  std::string path_;
  std::uint16_t port_, ops_port_;
  Environment environment_;
  std::filesystem::path log_;
  std::unique_ptr<Process> process_;
};

class Stack {
 public:
  struct Options {
    int apis = 1;
    int workers = 1;
    Environment settings = {};                       ///< PAWL_… of every process
    std::shared_ptr<PrivatePostgres> postgres = {};  ///< none: the one that all tests of the process share
    std::shared_ptr<PrivateRabbit> rabbit = {};  ///< none: the shared one, with a vhost of this stack's own
  };
  explicit Stack(const Options& options);
  ~Stack();

  /// The one most tests use: two APIs, one worker, lease 2 s.
  static Stack& shared();

  [[nodiscard]] Program& api(std::size_t which = 0) { return *apis_.at(which); }
  [[nodiscard]] Program& worker(std::size_t which = 0) { return *workers_.at(which); }
  [[nodiscard]] PrivatePostgres& postgres() { return *postgres_; }
  [[nodiscard]] PrivateRabbit& rabbit() { return *rabbit_; }
  [[nodiscard]] const std::string& admin_key() const { return admin_key_; }

  /// A client with every scope.
  [[nodiscard]] Client client(std::size_t api = 0) { return {this->api(api).port(), admin_key_}; }
  /// A client whose key has these scopes (a JSON list), in the first tenant or in `tenant`.
  Client client_with(std::string_view scopes, const std::string& tenant = "", std::size_t api = 0);
  std::string sql(const std::string& statements) { return postgres_->sql(statements, database_); }
  /// The environment every process of this stack gets.
  [[nodiscard]] const Environment& environment() const { return environment_; }
  [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }

 private:
  std::filesystem::path folder_;
  std::shared_ptr<PrivatePostgres> postgres_;
  std::shared_ptr<PrivateRabbit> rabbit_;
  std::string database_;
  Environment environment_;
  std::string admin_key_;
  std::vector<std::unique_ptr<Program>> apis_, workers_;
};

/// Where the programs under test lie.
std::string api_program();
std::string worker_program();

/// Every scope, as a JSON list.
inline constexpr std::string_view kAllScopes =
    R"(["exec:read","exec:write","exec:control","approve","task:write","admin:keys","admin:breakers","ops:metrics"])";

/// A plan of one step that answers its input.
inline constexpr std::string_view kEchoPlan =
    R"({"steps":[{"id":"say","tool":"echo","with":"${{ input }}"}],"output":"${{ steps.say.output }}"})";
/// A plan that is busy for `ms` in a step that holds its worker (under 2 s), between two that don't.
std::string busy_plan(int ms);

}  // namespace pawl::testing
