// Child processes, scratch folders and free ports for tests that run real programs. Whatever a test starts
// here ends with the test process, even when that is killed: a guardian process holds the list. Failures
// throw std::runtime_error.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace pawl::testing {

using Environment = std::map<std::string, std::string>;

struct ProcessOptions {
  std::vector<std::string> argv;      ///< argv[0] is looked up in PATH
  Environment environment = {};       ///< added to (or over) the inherited one
  std::filesystem::path cwd = {};     ///< empty: inherited
  std::filesystem::path output = {};  ///< stdout and stderr are appended here; empty: /dev/null
  std::string user = {};              ///< run as this user when we are root and it exists
};

/// A running child in its own process group. The destructor kills it.
class Process {
 public:
  explicit Process(const ProcessOptions& options);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] bool alive();
  void signal(int number) const;
  /// Exit status (128 + signal when it was killed), or nullopt when it still runs after `longest`.
  std::optional<int> wait(std::chrono::milliseconds longest);
  /// SIGTERM, then SIGKILL for the whole group when it still runs after `longest`. The exit status.
  int stop(std::chrono::milliseconds longest = std::chrono::seconds(10));
  /// SIGKILL for the whole group, and waits for the end.
  void kill9();

 private:
  pid_t pid_ = -1;
  std::optional<int> status_;
};

struct RunResult {
  int status = -1;
  std::string output;  ///< stdout and stderr as they came
};

/// Runs to the end, or kills it and throws after `longest`.
RunResult run(const ProcessOptions& options, std::chrono::milliseconds longest = std::chrono::seconds(60));

/// A fresh folder under $TMPDIR that goes away with the test process. Other users may enter it, not list it.
std::filesystem::path scratch_folder(const std::string& prefix);
/// Gives a folder to `user` when we are root.
void hand_over(const std::filesystem::path& folder, const std::string& user);
/// A port of 127.0.0.1 that nobody listens on, outside the range the kernel gives to outgoing connections.
std::uint16_t free_port();
/// True when something accepts on 127.0.0.1:port.
bool accepts(std::uint16_t port);
/// Looks at `condition` every 10 ms; throws `what` after `longest`.
void wait_until(const std::string& what, std::chrono::milliseconds longest,
                const std::function<bool()>& condition);

}  // namespace pawl::testing
