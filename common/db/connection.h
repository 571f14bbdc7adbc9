// One Postgres connection on the loop: libpq, non-blocking, prepared statements, one pipeline with one Sync
// per call. Never PQcancel or PQreset (they block): a time-out cuts the connection, and a new one is made.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.h"
#include "common/base/ids.h"
#include "common/base/result.h"
#include "common/loop/loop.h"

namespace pawl::db {

/// A statement prepared once per connection on first use. Instances are static constants; `name` is unique.
struct Statement {
  const char* name;
  const char* sql;
};

/// One parameter in Postgres' text or binary form. The helpers of params.h make them, arrays included.
struct Param {
  std::optional<std::string> value;  ///< nullopt is NULL
  bool binary = false;
};
using Params = std::vector<Param>;

/// Rows of one statement; values in text form. Owns its memory.
class Rows {
 public:
  virtual ~Rows() = default;
  [[nodiscard]] virtual std::size_t size() const = 0;
  [[nodiscard]] virtual bool is_null(std::size_t row, int column) const = 0;
  /// Valid while this object lives; "" for NULL.
  [[nodiscard]] virtual std::string_view text(std::size_t row, int column) const = 0;
  /// Rows touched by INSERT/UPDATE/DELETE without RETURNING.
  [[nodiscard]] virtual std::int64_t affected() const = 0;

  [[nodiscard]] std::int64_t integer(std::size_t row, int column) const;
  [[nodiscard]] bool boolean(std::size_t row, int column) const;
  [[nodiscard]] Uuid uuid(std::size_t row, int column) const;
  /// A timestamptz column; the session's DateStyle is ISO and its TimeZone UTC.
  [[nodiscard]] WallTime time(std::size_t row, int column) const;
};
using RowsPtr = std::unique_ptr<Rows>;

struct Call {
  const Statement* statement = nullptr;
  Params params;
};

/// How an operation ended when it did not succeed. Error.code is the SQLSTATE (or "in_doubt",
/// "not_connected", "connection_lost", "timeout"):
/// - kUnavailable: try again. The connection was lost before all was sent, so that nothing was committed;
///   57P0x, 53xxx, 08xxx, 25006.
/// - kTimeout: 57014, cut by the deadline (timeout); or in_doubt: lost or cut after all was sent, before the
///   server's last word, so that a commit may have happened.
/// - kConflict: 40001, 40P01, 55P03, 23505.
/// - kInvalid: 22xxx, 23xxx, 54xxx, 21xxx. The data is refused.
/// - kInternal: anything else.
[[nodiscard]] ErrorKind sqlstate_kind(std::string_view sqlstate);
/// True when the operation may have been committed although it failed.
[[nodiscard]] bool is_in_doubt(const Error& error);

struct ConnectionOptions {
  std::string url;   ///< postgres URL or key=value string
  std::string role;  ///< SET ROLE after connecting; "" = none
  std::string application_name;
  Millis connect_timeout{5000};
  Millis statement_timeout{5000};  ///< also the client's deadline for a call, + 1 s
};

class Connection {
 public:
  virtual ~Connection() = default;  ///< cuts; a call under way is never answered
  /// Runs all `calls` as one implicit transaction in one pipeline with one Sync: all commit or none.
  /// `tenants`: set as pawl.tenants for the transaction when not empty (row security).
  /// At most one `run` is under way; `busy` tells. At `deadline`, or statement_timeout + 1 s if that is
  /// earlier, the connection is cut. Errors as above. The result has one Rows per call.
  virtual void run(std::vector<Call> calls, const std::vector<Uuid>& tenants, MonoTime deadline,
                   Done<std::vector<RowsPtr>> done) = 0;
  [[nodiscard]] virtual bool busy() const = 0;
  [[nodiscard]] virtual bool connected() const = 0;
};

/// A connection attempt; destroying it cancels, and then nothing is called.
class Connecting {
 public:
  virtual ~Connecting() = default;
};

/// Connects (resolved on the pool, every address tried within its share of the time), with role and session
/// time-outs set. `on_lost` is called once when the connection is gone after it was made; a call under way
/// gets its own error first. Errors: kUnavailable/postgres_unavailable, kTimeout/connect_timeout,
/// kInvalid/bad_postgres_url.
[[nodiscard]] std::unique_ptr<Connecting> connect(Loop& loop, ConnectionOptions options,
                                                  std::function<void(const Error&)> on_lost,
                                                  Done<std::unique_ptr<Connection>> done);

}  // namespace pawl::db
