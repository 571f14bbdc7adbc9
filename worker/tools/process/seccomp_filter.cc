#include "worker/tools/process/seccomp_filter.h"

#include <linux/sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

#include "worker/tools/process/unique_fd.h"

namespace pawl::tools {
namespace {

constexpr const char* kDenied[] = {
    // Other processes, and ways around no_new_privs
    "ptrace",
    "process_vm_readv",
    "process_vm_writev",
    "process_madvise",
    "pidfd_getfd",
    "kcmp",
    // Namespaces and mounts
    "unshare",
    "setns",
    "mount",
    "umount",
    "umount2",
    "pivot_root",
    "chroot",
    "move_mount",
    "open_tree",
    "fsopen",
    "fsconfig",
    "fsmount",
    "fspick",
    "mount_setattr",
    "open_by_handle_at",
    "name_to_handle_at",
    // Kernel surface that jobs do not need
    "bpf",
    "perf_event_open",
    "userfaultfd",
    "io_uring_setup",
    "io_uring_enter",
    "io_uring_register",
    "add_key",
    "request_key",
    "keyctl",
    "fanotify_init",
    "lookup_dcookie",
    "vmsplice",
    "migrate_pages",
    "move_pages",
    "mbind",
    "set_mempolicy",
    "modify_ldt",
    "uselib",
    "ustat",
    "sysfs",
    "_sysctl",
    "nfsservctl",
    "vm86",
    "vm86old",
    "remap_file_pages",
    // The machine
    "init_module",
    "finit_module",
    "delete_module",
    "create_module",
    "query_module",
    "get_kernel_syms",
    "kexec_load",
    "kexec_file_load",
    "reboot",
    "swapon",
    "swapoff",
    "acct",
    "quotactl",
    "quotactl_fd",
    "syslog",
    "iopl",
    "ioperm",
    "settimeofday",
    "clock_settime",
    "clock_adjtime",
    "adjtimex",
    "stime",
    "sethostname",
    "setdomainname",
    "vhangup",
    "personality",
};

constexpr std::uint64_t kNamespaceFlags = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC |
                                          CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWTIME;

using Filter = std::unique_ptr<void, decltype(&seccomp_release)>;

bool deny(void* filter, const char* name, int error = EPERM) {
  const int number = seccomp_syscall_resolve_name(name);
  if (number == __NR_SCMP_ERROR) return true;  // this machine has no such call
  const int added = seccomp_rule_add(filter, SCMP_ACT_ERRNO(static_cast<unsigned>(error)), number, 0);
  return added == 0 || added == -EDOM;  // EDOM: not on this architecture
}

bool deny_flag_by_flag(void* filter) {
  // One rule a flag: a rule on a mask compares with one value, and any of these bits is enough.
  for (std::uint64_t bit = 1; bit != 0 && bit <= kNamespaceFlags; bit <<= 1) {
    if ((kNamespaceFlags & bit) == 0) continue;
    if (seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1,
                         SCMP_A0(SCMP_CMP_MASKED_EQ, bit, bit)) != 0)
      return false;
  }
  return true;
}

bool deny_sockets(void* filter, NetworkCalls network) {
  const int number = SCMP_SYS(socket);
  const auto refuse = [&](scmp_arg_cmp family) {
    return seccomp_rule_add(filter, SCMP_ACT_ERRNO(EAFNOSUPPORT), number, 1, family) == 0;
  };
  if (network == NetworkCalls::kDenied) return refuse(SCMP_A0(SCMP_CMP_NE, AF_UNIX));
  for (int family = 0; family < AF_MAX; ++family) {
    if (family == AF_UNIX || family == AF_INET || family == AF_INET6 || family == AF_NETLINK) continue;
    if (!refuse(SCMP_A0(SCMP_CMP_EQ, static_cast<scmp_datum_t>(family)))) return false;
  }
  return refuse(SCMP_A0(SCMP_CMP_GE, AF_MAX));
}

bool deny_terminal_input(void* filter) {
  for (const unsigned long request :
       {static_cast<unsigned long>(TIOCSTI), static_cast<unsigned long>(TIOCLINUX)})
    // Only the low 32 bits count for the kernel.
    if (seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(ioctl), 1,
                         SCMP_A1(SCMP_CMP_MASKED_EQ, 0xffffffffUL, request)) != 0)
      return false;
  return true;
}

}  // namespace

Result<std::string> make_seccomp_filter(NetworkCalls network) {
  const auto broken = [] {
    return fail(ErrorKind::kInternal, "sandbox_unavailable", "libseccomp can't make the filter");
  };
  const Filter filter(seccomp_init(SCMP_ACT_ALLOW), &seccomp_release);
  if (!filter) return broken();
  for (const char* name : kDenied)
    if (!deny(filter.get(), name)) return broken();
  if (!deny(filter.get(), "clone3", ENOSYS)) return broken();
  if (!deny_flag_by_flag(filter.get()) || !deny_sockets(filter.get(), network) ||
      !deny_terminal_input(filter.get()))
    return broken();
  const UniqueFd file(memfd_create("pawl-seccomp", MFD_CLOEXEC));
  if (!file || seccomp_export_bpf(filter.get(), file.get()) != 0) return broken();
  const off_t size = lseek(file.get(), 0, SEEK_END);
  std::string out(static_cast<std::size_t>(size), '\0');
  if (pread(file.get(), out.data(), out.size(), 0) != size) return broken();
  return out;
}

}  // namespace pawl::tools
