#include "api/cli/system_host.h"

#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "api/cli/limits.h"
#include "common/db/migrate.h"

extern char** environ;

namespace pawl::cli {
namespace {

/// A socket that closes itself.
class Socket {
 public:
  explicit Socket(int fd) : fd_(fd) {}
  ~Socket() {
    if (fd_ >= 0) close(fd_);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  [[nodiscard]] int fd() const { return fd_; }
  /// Waits for `events`; false when the time of a probe ran out.
  [[nodiscard]] bool await(short events) const {
    pollfd entry{fd_, events, 0};
    return poll(&entry, 1, static_cast<int>(kProbeTimeout.count())) == 1;
  }

 private:
  int fd_;
};

using Addresses = std::unique_ptr<addrinfo, decltype([](addrinfo* list) { freeaddrinfo(list); })>;

Result<Addresses> resolve(const std::string& host, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int code = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (code != 0)
    return fail(ErrorKind::kUnavailable, "no_address", host + " has no address (" + gai_strerror(code) + ")");
  return Addresses(found);
}

bool connect_to(const Socket& socket, const addrinfo& address) {
  if (connect(socket.fd(), address.ai_addr, address.ai_addrlen) == 0) return true;
  if (errno != EINPROGRESS || !socket.await(POLLOUT)) return false;
  int error = 0;
  socklen_t size = sizeof error;
  return getsockopt(socket.fd(), SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0;
}

}  // namespace

std::optional<int> SystemHost::run_quietly(const std::vector<std::string>& argv) {
  std::vector<std::string> words = argv;
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    posix_spawn_file_actions_addopen(&actions, fd, "/dev/null", O_RDWR, 0);
  }
  pid_t pid = 0;
  const int code = posix_spawnp(&pid, pointers.front(), &actions, nullptr, pointers.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (code != 0) return std::nullopt;
  int status = 0;
  if (waitpid(pid, &status, 0) != pid) return std::nullopt;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

bool SystemHost::can_write(const std::string& path) const { return access(path.c_str(), W_OK) == 0; }

int SystemHost::landlock_version() const {
#ifdef SYS_landlock_create_ruleset
  constexpr unsigned kAskVersion = 1;
  const long version = syscall(SYS_landlock_create_ruleset, nullptr, 0, kAskVersion);
  return version > 0 ? static_cast<int>(version) : 0;
#else
  return 0;
#endif
}

Result<std::string> SystemHost::exchange(const std::string& host, std::uint16_t port,
                                         std::string_view bytes) {
  const Addresses addresses = TRY(resolve(host, port));
  for (const addrinfo* address = addresses.get(); address != nullptr; address = address->ai_next) {
    const Socket socket(::socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (socket.fd() < 0 || !connect_to(socket, *address)) continue;
    if (bytes.empty()) return std::string();
    if (send(socket.fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(bytes.size()))
      continue;
    if (!socket.await(POLLIN))
      return fail(ErrorKind::kTimeout, "no_answer", "it is connected but does not answer");
    std::array<char, 512> answer{};
    const ssize_t size = recv(socket.fd(), answer.data(), answer.size(), 0);
    return std::string(answer.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
  }
  return fail(ErrorKind::kUnavailable, "unreachable",
              "cannot connect to " + host + ":" + std::to_string(port));
}

Result<std::uint32_t> SystemHost::schema_version(const std::string& url) { return db::schema_version(url); }

}  // namespace pawl::cli
