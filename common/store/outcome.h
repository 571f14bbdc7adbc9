// What a failed transaction means for its callers: small questions over db::Error, asked by every Postgres
// store.
#pragma once

#include <string_view>

#include "common/base/result.h"
#include "common/db/connection.h"

namespace pawl::store {

/// The data was refused (SQLSTATE class 21, 22, 23, 54): a batch is halved down to the culprit. Not a missing
/// partition, which is nobody's data (23514 from tuple routing names no constraint; executions' own checks
/// can't fail by input).
inline bool is_data_error(const Error& error) {
  const std::string_view code = error.code;
  if (code.size() != 5 || code == "23514") return false;
  return code.starts_with("21") || code.starts_with("22") || code.starts_with("23") || code.starts_with("54");
}
inline bool is_unique_violation(const Error& error) { return error.code == "23505"; }
/// Lost a race, or the backend was ended before it could commit: the same transaction may simply run again.
inline bool is_repeatable(const Error& error) {
  if (db::is_in_doubt(error)) return false;
  const std::string_view code = error.code;
  return code == "40001" || code == "40P01" || code == "55P03" || code.starts_with("57P");
}

/// The error as callers of a port see it: the contract's codes, nothing of Postgres.
inline Error as_port_error(const Error& error) {
  switch (error.kind) {
    case ErrorKind::kTimeout:
      return {ErrorKind::kTimeout, "unavailable", "the database did not answer in time"};
    case ErrorKind::kOverloaded:
      return {ErrorKind::kOverloaded, "overloaded", "too many requests wait for the database"};
    case ErrorKind::kInvalid: return {ErrorKind::kInvalid, error.code, "the database refused the data"};
    case ErrorKind::kInternal: return {ErrorKind::kInternal, "internal", error.message};
    default: return {ErrorKind::kUnavailable, "unavailable", "the database is not available"};
  }
}

}  // namespace pawl::store
