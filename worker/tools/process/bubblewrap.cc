#include "worker/tools/process/bubblewrap.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <initializer_list>
#include <system_error>

namespace pawl::tools {
namespace {

/// Enough for what programs share between their processes.
constexpr std::int64_t kMaxSharedMemoryBytes = std::int64_t{64} << 20;
/// Where the command starts, and all that it can write.
const std::string kWorkFolder = "/work";
const std::string kTemporaryFolder = kWorkFolder + "/.tmp";
constexpr const char* kInitPath = "/.pawl-init";

void add(std::vector<std::string>& out, std::initializer_list<std::string> words) {
  out.insert(out.end(), words);
}

}  // namespace

std::string find_bubblewrap() {
  for (const char* path : {"/usr/bin/bwrap", "/usr/local/bin/bwrap", "/bin/bwrap"})
    if (access(path, X_OK) == 0) return path;
  return "";
}

std::vector<std::string> bubblewrap_arguments() {
  std::vector<std::string> out{"bwrap"};
  add(out, {"--unshare-user", "--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts",
            "--unshare-cgroup-try"});
  add(out, {"--uid", "1000", "--gid", "1000", "--hostname", "sandbox", "--cap-drop", "ALL"});
  add(out, {"--die-with-parent", "--new-session", "--as-pid-1"});
  add(out, {"--ro-bind", "/usr", "/usr"});
  for (const std::string folder : {"/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"}) {
    std::error_code error;
    const auto status = std::filesystem::symlink_status(folder, error);
    if (std::filesystem::is_symlink(status))
      add(out, {"--symlink", std::filesystem::read_symlink(folder, error).string(), folder});
    else if (std::filesystem::is_directory(status))
      add(out, {"--ro-bind", folder, folder});
  }
  for (const std::string path :
       {"/etc/alternatives", "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/ssl/certs",
        "/etc/localtime", "/etc/nsswitch.conf", "/etc/mime.types"})
    add(out, {"--ro-bind-try", path, path});
  add(out, {"--proc", "/proc", "--dev", "/dev"});
  return out;
}

void add_call_arguments(std::vector<std::string>& out, std::int64_t disk_bytes, int info_fd, int init_fd) {
  // One bounded file system for /work and /tmp, so that one number is the limit of both.
  add(out, {"--size", std::to_string(disk_bytes), "--tmpfs", kWorkFolder, "--perms", "1777", "--dir",
            kTemporaryFolder});
  add(out, {"--symlink", kTemporaryFolder.substr(1), "/tmp"});
  add(out, {"--size", std::to_string(std::min(disk_bytes, kMaxSharedMemoryBytes)), "--tmpfs", "/dev/shm"});
  add(out, {"--perms", "0555", "--ro-bind-data", std::to_string(init_fd), kInitPath});
  add(out, {"--remount-ro", "/dev", "--remount-ro", "/"});
  add(out, {"--info-fd", std::to_string(info_fd), "--chdir", "/", "--", kInitPath});
}

}  // namespace pawl::tools
