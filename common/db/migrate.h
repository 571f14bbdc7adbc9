// Numbered, forward-only migrations with a checksum each. Blocking: run by `pawl migrate` and at start when
// told.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/base/result.h"

namespace pawl::db {

struct Migration {
  std::uint32_t number;
  std::string name;
  std::string sql;
};

/// The migrations compiled into this binary (from deploy/migrations/NNNN_name.sql), in order.
const std::vector<Migration>& migrations();

struct MigrationReport {
  std::uint32_t before = 0;
  std::uint32_t after = 0;
  std::vector<std::string> applied;
};

/// One line a person can act on, as `schema 12 is newer than this binary (10)…`, is the message of every
/// error below.

/// Brings the schema at `url` to the newest number under an advisory lock, one transaction per migration.
/// Errors: kConflict/schema_newer (a database newer than the binary), kConflict/checksum_mismatch,
/// kUnavailable, kInternal.
Result<MigrationReport> migrate(const std::string& url, const std::vector<Migration>& list = migrations());
/// The number found at `url` (0 when empty), checked as above but changing nothing.
Result<std::uint32_t> schema_version(const std::string& url,
                                     const std::vector<Migration>& list = migrations());

}  // namespace pawl::db
