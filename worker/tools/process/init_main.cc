// pawl-sandbox-init: the first process of a sandbox. Narrows itself, runs one command, reaps all that comes
// of it, reports how it ended, and takes everything down with it. Uses nothing but libc: it is copied into
// each sandbox.
#include <dirent.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <initializer_list>

#include "worker/tools/process/init_protocol.h"

namespace {

using namespace pawl::tools::init;

struct Command {
  Job job;
  sock_filter* filter = nullptr;
  char* cwd = nullptr;
  char* root = nullptr;
  char** argv = nullptr;
  char** env = nullptr;
};

[[noreturn]] void report_and_exit(const Report& report) {
  const ssize_t written = write(kReportFd, &report, sizeof report);
  _exit(written == static_cast<ssize_t>(sizeof report) ? 0 : 1);
}

[[noreturn]] void give_up(Outcome outcome, int error) {
  Report report;
  report.outcome = outcome;
  report.status = error;
  report_and_exit(report);
}

/// The whole job file, or an end with a report.
Command read_job() {
  struct stat info {};
  if (fstat(kJobFd, &info) != 0) give_up(Outcome::kSetupFailed, errno);
  const auto size = static_cast<std::size_t>(info.st_size);
  auto* bytes = static_cast<char*>(malloc(size));
  if (bytes == nullptr || size < sizeof(Job)) give_up(Outcome::kSetupFailed, ENOMEM);
  for (std::size_t got = 0; got < size;) {
    const ssize_t n = pread(kJobFd, bytes + got, size - got, static_cast<off_t>(got));
    if (n <= 0) give_up(Outcome::kSetupFailed, EIO);
    got += static_cast<std::size_t>(n);
  }
  Command out;
  memcpy(&out.job, bytes, sizeof(Job));
  char* at = bytes + sizeof(Job);
  out.filter = static_cast<sock_filter*>(malloc(out.job.filter_bytes + 1));
  memcpy(out.filter, at, out.job.filter_bytes);
  at += out.job.filter_bytes;
  const auto next = [&at] {
    char* text = at;
    at += strlen(at) + 1;
    return text;
  };
  out.cwd = next();
  out.root = next();
  out.argv = static_cast<char**>(calloc(out.job.argc + 1, sizeof(char*)));
  out.env = static_cast<char**>(calloc(out.job.envc + 1, sizeof(char*)));
  for (std::uint32_t i = 0; i < out.job.argc; ++i) out.argv[i] = next();
  for (std::uint32_t i = 0; i < out.job.envc; ++i) out.env[i] = next();
  return out;
}

void set_limit(decltype(RLIMIT_CORE) which, std::uint64_t value) {
  const rlimit limit{value, value};
  setrlimit(which, &limit);
}

void allow_below(int ruleset, const char* path, std::uint64_t access) {
  landlock_path_beneath_attr rule{};
  rule.allowed_access = access;
  rule.parent_fd = open(path, O_PATH | O_CLOEXEC);
  if (rule.parent_fd < 0) return;  // not on this system
  syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
  close(rule.parent_fd);
}

/// Reads the system, writes below `root` only. Returns 0 or errno.
int narrow_files(const char* root) {
  constexpr std::uint64_t kRead =
      LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
  constexpr std::uint64_t kAll = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1;  // everything of ABI 1
  landlock_ruleset_attr attributes{};
  attributes.handled_access_fs = kAll;
  const auto ruleset =
      static_cast<int>(syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0));
  if (ruleset < 0) return errno;
  for (const char* path : {"/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc/alternatives",
                           "/etc/ld.so.cache", "/etc/ssl/certs", "/etc/localtime", "/etc/nsswitch.conf"}) {
    struct stat info {};
    if (stat(path, &info) != 0) continue;
    allow_below(ruleset, path, S_ISDIR(info.st_mode) ? kRead : LANDLOCK_ACCESS_FS_READ_FILE);
  }
  for (const char* path : {"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"})
    allow_below(ruleset, path, LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE);
  allow_below(ruleset, root, kAll);
  const long done = syscall(SYS_landlock_restrict_self, ruleset, 0);
  const int error = done == 0 ? 0 : errno;
  close(ruleset);
  return error;
}

