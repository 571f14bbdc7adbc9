// A running sandbox: killing, freezing, and what it said at its end.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "common/base/assert.h"
#include "worker/tools/process/sandbox.h"

namespace pawl::tools {
namespace {

/// `pid` and all that descends from it, parents first.
void collect_tree(pid_t pid, std::vector<pid_t>& out) {
  out.push_back(pid);
  const std::string text = std::to_string(pid);
  std::ifstream children("/proc/" + text + "/task/" + text + "/children");
  for (pid_t child = 0; children >> child;) collect_tree(child, out);
}

void signal_tree(pid_t root, int signal) {
  std::vector<pid_t> tree;
  collect_tree(root, tree);
  for (const pid_t pid : tree) kill(pid, signal);
}

}  // namespace

Sandboxed::~Sandboxed() {
  PAWL_ASSERT(pid < 0 || is_reaped, "a sandbox is reaped before it is let go");
  clean_up();
}

void Sandboxed::clean_up() {
  cgroup.reset();
  if (work_folder.empty()) return;
  std::error_code ignored;
  std::filesystem::remove_all(work_folder, ignored);
  work_folder.clear();
}

pid_t Sandboxed::first_pid() {
  if (first_pid_ > 0) return first_pid_;
  // {"child-pid": 123, …}, written by bwrap as soon as it has made the namespaces
  std::array<char, 512> text{};
  const ssize_t n = info ? read(info.get(), text.data(), text.size() - 1) : 0;
  const std::string_view said(text.data(), n > 0 ? static_cast<std::size_t>(n) : 0);
  constexpr std::string_view kKey = "\"child-pid\": ";
  const std::size_t at = said.find(kKey);
  if (at != said.npos) std::from_chars(said.data() + at + kKey.size(), said.data() + said.size(), first_pid_);
  return first_pid_;
}

void Sandboxed::kill_tree() {
  if (is_reaped || pid < 0) return;
  if (is_frozen) thaw();  // a frozen process of cgroup v1 does not die
  if (!has_namespace) {
    kill(pid, SIGTERM);  // the init kills what descends from it, then ends
    return;
  }
  // The first process of a namespace takes all others with it, whatever session they made. bwrap ends after
  // it; killing bwrap is the way while there is no first process yet (it dies with its parent).
  const pid_t first = first_pid();
  kill(first > 0 ? first : pid, SIGKILL);
}

bool Sandboxed::freeze() {
  if (is_reaped || pid < 0 || is_frozen) return is_frozen;
  if (!cgroup || !cgroup->freeze()) signal_tree(pid, SIGSTOP);
  is_frozen = true;
  return true;
}

void Sandboxed::thaw() {
  if (!is_frozen) return;
  is_frozen = false;
  if (cgroup) cgroup->thaw();
  signal_tree(pid, SIGCONT);
}

std::optional<init::Report> Sandboxed::read_report() const {
  init::Report said;
  const ssize_t n = report ? read(report.get(), &said, sizeof said) : 0;
  if (n != static_cast<ssize_t>(sizeof said)) return std::nullopt;
  return said;
}

}  // namespace pawl::tools
