// The system calls a sandboxed process may not make.
#pragma once

#include <string>

#include "common/base/result.h"

namespace pawl::tools {

enum class NetworkCalls : unsigned char { kAllowed, kDenied };

/// The filter as BPF instructions. Calls that reach outside the sandbox or at little-used kernel code fail
/// with EPERM; clone3 fails with ENOSYS, since a filter can't see its flags and libc falls back to clone.
/// `kDenied`: no sockets but local ones, for profiles without a network namespace. Errors:
/// kInternal/sandbox_unavailable.
Result<std::string> make_seccomp_filter(NetworkCalls network);

}  // namespace pawl::tools