/// In the child: the last steps before the command. Writes what went wrong to `errors`, which closes when the
/// command runs.
[[noreturn]] void run_command(const Command& command, int errors) {
  const auto stop = [errors](Outcome outcome, int error) {
    const std::int32_t said[2] = {static_cast<std::int32_t>(outcome), error};
    [[maybe_unused]] const ssize_t written = write(errors, said, sizeof said);
    _exit(127);
  };
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  setsid();
  if (chdir(command.cwd) != 0) stop(Outcome::kBadFolder, errno);
  set_limit(RLIMIT_CORE, 0);
  set_limit(RLIMIT_NOFILE, command.job.max_open_files);
  if (command.job.max_processes > 0) set_limit(RLIMIT_NPROC, command.job.max_processes);
  const bool is_watched = (command.job.flags & kOwnPidNamespace) != 0;
  if (!is_watched && command.job.max_memory > 0) set_limit(RLIMIT_AS, command.job.max_memory);
  if (command.job.max_file_bytes > 0) set_limit(RLIMIT_FSIZE, command.job.max_file_bytes);
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) stop(Outcome::kSetupFailed, errno);
  if ((command.job.flags & kUseLandlock) != 0)
    if (const int error = narrow_files(command.root); error != 0) stop(Outcome::kSetupFailed, error);
  if (command.job.filter_bytes > 0) {
    const sock_fprog program{static_cast<unsigned short>(command.job.filter_bytes / sizeof(sock_filter)),
                             command.filter};
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) stop(Outcome::kSetupFailed, errno);
  }
  environ = command.env;
  execvp(command.argv[0], command.argv);
  stop(Outcome::kNotExecutable, errno);
  _exit(127);
}

/// Kills what descends from this process: all of the namespace, or child by child, since orphans come to a
/// subreaper.
void kill_everything(const Job& job) {
  if ((job.flags & kOwnPidNamespace) != 0) {
    kill(-1, SIGKILL);
    while (waitpid(-1, nullptr, 0) > 0 || errno == EINTR) {}
    return;
  }
  char path[64];
  snprintf(path, sizeof path, "/proc/self/task/%d/children", static_cast<int>(getpid()));
  for (;;) {
    if (FILE* file = fopen(path, "re"); file != nullptr) {
      int pid = 0;
      while (fscanf(file, "%d", &pid) == 1) kill(pid, SIGKILL);
      fclose(file);
    }
    int status = 0;
    const pid_t reaped = waitpid(-1, &status, 0);
    if (reaped < 0 && errno == ECHILD) return;
  }
}

/// Resident memory of `pid` that it shares with nobody.
std::uint64_t own_memory(const char* pid) {
  char path[300];
  snprintf(path, sizeof path, "/proc/%s/statm", pid);
  unsigned long resident = 0;
  unsigned long shared = 0;
  if (FILE* file = fopen(path, "re"); file != nullptr) {
    if (fscanf(file, "%*u %lu %lu", &resident, &shared) != 2) resident = shared = 0;
    fclose(file);
  }
  return (resident - (shared < resident ? shared : resident)) * 4096;
}

/// Does what a cgroup would: counts the processes of the namespace and their memory, and kills them when it
/// is too much.
void look_around(const Job& job, Report& report) {
  if ((job.flags & kOwnPidNamespace) == 0 || (job.max_processes == 0 && job.max_memory == 0)) return;
  std::uint64_t processes = 0;
  std::uint64_t memory = 0;
  DIR* folder = opendir("/proc");
  if (folder == nullptr) return;
  while (const dirent* entry = readdir(folder)) {
    if (entry->d_name[0] < '1' || entry->d_name[0] > '9') continue;
    ++processes;
    memory += own_memory(entry->d_name);
  }
  closedir(folder);
  // One short of the limit: whoever failed to start the last one may be gone already.
  if (job.max_processes > 0 && processes + 1 >= job.max_processes) report.is_crowded = 1;
  if (job.max_memory == 0 || memory <= job.max_memory) return;
  report.is_out_of_memory = 1;
  kill(-1, SIGKILL);
}

