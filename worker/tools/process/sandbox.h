// Starts commands in a sandbox: bubblewrap with all namespaces, seccomp, cgroup and rlimits; or a weaker
// profile that the operator chose by name. Knows nothing of tools and calls.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"
#include "worker/tools/process/cgroup.h"
#include "worker/tools/process/init_protocol.h"
#include "worker/tools/process/unique_fd.h"

namespace pawl::tools {

enum class SandboxProfile : std::uint8_t {
  kFull,      ///< namespaces, seccomp, cgroup where there is one, rlimits
  kLandlock,  ///< for pods that may not make namespaces: Landlock, seccomp without sockets, rlimits
  kNone,      ///< "none-i-accept-the-risk": rlimits and another user where possible
};
std::string_view to_string(SandboxProfile profile);
std::optional<SandboxProfile> parse_sandbox_profile(std::string_view text);

struct SandboxLimits {
  std::int64_t memory_bytes = 0;
  std::int64_t disk_bytes = 0;
  int pids = 0;
  double cpu = 1;
};

struct Command {
  std::vector<std::string> argv;         ///< not empty; none has a NUL
  std::vector<std::string> environment;  ///< "NAME=value"; all there is
  std::string cwd;                       ///< below the work folder, relative; "" is the folder itself
  std::string stdin_text;
  SandboxLimits limits;
};

/// A sandbox that runs. Who holds it reaps `pid` (a pidfd tells when) and kills by `kill_tree`; destroying it
/// with the process alive is a bug. The worker's death kills it all.
struct Sandboxed {
  Sandboxed() = default;
  ~Sandboxed();
  Sandboxed(const Sandboxed&) = delete;
  Sandboxed& operator=(const Sandboxed&) = delete;

  /// Kills everything in it; the end of `pid` is the end of all. Calling it again is harmless.
  void kill_tree();
  /// Stops or continues everything in it. False where that can't be done.
  bool freeze();
  void thaw();
  /// Removes its group and its folder; once `pid` is reaped.
  void clean_up();
  /// What the init said, once `pid` is reaped; nothing when it was killed.
  std::optional<init::Report> read_report() const;

  pid_t pid = -1;     ///< bwrap, or the init itself in weaker profiles; a child of this process
  UniqueFd pidfd;     ///< readable when `pid` has ended
  UniqueFd out, err;  ///< its output, non-blocking
  UniqueFd report;
  UniqueFd info;  ///< where bwrap says the init's pid
  std::unique_ptr<Cgroup> cgroup;
  std::string work_folder;  ///< on disk, removed at the end; "" when it was in memory
  bool has_namespace = false;
  bool is_reaped = false;
  bool is_frozen = false;

 private:
  /// The first process of the namespace, as this process knows it; −1 before bwrap has said.
  pid_t first_pid();
  pid_t first_pid_ = -1;
};

class Sandbox {
 public:
  /// Looks at what this machine has and runs one trial in it. Errors: kUnavailable/sandbox_unavailable with
  /// the layer that is missing and what to do, when `profile` can't be had.
  static Result<std::unique_ptr<Sandbox>> probe(SandboxProfile profile);
  virtual ~Sandbox() = default;

  /// Errors: kUnavailable/spawn_failed.
  virtual Result<std::unique_ptr<Sandboxed>> start(const Command& command) = 0;
  [[nodiscard]] virtual SandboxProfile profile() const = 0;
  /// One line for people: "full: namespaces, seccomp, cgroup v1 (memory, cpu, pids, freezer)".
  [[nodiscard]] virtual const std::string& layers() const = 0;
  /// Every layer of `full` and a cgroup for memory, CPU and processes.
  [[nodiscard]] virtual bool is_complete() const = 0;
};

}  // namespace pawl::tools
