#include "worker/tools/process/sandbox.h"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <utility>

#include "worker/tools/process/bubblewrap.h"
#include "worker/tools/process/limits.h"
#include "worker/tools/process/seccomp_filter.h"

namespace pawl::tools {
namespace {

constexpr int kTrialMs = 10'000;

auto unavailable(std::string what, std::string suggestion) {
  return fail(ErrorKind::kUnavailable, "sandbox_unavailable", std::move(what), std::move(suggestion));
}

auto spawn_failed(const char* step) {
  return fail(ErrorKind::kUnavailable, "spawn_failed", std::string(step) + ": " + std::strerror(errno));
}

struct Pipe {
  UniqueFd read_end;
  UniqueFd write_end;

  bool open() {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return false;
    read_end.reset(ends[0]);
    write_end.reset(ends[1]);
    return fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0;
  }
};

/// A memory file with `text` in it, read from its beginning.
UniqueFd memory_file(const char* name, std::string_view text) {
  UniqueFd out(memfd_create(name, MFD_CLOEXEC));
  while (out && !text.empty()) {
    const ssize_t n = write(out.get(), text.data(), text.size());
    if (n <= 0) return UniqueFd{};
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  if (out) lseek(out.get(), 0, SEEK_SET);
  return out;
}

/// The program next to this one; empty when it is not there.
std::string read_init_program() {
  std::error_code ignored;
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", ignored);
  const UniqueFd fd(open((self.parent_path() / "pawl-sandbox-init").c_str(), O_RDONLY | O_CLOEXEC));
  std::string out;
  std::array<char, 65536> buffer;
  for (ssize_t n = 0; fd && (n = read(fd.get(), buffer.data(), buffer.size())) > 0;)
    out.append(buffer.data(), static_cast<std::size_t>(n));
  return out;
}

/// What the child needs after fork, where nothing may be allocated.
struct Launch {
  std::array<int, 7> sources{};   // what becomes descriptor 0, 1, 2, …; −1 ends the list
  std::vector<int> entrances;     // of the cgroup
  std::uint32_t user = 0;         // 0: stay who we are
  const char* program = nullptr;  // null: the init image, descriptor 5
  std::vector<char*> argv;
  std::vector<char*> env;
};

/// Between fork and exec: async-signal-safe calls only.
[[noreturn]] void become(const Launch& launch) {
  const auto stop = [] {
    init::Report report;
    report.status = errno;
    [[maybe_unused]] const ssize_t n = write(init::kReportFd, &report, sizeof report);
    _exit(1);
  };
  std::array<int, 7> high{};
  std::size_t count = 0;
  // Out of the way first: a source may lie where another one belongs.
  for (; count < launch.sources.size() && launch.sources[count] >= 0; ++count)
    high[count] = fcntl(launch.sources[count], F_DUPFD, 64);
  for (const int entrance : launch.entrances) [[maybe_unused]] const ssize_t n = write(entrance, "0", 1);
  for (std::size_t i = 0; i < count; ++i) dup2(high[i], static_cast<int>(i));
  syscall(SYS_close_range, static_cast<unsigned>(count), ~0U, 0);
  struct sigaction standard {};
  standard.sa_handler = SIG_DFL;
  for (int signal = 1; signal < NSIG; ++signal) sigaction(signal, &standard, nullptr);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  if (launch.user != 0) {
    // The raw calls: libc's would stop threads that are not there.
    if (syscall(SYS_setgroups, 0, nullptr) != 0 ||
        syscall(SYS_setresgid, launch.user, launch.user, launch.user) != 0 ||
        syscall(SYS_setresuid, launch.user, launch.user, launch.user) != 0)
      stop();
  }
  if (launch.program != nullptr)
    execve(launch.program, launch.argv.data(), launch.env.data());
  else
    syscall(SYS_execveat, 5, "", launch.argv.data(), launch.env.data(), AT_EMPTY_PATH);
  stop();
  _exit(1);
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (std::string& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

class LinuxSandbox final : public Sandbox {
 public:
  explicit LinuxSandbox(SandboxProfile profile) : profile_(profile), is_root_(geteuid() == 0) {}

  Result<void> prepare() {
    init_program_ = read_init_program();
    if (init_program_.empty())
      return unavailable("pawl-sandbox-init is not next to this program", "Install it beside pawl-worker.");
    init_image_ = memory_file("pawl-sandbox-init", init_program_);
    if (!init_image_ || fchmod(init_image_.get(), 0555) != 0)
      return unavailable("there is no memory file", "");
    if (profile_ == SandboxProfile::kFull) {
      bubblewrap_ = find_bubblewrap();
      if (bubblewrap_.empty()) return unavailable("bwrap is not installed", "Install bubblewrap.");
      fixed_arguments_ = bubblewrap_arguments();
    }
    if (profile_ != SandboxProfile::kNone)
      filter_ = TRY(make_seccomp_filter(profile_ == SandboxProfile::kFull ? NetworkCalls::kAllowed
                                                                          : NetworkCalls::kDenied));
    places_ = find_cgroups();
    TRY(run_trial());
    layers_ = describe();
    return {};
  }

  Result<std::unique_ptr<Sandboxed>> start(const Command& command) override;
  [[nodiscard]] SandboxProfile profile() const override { return profile_; }
  [[nodiscard]] const std::string& layers() const override { return layers_; }
  [[nodiscard]] bool is_complete() const override {
    return profile_ == SandboxProfile::kFull && !places_.memory.empty() && !places_.pids.empty() &&
           !places_.cpu.empty();
  }

 private:
  [[nodiscard]] std::string describe() const {
    std::string out(to_string(profile_));
    out += profile_ == SandboxProfile::kFull       ? ": namespaces, seccomp"
           : profile_ == SandboxProfile::kLandlock ? ": Landlock, seccomp"
                                                   : ": no walls";
    if (places_.any())
      out += std::string(", cgroup ") + (places_.is_v2 ? "v2" : "v1") + " (" + places_.names() + ")";
    else
      out += ", rlimits only";
    return out + (is_root_ ? ", own users" : "");
  }

  Result<void> run_trial();
  [[nodiscard]] std::string job_text(const Command& command, const Sandboxed& sandboxed,
                                     const std::string& root) const;
  Result<std::string> make_work_folder(std::uint32_t user) const;

  const SandboxProfile profile_;
  const bool is_root_;
  std::string init_program_;
  UniqueFd init_image_;
  std::string bubblewrap_;
  std::vector<std::string> fixed_arguments_;
  std::string filter_;
  CgroupPlaces places_;
  std::string layers_;
  std::uint32_t next_user_ = 0;
};

std::string LinuxSandbox::job_text(const Command& command, const Sandboxed& sandboxed,
                                   const std::string& root) const {
  init::Job job;
  if (profile_ == SandboxProfile::kFull) job.flags |= init::kOwnPidNamespace;
  if (profile_ == SandboxProfile::kLandlock) job.flags |= init::kUseLandlock;
  std::vector<std::string> environment = command.environment;
  const auto add_default = [&environment](const std::string& name, const std::string& value) {
    const bool is_set =
        std::ranges::any_of(environment, [&](const std::string& own) { return own.starts_with(name + "="); });
    if (!is_set) environment.push_back(name + "=" + value);
  };
  add_default("HOME", root);
  if (profile_ != SandboxProfile::kFull) add_default("TMPDIR", root);
  job.argc = static_cast<std::uint32_t>(command.argv.size());
  job.envc = static_cast<std::uint32_t>(environment.size());
  job.filter_bytes = static_cast<std::uint32_t>(filter_.size());
  // Where no cgroup counts, and only where the count is the sandbox's own: its user namespace, or a user who
  // has nothing else.
  const bool is_counted = sandboxed.cgroup && sandboxed.cgroup->counts_pids();
  if (!is_counted && (profile_ == SandboxProfile::kFull || is_root_))
    job.max_processes = static_cast<std::uint64_t>(command.limits.pids) + 1;
  if (!sandboxed.cgroup || !sandboxed.cgroup->counts_memory())
    job.max_memory = static_cast<std::uint64_t>(command.limits.memory_bytes);
  job.max_open_files = kMaxOpenFiles;
  if (profile_ != SandboxProfile::kFull)
    job.max_file_bytes = static_cast<std::uint64_t>(command.limits.disk_bytes);
  std::string out(reinterpret_cast<const char*>(&job), sizeof job);
  out += filter_;
  const auto add = [&out](const std::string& text) { out.append(text.c_str(), text.size() + 1); };
  add(command.cwd.empty() ? root : root + "/" + command.cwd);
  add(root);
  for (const std::string& argument : command.argv) add(argument);
  for (const std::string& variable : environment) add(variable);
  return out;
}

Result<std::string> LinuxSandbox::make_work_folder(std::uint32_t user) const {
  std::error_code ignored;
  std::string path = (std::filesystem::temp_directory_path(ignored) / "pawl-job-XXXXXX").string();
  if (mkdtemp(path.data()) == nullptr) return spawn_failed("the work folder");
  if (user != 0 && chown(path.c_str(), user, user) != 0) return spawn_failed("the work folder's owner");
  return path;
}

Result<std::unique_ptr<Sandboxed>> LinuxSandbox::start(const Command& command) {
  const bool is_full = profile_ == SandboxProfile::kFull;
  auto out = std::make_unique<Sandboxed>();
  Launch launch;
  if (is_root_) launch.user = kFirstSandboxUser + next_user_++ % kSandboxUsers;
  std::string root = "/work";
  if (!is_full) root = out->work_folder = TRY(make_work_folder(launch.user));

  out->has_namespace = is_full;
  out->cgroup = Cgroup::make(
      places_, {command.limits.memory_bytes, command.limits.pids + kOwnProcesses, command.limits.cpu});
  if (out->cgroup)
    for (const UniqueFd& fd : out->cgroup->entrances()) launch.entrances.push_back(fd.get());

  Pipe stdout_pipe, stderr_pipe, report_pipe, info_pipe;
  if (!stdout_pipe.open() || !stderr_pipe.open() || !report_pipe.open() || !info_pipe.open())
    return spawn_failed("pipe");
  const UniqueFd input = command.stdin_text.empty() ? UniqueFd(open("/dev/null", O_RDONLY | O_CLOEXEC))
                                                    : memory_file("pawl-stdin", command.stdin_text);
  const UniqueFd job = memory_file("pawl-job", job_text(command, *out, root));
  // Opened again, so that each reader has its own place in it.
  const UniqueFd image(
      open(("/proc/self/fd/" + std::to_string(init_image_.get())).c_str(), O_RDONLY | O_CLOEXEC));
  if (!input || !job || !image) return spawn_failed("memory file");

  std::vector<std::string> arguments{"pawl-sandbox-init"};
  std::vector<std::string> environment{"PATH=/usr/sbin:/usr/bin:/sbin:/bin"};
  if (is_full) {
    launch.program = bubblewrap_.c_str();
    arguments = fixed_arguments_;
    add_call_arguments(arguments, command.limits.disk_bytes, 5, 6);
    launch.sources = {input.get(), stdout_pipe.write_end.get(), stderr_pipe.write_end.get(),
                      job.get(),   report_pipe.write_end.get(), info_pipe.write_end.get(),
                      image.get()};
  } else {
    launch.sources = {input.get(), stdout_pipe.write_end.get(), stderr_pipe.write_end.get(),
                      job.get(),   report_pipe.write_end.get(), image.get(),
                      -1};
  }
  launch.argv = pointers(arguments);
  launch.env = pointers(environment);

  out->pid = fork();
  if (out->pid == 0) become(launch);
  if (out->pid < 0) return spawn_failed("fork");
  out->pidfd.reset(static_cast<int>(syscall(SYS_pidfd_open, out->pid, 0)));
  if (!out->pidfd) {
    kill(out->pid, SIGKILL);
    waitpid(out->pid, nullptr, 0);
    out->is_reaped = true;
    return spawn_failed("pidfd");
  }
  out->out = std::move(stdout_pipe.read_end);
  out->err = std::move(stderr_pipe.read_end);
  out->report = std::move(report_pipe.read_end);
  out->info = std::move(info_pipe.read_end);
  return out;
}

Result<void> LinuxSandbox::run_trial() {
  const Command trial{.argv = {"true"},
                      .environment = {"PATH=/usr/bin:/bin"},
                      .cwd = "",
                      .stdin_text = "",
                      .limits = {kDefaultMemoryBytes, kDefaultDiskBytes, kDefaultPids, kDefaultCpu}};
  const auto running = TRY(start(trial));
  pollfd wait{running->pidfd.get(), POLLIN, 0};
  if (poll(&wait, 1, kTrialMs) != 1) running->kill_tree();
  waitpid(running->pid, nullptr, 0);
  running->is_reaped = true;
  const auto report = running->read_report();
  if (report && report->outcome == init::Outcome::kExited && report->status == 0) return {};
  std::array<char, 512> said{};
  const ssize_t n = read(running->err.get(), said.data(), said.size() - 1);
  std::string why(said.data(), n > 0 ? static_cast<std::size_t>(n) : 0);
  while (!why.empty() && why.back() == '\n') why.pop_back();
  if (why.empty() && report) why = std::strerror(report->status);
  return unavailable(
      "a trial in the sandbox '" + std::string(to_string(profile_)) + "' failed: " + why,
      "Allow unprivileged user namespaces (kernel.unprivileged_userns_clone=1), or choose a weaker profile "
      "by name: sandbox=landlock.");
}

}  // namespace

std::string_view to_string(SandboxProfile profile) {
  switch (profile) {
    case SandboxProfile::kFull: return "full";
    case SandboxProfile::kLandlock: return "landlock";
    case SandboxProfile::kNone: return "none-i-accept-the-risk";
  }
  return "";
}

std::optional<SandboxProfile> parse_sandbox_profile(std::string_view text) {
  for (const SandboxProfile profile :
       {SandboxProfile::kFull, SandboxProfile::kLandlock, SandboxProfile::kNone})
    if (to_string(profile) == text) return profile;
  return std::nullopt;
}

Result<std::unique_ptr<Sandbox>> Sandbox::probe(SandboxProfile profile) {
  auto out = std::make_unique<LinuxSandbox>(profile);
  TRY(out->prepare());
  return std::unique_ptr<Sandbox>(std::move(out));
}

}  // namespace pawl::tools