bool is_full(const char* path) {
  struct statfs info {};
  return statfs(path, &info) == 0 && info.f_blocks > 0 && info.f_bavail == 0;
}

/// Waits for SIGCHLD or SIGTERM, at most `ms` (< 0: for ever). Returns the signal, or 0 when the time is
/// over.
int wait_signal(const sigset_t& signals, int ms) {
  for (;;) {
    const timespec limit{ms / 1000, static_cast<long>(ms % 1000) * 1'000'000};
    const int signal = ms < 0 ? sigwaitinfo(&signals, nullptr) : sigtimedwait(&signals, nullptr, &limit);
    if (signal > 0) return signal;
    if (errno == EAGAIN) return 0;
  }
}

/// Reaps until `main_pid` has ended; false when a SIGTERM came first.
bool await(pid_t main_pid, const Job& job, const sigset_t& signals, Report& report) {
  const bool looks = (job.flags & kOwnPidNamespace) != 0 && (job.max_processes > 0 || job.max_memory > 0);
  for (;;) {
    look_around(job, report);
    int one = 0;
    for (pid_t pid = waitpid(-1, &one, WNOHANG); pid > 0; pid = waitpid(-1, &one, WNOHANG)) {
      if (pid != main_pid) continue;
      report.status = one;
      return true;
    }
    if (wait_signal(signals, looks ? kLookEachMs : -1) == SIGTERM) return false;
  }
}

/// Reaps what the command left behind until its grace is over; true when nothing is left.
bool await_leftovers(const Job& job, const sigset_t& signals, Report& report) {
  constexpr int kSlice = 10;
  for (int waited = 0;; waited += kSlice) {
    pid_t pid = 0;
    do {
      pid = waitpid(-1, nullptr, WNOHANG);
    } while (pid > 0);
    if (pid < 0) return true;
    if (waited >= kLeftoverGraceMs) return false;
    look_around(job, report);
    wait_signal(signals, kSlice);
  }
}

}  // namespace

int main() {
  fcntl(kReportFd, F_SETFD, FD_CLOEXEC);
  fcntl(kJobFd, F_SETFD, FD_CLOEXEC);
  syscall(SYS_close_range, kFirstOtherFd, ~0U, 0);

  const Command command = read_job();
  const bool owns_namespace = (command.job.flags & kOwnPidNamespace) != 0;
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGCHLD);
  // The first process of a namespace can't be signalled from inside, unless it waits for the signal: so it
  // does not, and its end comes from outside as SIGKILL. Elsewhere SIGTERM asks to take everything down.
  if (!owns_namespace) sigaddset(&signals, SIGTERM);
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  if (!owns_namespace) {
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
  }
  int errors[2];
  if (pipe2(errors, O_CLOEXEC) != 0) give_up(Outcome::kSetupFailed, errno);
  const pid_t main_pid = fork();
  if (main_pid < 0) give_up(Outcome::kSetupFailed, errno);
  if (main_pid == 0) run_command(command, errors[1]);
  close(errors[1]);

  Report report;
  std::int32_t said[2] = {};
  if (read(errors[0], said, sizeof said) == static_cast<ssize_t>(sizeof said)) {
    report.outcome = static_cast<Outcome>(said[0]);
    report.status = said[1];
    report_and_exit(report);
  }
  if (await(main_pid, command.job, signals, report)) {
    report.outcome = Outcome::kExited;
    report.left_behind = await_leftovers(command.job, signals, report) ? 0 : 1;
  } else {
    report.outcome = Outcome::kKilled;
  }
  report.is_full = is_full(command.root) || (owns_namespace && is_full("/dev/shm")) ? 1 : 0;
  kill_everything(command.job);
  rusage usage{};
  getrusage(RUSAGE_CHILDREN, &usage);
  report.cpu_us = (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1'000'000 + usage.ru_utime.tv_usec +
                  usage.ru_stime.tv_usec;
  report.max_rss_bytes = usage.ru_maxrss * 1024;
  report_and_exit(report);
}
