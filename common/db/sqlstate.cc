// What a SQLSTATE means to the caller. One table; the longest prefix wins.
#include <array>

#include "common/db/connection.h"

namespace pawl::db {
namespace {

struct Row {
  std::string_view prefix;
  ErrorKind kind;
};

// Source: PostgreSQL 15, appendix A.
constexpr std::array kKinds = {
    Row{"40001", ErrorKind::kConflict},     // serialization failure
    Row{"40P01", ErrorKind::kConflict},     // deadlock
    Row{"55P03", ErrorKind::kConflict},     // lock_timeout
    Row{"23505", ErrorKind::kConflict},     // unique violation
    Row{"57014", ErrorKind::kTimeout},      // statement_timeout
    Row{"25P03", ErrorKind::kTimeout},      // idle_in_transaction_session_timeout
    Row{"25006", ErrorKind::kUnavailable},  // read only: a standby, for now
    Row{"57P", ErrorKind::kUnavailable},    // shutting down, crashed, starting up
    Row{"08", ErrorKind::kUnavailable},     // connection
    Row{"53", ErrorKind::kUnavailable},     // out of memory, disk, connections
    Row{"21", ErrorKind::kInvalid},         // cardinality
    Row{"22", ErrorKind::kInvalid},         // data
    Row{"23", ErrorKind::kInvalid},         // integrity
    Row{"54", ErrorKind::kInvalid},         // too big, too many
};

}  // namespace

ErrorKind sqlstate_kind(std::string_view sqlstate) {
  const Row* best = nullptr;
  for (const Row& row : kKinds) {
    if (sqlstate.starts_with(row.prefix) && (best == nullptr || row.prefix.size() > best->prefix.size()))
      best = &row;
  }
  return best == nullptr ? ErrorKind::kInternal : best->kind;
}

bool is_in_doubt(const Error& error) { return error.code == "in_doubt"; }

}  // namespace pawl::db
