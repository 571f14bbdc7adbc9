#include "common/db/session.h"

#include <charconv>
#include <cstring>

#include "common/base/assert.h"
#include "common/db/limits.h"

namespace pawl::db {
namespace {

constexpr Statement kSetTenants{"pawl_set_tenants", "SELECT set_config('pawl.tenants', $1, true)"};

class PgRows final : public Rows {
 public:
  explicit PgRows(PqResult result) : result_(std::move(result)) {}
  [[nodiscard]] std::size_t size() const override {
    return static_cast<std::size_t>(PQntuples(result_.get()));
  }
  [[nodiscard]] bool is_null(std::size_t row, int column) const override {
    return PQgetisnull(result_.get(), static_cast<int>(row), column) != 0;
  }
  [[nodiscard]] std::string_view text(std::size_t row, int column) const override {
    const int at = static_cast<int>(row);
    PAWL_ASSERT(row < size() && column >= 0 && column < PQnfields(result_.get()), "row and column exist");
    return {PQgetvalue(result_.get(), at, column),
            static_cast<std::size_t>(PQgetlength(result_.get(), at, column))};
  }
  [[nodiscard]] std::int64_t affected() const override {
    const std::string_view count = PQcmdTuples(result_.get());
    std::int64_t number = 0;
    std::from_chars(count.data(), count.data() + count.size(), number);
    return number;
  }

