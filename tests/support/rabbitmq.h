// A private RabbitMQ node for tests: own data, own epmd, own ports on 127.0.0.1, gone when the test process
// is gone.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/process.h"

namespace pawl::testing {

class PrivateRabbit {
 public:
  struct Options {
    bool management = false;  ///< the management plugin, on management_port(); 2 s more to start
    std::vector<std::string> settings = {};  ///< further `name = value` lines of rabbitmq.conf
  };

  PrivateRabbit();
  explicit PrivateRabbit(Options options);
  ~PrivateRabbit();

  /// The one node of this test process, started at the first call. Tests that stop or freeze it make their
  /// own.
  static PrivateRabbit& shared();

  /// Returns when AMQP connections are answered (4–5 s). Throws with the node's log when it does not come up.
  void start();
  void stop();
  void kill9();
  void restart();
  void sigstop();
  void sigcont();
  /// Stops the node and deletes all its data: queues, users, vhosts. The next `start` makes the default user
  /// again.
  void wipe();

  /// Runs rabbitmqctl against the node and returns its output (1–2 s). Throws when it fails.
  std::string ctl(std::vector<std::string> arguments);

  [[nodiscard]] std::string url(const std::string& vhost = "") const;
  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] std::uint16_t management_port() const { return management_port_; }
  [[nodiscard]] pid_t pid() const { return node_ ? node_->pid() : -1; }

 private:
  void start_name_server();
  [[nodiscard]] ProcessOptions program(const std::string& name, std::vector<std::string> arguments) const;
  [[nodiscard]] bool answers() const;

  Options options_;
  std::filesystem::path folder_;
  std::uint16_t port_;
  std::uint16_t distribution_port_;
  std::uint16_t name_server_port_;
  std::uint16_t management_port_;
  std::unique_ptr<Process> name_server_;
  std::unique_ptr<Process> node_;
};

}  // namespace pawl::testing
