// The command line of bubblewrap: what a sandboxed process sees of this machine.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace pawl::tools {

/// The path of bwrap, or "" when it is not installed.
std::string find_bubblewrap();

/// What all calls have in common: every namespace, a read-only system, no capabilities.
std::vector<std::string> bubblewrap_arguments();

/// The rest: the bounded work folder, where bwrap tells the first pid, and the init that it finds in
/// descriptor `init_fd`.
void add_call_arguments(std::vector<std::string>& arguments, std::int64_t disk_bytes, int info_fd,
                        int init_fd);

}  // namespace pawl::tools