 private:
  PqResult result_;
};

Params tenants_param(const std::vector<Uuid>& tenants) {
  std::string list = "{";
  for (const Uuid& tenant : tenants) {
    if (list.size() > 1) list += ',';
    list += tenant.to_string();
  }
  list += '}';
  return {{std::move(list), false}};
}

}  // namespace

std::string first_line(const char* message) {
  std::string line;
  for (const char* at = message; *at != '\0'; ++at) {
    if (*at != '\n') {
      line += *at;
    } else if (at[1] != '\0') {
      line += ' ';
    }
  }
  return line;
}

Session::Session(Loop& loop, PqConnection connection, Millis statement_timeout,
                 std::function<void(const Error&)> on_lost)
    : loop_(loop),
      connection_(std::move(connection)),
      statement_timeout_(statement_timeout),
      on_lost_(std::move(on_lost)),
      deadline_(loop) {
  PAWL_ASSERT(PQsetnonblocking(connection_.get(), 1) == 0, "an idle connection can be made non-blocking");
  PAWL_ASSERT(PQenterPipelineMode(connection_.get()) == 1, "an idle connection can enter pipeline mode");
  PQsetNoticeProcessor(
      connection_.get(), [](void*, const char*) {}, nullptr);
}

void Session::start() {
  poll_ = std::make_unique<FdPoll>(loop_, PQsocket(connection_.get()), [this](FdEvents events) {
    const auto keep = shared_from_this();
    on_ready(events);
  });
  poll_->watch(FdEvents::kRead);
}

void Session::detach() {
  on_lost_ = nullptr;
  done_ = nullptr;
  deadline_.stop();
  poll_.reset();
  connection_.reset();
}

void Session::run(std::vector<Call> calls, const std::vector<Uuid>& tenants, MonoTime deadline,
                  Done<std::vector<RowsPtr>> done) {
  PAWL_ASSERT(!busy(), "one call at a time");
  PAWL_ASSERT(!calls.empty(), "a call has statements");
  done_ = std::move(done);
  const std::weak_ptr<Session> weak = weak_from_this();
  if (!connected()) {
    loop_.post([weak] {
      const auto self = weak.lock();
      if (self && self->done_) {
        std::exchange(self->done_,
                      nullptr)(fail(ErrorKind::kUnavailable, "not_connected", "the connection is gone"));
      }
    });
    return;
  }
  const MonoTime last = std::min(deadline, loop_.now() + statement_timeout_ + kCutGrace);
  const auto left = std::max(std::chrono::ceil<Millis>(last - loop_.now()), Millis(0));
  deadline_.start(left, [this] {
    const auto keep = shared_from_this();
    lose({ErrorKind::kTimeout, "timeout", "Postgres did not answer in time"});
  });
  if (send(calls, tenants)) return;
  const Error why{ErrorKind::kUnavailable, "connection_lost", first_line(PQerrorMessage(connection_.get()))};
  loop_.post([weak, why] {
    if (const auto self = weak.lock()) self->lose(why);
  });
}

bool Session::send(const std::vector<Call>& calls, const std::vector<Uuid>& tenants) {
  steps_.clear();
  rows_.clear();
  error_.reset();
  cursor_ = 0;
  got_result_ = false;
  all_sent_ = false;
  error_before_sync_ = false;
  if (!tenants.empty()) {
    if (!send_prepare(kSetTenants) || !send_execute(kSetTenants, tenants_param(tenants))) return false;
    steps_.push_back({Step::Kind::kTenants, nullptr});
  }
  for (const Call& call : calls) {
    if (!send_prepare(*call.statement) || !send_execute(*call.statement, call.params)) return false;
    steps_.push_back({Step::Kind::kCall, nullptr});
  }
  if (PQpipelineSync(connection_.get()) != 1) return false;
  flush();
  return true;
}

bool Session::send_prepare(const Statement& statement) {
  if (prepared_.contains(statement.name)) return true;
  for (const Step& step : steps_) {
    if (step.prepared != nullptr && std::strcmp(step.prepared, statement.name) == 0) return true;
  }
  if (PQsendPrepare(connection_.get(), statement.name, statement.sql, 0, nullptr) != 1) return false;
  steps_.push_back({Step::Kind::kPrepare, statement.name});
  return true;
}

bool Session::send_execute(const Statement& statement, const Params& params) {
  values_.clear();
  lengths_.clear();
  formats_.clear();
  for (const Param& param : params) {
    values_.push_back(param.value ? param.value->c_str() : nullptr);
    lengths_.push_back(param.value ? static_cast<int>(param.value->size()) : 0);
    // libpq would cut text at a NUL. In binary form the server sees it, and refuses it.
    const bool cut = param.value && !param.binary && param.value->find('\0') != std::string::npos;
    formats_.push_back(param.binary || cut ? 1 : 0);
  }
  return PQsendQueryPrepared(connection_.get(), statement.name, static_cast<int>(params.size()),
                             values_.data(), lengths_.data(), formats_.data(), 0) == 1;
}

void Session::flush() {
  if (all_sent_) return;
  const int status = PQflush(connection_.get());
  // On -1 the socket is readable or closed as well: reading says what happened.
  if (status == 0) all_sent_ = true;
  poll_->watch(status == 1 ? FdEvents::kReadWrite : FdEvents::kRead);
}

void Session::on_ready(FdEvents events) {
  if (has(events, FdEvents::kRead) && PQconsumeInput(connection_.get()) != 1) {
    const Error why{ErrorKind::kUnavailable, "connection_lost",
                    first_line(PQerrorMessage(connection_.get()))};
    if (busy()) read_results();  // what the server said before it went
    if (connected()) lose(why);
    return;
  }
  if (busy()) {
    flush();
    read_results();
  } else {
    PQisBusy(connection_.get());  // takes in notices and parameter changes
  }
}

void Session::read_results() {
  while (busy() && PQisBusy(connection_.get()) == 0) {
    PqResult result(PQgetResult(connection_.get()));
    if (result) {
      take_result(std::move(result));
      continue;
    }
    // NULL ends the answers to one step; without an answer before it there is nothing more to read.
    if (!got_result_) return;
    got_result_ = false;
    ++cursor_;
  }
}

void Session::take_result(PqResult result) {
  got_result_ = true;
  switch (PQresultStatus(result.get())) {
    case PGRES_PIPELINE_SYNC: return end_call();
    case PGRES_COMMAND_OK:
    case PGRES_TUPLES_OK: {
      if (cursor_ >= steps_.size()) return;
      const Step& step = steps_[cursor_];
      if (step.kind == Step::Kind::kPrepare) prepared_.insert(step.prepared);
      if (step.kind == Step::Kind::kCall) rows_.push_back(std::make_unique<PgRows>(std::move(result)));
      return;
    }
    case PGRES_FATAL_ERROR: return take_error(*result);
    case PGRES_PIPELINE_ABORTED: return;
    default:
      if (!error_)
        error_ = std::make_unique<Error>(
            Error{ErrorKind::kInternal, "unexpected_result", "not a plain statement"});
  }
}

void Session::take_error(const PGresult& result) {
  const char* state = PQresultErrorField(&result, PG_DIAG_SQLSTATE);
  // Without a SQLSTATE it is libpq's own word for a lost connection; `lose` follows.
  if (state == nullptr || error_) return;
  const char* text = PQresultErrorField(&result, PG_DIAG_MESSAGE_PRIMARY);
  const char* constraint = PQresultErrorField(&result, PG_DIAG_CONSTRAINT_NAME);
  std::string message = text != nullptr ? text : "no message";
  if (constraint != nullptr) message += std::string(" [") + constraint + "]";
  error_ = std::make_unique<Error>(Error{sqlstate_kind(state), state, std::move(message)});
  error_before_sync_ = cursor_ < steps_.size();
  // 0A000: a plan whose result type changed; 26000: a statement somebody deallocated. A new connection
  // prepares afresh.
  const std::string_view code = state;
  stale_plans_ = stale_plans_ || code == "0A000" || code == "26000";
}

void Session::end_call() {
  if (stale_plans_)
    return lose({ErrorKind::kUnavailable, "connection_lost", "prepared statements are stale"});
  deadline_.stop();
  const auto done = std::exchange(done_, nullptr);
  poll_->watch(FdEvents::kRead);
  if (!error_) return done(std::exchange(rows_, {}));
  rows_.clear();
  done(fail(*std::exchange(error_, nullptr)));
}

Error Session::lost_call(const Error& why) const {
  // An error answered to one of the statements means that the server has given the transaction up.
  if (error_ && error_before_sync_) return *error_;
  if (!all_sent_) return why;
  return {ErrorKind::kTimeout, "in_doubt", why.message};
}

void Session::lose(const Error& why) {
  if (!connected()) return;
  const auto done = std::exchange(done_, nullptr);
  const auto on_lost = std::exchange(on_lost_, nullptr);
  const Error error = lost_call(why);
  deadline_.stop();
  poll_.reset();  // before the descriptor is closed
  connection_.reset();
  rows_.clear();
  if (done) done(fail(error));
  if (on_lost) on_lost(why);
}

}  // namespace pawl::db
