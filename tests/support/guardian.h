// A small process that outlives the test run by a moment: when the test process is gone, however it went, it
// kills the process groups and removes the folders that were named to it.
#pragma once

#include <sys/types.h>

#include <filesystem>

namespace pawl::testing {

void guard_group(pid_t group);
/// The group has ended; its number may be used again by others.
void forget_group(pid_t group);
void guard_folder(const std::filesystem::path& folder);

}  // namespace pawl::testing
