// A private Postgres server for tests: own data folder, own port on 127.0.0.1, gone when the test process is
// gone.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/process.h"

namespace pawl::testing {

class PrivatePostgres {
 public:
  struct Options {
    bool fsync = true;  ///< off only where a test is about something else and writes much
    int max_connections = 200;
    std::vector<std::string> settings = {};  ///< further `name=value` of postgresql.conf
  };

  /// Makes the data folder; `start` starts the server. Throws where a step fails, with the server's log.
  PrivatePostgres();
  explicit PrivatePostgres(Options options);
  ~PrivatePostgres();

  /// The one server of this test process, started at the first call. Tests that stop or freeze it make their
  /// own.
  static PrivatePostgres& shared();

  /// Returns when connections are accepted.
  void start();
  /// Fast shutdown: open sessions are cut, data is flushed.
  void stop();
  /// As a power cut of the process: recovery runs at the next `start`.
  void kill9();
  void restart();
  /// Freezes and thaws every process of the server.
  void sigstop();
  void sigcont();

  /// Makes an empty database and returns its name. `from` is a template with no open sessions.
  std::string create_database(const std::string& from = "template1");
  /// Runs SQL as the superuser and returns psql's unaligned output. Throws on an SQL error.
  std::string sql(const std::string& statements, const std::string& database = "postgres");

  [[nodiscard]] std::string url(const std::string& database = "postgres") const;
  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] pid_t pid() const { return server_ ? server_->pid() : -1; }

 private:
  [[nodiscard]] ProcessOptions program(const std::string& name, std::vector<std::string> arguments) const;
  [[nodiscard]] std::vector<pid_t> processes() const;

  Options options_;
  std::filesystem::path folder_;
  std::uint16_t port_;
  int databases_ = 0;
  std::unique_ptr<Process> server_;
};

}  // namespace pawl::testing
