#include "tests/support/guardian.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>

namespace pawl::testing {
namespace {

/// Reads one order a line (`g 12`, `x 12`, `d /path`) until the test process is gone.
[[noreturn]] void guard(int orders) {
  std::set<pid_t> groups;
  std::set<std::string> folders;
  std::string text;
  char buffer[4096];
  for (;;) {
    const ssize_t n = read(orders, buffer, sizeof(buffer));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    text.append(buffer, static_cast<std::size_t>(n));
    for (auto end = text.find('\n'); end != std::string::npos; end = text.find('\n')) {
      const std::string rest = text.substr(2, end - 2);
      if (text[0] == 'g') groups.insert(std::stoi(rest));
      if (text[0] == 'x') groups.erase(std::stoi(rest));
      if (text[0] == 'd') folders.insert(rest);
      text.erase(0, end + 1);
    }
  }
  for (const pid_t group : groups) kill(-group, SIGKILL);
  // A database's backends notice the death of their parent a moment later, and still write until then.
  if (!groups.empty()) std::this_thread::sleep_for(std::chrono::milliseconds(200));
  std::error_code ignored;
  for (const auto& folder : folders) std::filesystem::remove_all(folder, ignored);
  _exit(0);
}

int start() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe for the guardian");
  const pid_t child = fork();
  if (child < 0) throw std::runtime_error("no process for the guardian");
  if (child == 0) {
    // Twice, so that the test process has no child that it did not ask for.
    if (fork() != 0) _exit(0);
    setsid();
    dup2(ends[0], 0);
    const int null = open("/dev/null", O_WRONLY);
    dup2(null, 1);
    dup2(null, 2);
    close_range(3, ~0U, 0);
    guard(0);
  }
  waitpid(child, nullptr, 0);
  close(ends[0]);
  return ends[1];
}

void order(char what, const std::string& argument) {
  static const int pipe = start();
  const std::string line = std::string(1, what) + ' ' + argument + '\n';
  if (write(pipe, line.data(), line.size()) != static_cast<ssize_t>(line.size())) {
    throw std::runtime_error("the guardian of the test run is gone");
  }
}

}  // namespace

void guard_group(pid_t group) { order('g', std::to_string(group)); }
void forget_group(pid_t group) { order('x', std::to_string(group)); }
void guard_folder(const std::filesystem::path& folder) { order('d', folder.string()); }

}  // namespace pawl::testing
