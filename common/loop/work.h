// Blocking work on libuv's thread pool: name resolution, big file reads, hashing.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "common/base/result.h"
#include "common/loop/loop.h"

namespace pawl {

/// Runs `work` on the pool and then `done` on the loop. `work` touches nothing the loop owns.
void run_blocking(Loop& loop, std::function<void()> work, std::function<void()> done);

/// Numeric addresses of `host`, in the resolver's order. Errors: kUnavailable/name_not_resolved.
void resolve(Loop& loop, const std::string& host, Done<std::vector<std::string>> done);

}  // namespace pawl
