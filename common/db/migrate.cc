#include "common/db/migrate.h"

#include <algorithm>
#include <map>

#include "common/base/bytes.h"
#include "common/db/limits.h"
#include "common/db/session.h"

namespace pawl::db {
namespace {

/// Any number, the same for everyone who migrates.
constexpr const char* kLock = "SELECT pg_advisory_lock(7245901126)";
constexpr const char* kUnlock = "SELECT pg_advisory_unlock(7245901126)";
constexpr const char* kTable =
    "CREATE TABLE IF NOT EXISTS pawl_migrations ("
    " number integer PRIMARY KEY, name text NOT NULL, checksum text NOT NULL,"
    " applied_at timestamptz NOT NULL DEFAULT now())";
constexpr const char* kApplied = "SELECT number, checksum FROM pawl_migrations ORDER BY number";
constexpr const char* kInsert = "INSERT INTO pawl_migrations (number, name, checksum) VALUES ($1, $2, $3)";

struct Applied {
  std::map<std::uint32_t, std::string> checksums;
  [[nodiscard]] std::uint32_t newest() const { return checksums.empty() ? 0 : checksums.rbegin()->first; }
};

Result<PqConnection> open(const std::string& url) {
  PqConnection connection(PQconnectdb(url.c_str()));
  if (!connection || PQstatus(connection.get()) != CONNECTION_OK) {
    const std::string why = connection ? first_line(PQerrorMessage(connection.get())) : "out of memory";
    return fail(ErrorKind::kUnavailable, "postgres_unavailable", "cannot connect to Postgres: " + why,
                "check postgres_url and that the server runs");
  }
  PQsetNoticeProcessor(
      connection.get(), [](void*, const char*) {}, nullptr);
  return connection;
}

Result<PqResult> execute(PGconn* connection, const char* sql, const std::vector<const char*>& values = {}) {
  // Without parameters the simple protocol, which takes many statements at once.
  PqResult result(values.empty() ? PQexec(connection, sql)
                                 : PQexecParams(connection, sql, static_cast<int>(values.size()), nullptr,
                                                values.data(), nullptr, nullptr, 0));
  const ExecStatusType status = PQresultStatus(result.get());
  if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) return result;
  const char* state = PQresultErrorField(result.get(), PG_DIAG_SQLSTATE);
  if (state == nullptr)
    return fail(ErrorKind::kUnavailable, "connection_lost", first_line(PQerrorMessage(connection)));
  return fail(sqlstate_kind(state), state, first_line(PQerrorMessage(connection)));
}

Result<Applied> read_applied(PGconn* connection) {
  Applied applied;
  const PqResult there = TRY(execute(connection, "SELECT to_regclass('pawl_migrations') IS NOT NULL"));
  if (std::string_view(PQgetvalue(there.get(), 0, 0)) != "t") return applied;
  const PqResult rows = TRY(execute(connection, kApplied));
  for (int row = 0; row < PQntuples(rows.get()); ++row) {
    const auto number = static_cast<std::uint32_t>(std::strtoul(PQgetvalue(rows.get(), row, 0), nullptr, 10));
    applied.checksums[number] = PQgetvalue(rows.get(), row, 1);
  }
  return applied;
}

Result<void> check(const Applied& applied, const std::vector<Migration>& list) {
  const std::uint32_t known = list.empty() ? 0 : list.back().number;
  if (applied.newest() > known) {
    return fail(ErrorKind::kConflict, "schema_newer",
                "the database's schema (" + std::to_string(applied.newest()) +
                    ") is newer than this binary's (" + std::to_string(known) + ")",
                "run the version of Pawl that migrated it, or a later one");
  }
  for (const Migration& migration : list) {
    const auto found = applied.checksums.find(migration.number);
    if (found == applied.checksums.end() || found->second == to_hex(sha256(migration.sql))) continue;
    return fail(ErrorKind::kConflict, "checksum_mismatch",
                "migration " + std::to_string(migration.number) + " (" + migration.name +
                    ") was applied with another text than this binary's",
                "run a released version of Pawl; released migrations never change");
  }
  return {};
}

Result<void> apply(PGconn* connection, const Migration& migration) {
  TRY(execute(connection, "BEGIN"));
  auto done = execute(connection, migration.sql.c_str());
  if (done) {
    const std::string number = std::to_string(migration.number);
    const std::string checksum = to_hex(sha256(migration.sql));
    done = execute(connection, kInsert, {number.c_str(), migration.name.c_str(), checksum.c_str()});
  }
  if (done) done = execute(connection, "COMMIT");
  if (done) return {};
  Error error = std::move(done).error();
  static_cast<void>(execute(connection, "ROLLBACK"));
  error.message =
      "migration " + std::to_string(migration.number) + " (" + migration.name + ") failed: " + error.message;
  return fail(std::move(error));
}

}  // namespace

Result<MigrationReport> migrate(const std::string& url, const std::vector<Migration>& list) {
  const PqConnection connection = TRY(open(url));
  PGconn* const raw = connection.get();
  TRY(execute(raw, ("SET lock_timeout = " + std::to_string(kMigrateLockTimeout.count())).c_str()));
  TRY(execute(raw, kLock));  // released with the connection when we leave early
  Applied applied = TRY(read_applied(raw));
  TRY(check(applied, list));
  MigrationReport report;
  report.before = applied.newest();
  report.after = report.before;
  if (applied.checksums.empty()) TRY(execute(raw, kTable));
  for (const Migration& migration : list) {
    if (applied.checksums.contains(migration.number)) continue;
    TRY(apply(raw, migration));
    report.applied.push_back(migration.name);
    report.after = std::max(report.after, migration.number);
  }
  TRY(execute(raw, kUnlock));
  return report;
}

Result<std::uint32_t> schema_version(const std::string& url, const std::vector<Migration>& list) {
  const PqConnection connection = TRY(open(url));
  const Applied applied = TRY(read_applied(connection.get()));
  TRY(check(applied, list));
  return applied.newest();
}

}  // namespace pawl::db
