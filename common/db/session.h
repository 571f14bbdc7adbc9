// One open libpq connection in pipeline mode: sends a call's statements with one Sync and gathers what comes
// back. Seen only inside common/db.
#pragma once

#include <libpq-fe.h>

#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

#include "common/db/connection.h"
#include "common/loop/fd_poll.h"
#include "common/loop/timer.h"

namespace pawl::db {

struct PqFinish {
  void operator()(PGconn* connection) const { PQfinish(connection); }
};
using PqConnection = std::unique_ptr<PGconn, PqFinish>;

struct PqClear {
  void operator()(PGresult* result) const { PQclear(result); }
};
using PqResult = std::unique_ptr<PGresult, PqClear>;

/// libpq's message without its line breaks.
std::string first_line(const char* message);

class Session : public std::enable_shared_from_this<Session> {
 public:
  /// `connection` is connected; its socket is watched from here on.
  Session(Loop& loop, PqConnection connection, Millis statement_timeout,
          std::function<void(const Error&)> on_lost);
  void start();
  /// The owner is gone: closes, calls nothing.
  void detach();

  void run(std::vector<Call> calls, const std::vector<Uuid>& tenants, MonoTime deadline,
           Done<std::vector<RowsPtr>> done);
  [[nodiscard]] bool busy() const { return static_cast<bool>(done_); }
  [[nodiscard]] bool connected() const { return connection_ != nullptr; }

 private:
  /// One answer to expect, in the order of sending.
  struct Step {
    enum class Kind : unsigned char { kTenants, kPrepare, kCall } kind;
    const char* prepared;  // for kPrepare
  };

  [[nodiscard]] bool send(const std::vector<Call>& calls, const std::vector<Uuid>& tenants);
  [[nodiscard]] bool send_prepare(const Statement& statement);
  [[nodiscard]] bool send_execute(const Statement& statement, const Params& params);
  void flush();
  void on_ready(FdEvents events);
  void read_results();
  void take_result(PqResult result);
  void take_error(const PGresult& result);
  void end_call();
  void lose(const Error& why);
  [[nodiscard]] Error lost_call(const Error& why) const;

  Loop& loop_;
  PqConnection connection_;
  Millis statement_timeout_;
  std::function<void(const Error&)> on_lost_;
  std::unique_ptr<FdPoll> poll_;
  Timer deadline_;
  std::unordered_set<std::string_view> prepared_;  // names, which are static

  Done<std::vector<RowsPtr>> done_;  // set while a call is under way
  std::vector<Step> steps_;
  std::size_t cursor_ = 0;  // the step whose results are being read
  bool got_result_ = false;
  bool all_sent_ = false;  // the kernel has the Sync: from here on a commit may happen
  bool stale_plans_ = false;
  bool error_before_sync_ = false;  // error_ answered a statement, so the transaction did not commit
  std::vector<RowsPtr> rows_;
  std::unique_ptr<Error> error_;

  std::vector<const char*> values_;
  std::vector<int> lengths_;
  std::vector<int> formats_;
};

}  // namespace pawl::db
