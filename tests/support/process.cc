#include "tests/support/process.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pwd.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <random>
#include <stdexcept>
#include <thread>

#include "tests/support/guardian.h"

extern char** environ;

namespace pawl::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

bool changes_user(const std::string& user) {
  return !user.empty() && geteuid() == 0 && getpwnam(user.c_str()) != nullptr;
}

std::vector<std::string> full_argv(const ProcessOptions& options) {
  std::vector<std::string> argv;
  if (changes_user(options.user)) {
    argv = {"setpriv", "--reuid=" + options.user, "--regid=" + options.user, "--init-groups", "--"};
  }
  argv.insert(argv.end(), options.argv.begin(), options.argv.end());
  return argv;
}

std::vector<std::string> full_environment(const Environment& added) {
  Environment all;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    const auto equals = text.find('=');
    if (equals != std::string::npos) all[text.substr(0, equals)] = text.substr(equals + 1);
  }
  for (const auto& [name, value] : added) all[name] = value;
  std::vector<std::string> lines;
  for (const auto& [name, value] : all) lines.push_back(name + "=" + value);
  return lines;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> out;
  out.reserve(texts.size() + 1);
  for (auto& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

const sockaddr* generic(const sockaddr_in& address) { return reinterpret_cast<const sockaddr*>(&address); }

int exit_status(int raw) { return WIFSIGNALED(raw) ? 128 + WTERMSIG(raw) : WEXITSTATUS(raw); }

}  // namespace

Process::Process(const ProcessOptions& options) {
  auto argv = full_argv(options);
  auto environment = full_environment(options.environment);
  auto argv_pointers = pointers(argv);
  auto environment_pointers = pointers(environment);
  const std::string output = options.output.empty() ? "/dev/null" : options.output.string();
  pid_ = fork();
  if (pid_ < 0) throw std::runtime_error("fork failed");
  if (pid_ == 0) {
    setpgid(0, 0);
    const int in = open("/dev/null", O_RDONLY);
    const int out = open(output.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
    if (in < 0 || out < 0) _exit(126);
    dup2(in, 0);
    dup2(out, 1);
    dup2(out, 2);
    close_range(3, ~0U, 0);
    if (!options.cwd.empty() && chdir(options.cwd.c_str()) != 0) _exit(126);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    execvpe(argv_pointers[0], argv_pointers.data(), environment_pointers.data());
    _exit(127);
  }
  setpgid(pid_, pid_);  // here as well, so that it is true whoever runs first
  guard_group(pid_);
}

Process::~Process() {
  if (!status_) kill9();
}

bool Process::alive() { return !wait(milliseconds(0)).has_value(); }

void Process::signal(int number) const {
  if (!status_ && kill(pid_, number) != 0) throw std::runtime_error("signal not delivered");
}

std::optional<int> Process::wait(milliseconds longest) {
  const auto end = steady_clock::now() + longest;
  while (!status_) {
    int raw = 0;
    if (waitpid(pid_, &raw, WNOHANG) == pid_) {
      status_ = exit_status(raw);
      forget_group(pid_);
    } else if (steady_clock::now() >= end) {
      return std::nullopt;
    } else {
      std::this_thread::sleep_for(milliseconds(2));
    }
  }
  return status_;
}

int Process::stop(milliseconds longest) {
  if (alive()) {
    signal(SIGTERM);
    signal(SIGCONT);
    if (!wait(longest)) kill9();
  }
  return status_.value_or(-1);
}

void Process::kill9() {
  if (status_) return;
  kill(-pid_, SIGKILL);
  wait(std::chrono::seconds(10));
}

RunResult run(const ProcessOptions& options, milliseconds longest) {
  ProcessOptions captured = options;
  if (captured.output.empty()) {
    static int count = 0;
    static const auto folder = scratch_folder("pawl-run");
    captured.output = folder / std::to_string(++count);
  }
  Process process(captured);
  const auto status = process.wait(longest);
  std::ifstream file(captured.output, std::ios::binary);
  RunResult result{status.value_or(-1), {std::istreambuf_iterator<char>(file), {}}};
  if (!status) throw std::runtime_error("'" + options.argv[0] + "' did not end in time: " + result.output);
  if (options.output.empty()) std::filesystem::remove(captured.output);
  return result;
}

std::filesystem::path scratch_folder(const std::string& prefix) {
  const char* base = std::getenv("TMPDIR");
  std::string path = std::string(base != nullptr && *base != '\0' ? base : "/tmp") + "/" + prefix + ".XXXXXX";
  if (mkdtemp(path.data()) == nullptr) throw std::runtime_error("no scratch folder " + path);
  guard_folder(path);
  chmod(path.c_str(), 0711);
  return path;
}

void hand_over(const std::filesystem::path& folder, const std::string& user) {
  if (!changes_user(user)) return;
  const passwd* entry = getpwnam(user.c_str());
  if (chown(folder.c_str(), entry->pw_uid, entry->pw_gid) != 0) throw std::runtime_error("chown failed");
}

std::uint16_t free_port() {
  static std::mt19937 random{std::random_device{}()};
  std::uniform_int_distribution<int> ports(10'000, 31'999);
  for (int tries = 0; tries < 1000; ++tries) {
    const auto port = static_cast<std::uint16_t>(ports(random));
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const auto address = loopback(port);
    const bool is_free = bind(fd, generic(address), sizeof(address)) == 0;
    close(fd);
    if (is_free) return port;
  }
  throw std::runtime_error("no free port");
}

bool accepts(std::uint16_t port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const auto address = loopback(port);
  const bool connected = connect(fd, generic(address), sizeof(address)) == 0;
  close(fd);
  return connected;
}

void wait_until(const std::string& what, milliseconds longest, const std::function<bool()>& condition) {
  const auto end = steady_clock::now() + longest;
  while (!condition()) {
    if (steady_clock::now() >= end) throw std::runtime_error("not in time: " + what);
    std::this_thread::sleep_for(milliseconds(10));
  }
}

}  // namespace pawl::testing
