// Making a connection without blocking: names are resolved on the pool, and libpq is given one numeric
// address at a time, so that a silent address costs only its share of the time.
#include <algorithm>
#include <map>

#include "common/db/connection.h"
#include "common/db/limits.h"
#include "common/db/session.h"
#include "common/loop/work.h"

namespace pawl::db {
namespace {

using Settings = std::map<std::string, std::string>;

struct PqOptionsFree {
  void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
};

Result<Settings> parse_url(const std::string& url) {
  char* message = nullptr;
  const std::unique_ptr<PQconninfoOption, PqOptionsFree> options(PQconninfoParse(url.c_str(), &message));
  if (!options) {
    // libpq's message quotes the string, password included.
    PQfreemem(message);
    return fail(ErrorKind::kInvalid, "bad_postgres_url",
                "postgres_url is neither a postgresql:// URL nor key=value pairs");
  }
  Settings settings;
  for (const PQconninfoOption* one = options.get(); one->keyword != nullptr; ++one) {
    if (one->val != nullptr && *one->val != '\0') settings[one->keyword] = one->val;
  }
  return settings;
}

std::string escape_option(const std::string& value) {
  std::string escaped;
  for (const char c : value) {
    if (c == ' ' || c == '\\') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

/// What every session of ours is set to. In the start-up packet, so that it costs no round trip.
void add_session_settings(Settings& settings, const ConnectionOptions& options) {
  const auto set = [&settings](const char* name, Millis value) {
    settings["options"] += std::string(" -c ") + name + "=" + std::to_string(value.count());
  };
  set("statement_timeout", options.statement_timeout);
  set("lock_timeout", std::min(kLockTimeout, options.statement_timeout));
  set("idle_in_transaction_session_timeout", kIdleInTransactionTimeout);
  settings["options"] += " -c TimeZone=UTC -c DateStyle=ISO -c extra_float_digits=1";
  // Every statement is prepared and its tables come and go in size (a queue is empty most of the time): one
  // generic plan over indexes, row by row of a batch, never a plan made for the moment the table was small
  // (one that reads the whole of it), no compilation of it, no planning per call.
  settings["options"] += " -c plan_cache_mode=force_generic_plan -c jit=off";
  settings["options"] +=
      " -c enable_seqscan=off -c enable_bitmapscan=off -c enable_hashjoin=off -c enable_mergejoin=off";
  if (!options.role.empty()) settings["options"] += " -c role=" + escape_option(options.role);
  settings["client_encoding"] = "UTF8";
  settings["application_name"] = options.application_name.empty() ? "pawl" : options.application_name;
  settings.try_emplace("tcp_user_timeout", std::to_string(kTcpUserTimeout.count()));
  settings.try_emplace("keepalives_idle", "10");
  settings.try_emplace("keepalives_interval", "5");
  settings.try_emplace("keepalives_count", "3");
  settings.try_emplace("gssencmode", "disable");  // its handshake blocks
}

std::vector<std::string> split(const std::string& list) {
  std::vector<std::string> parts;
  std::size_t from = 0;
  for (std::size_t comma = list.find(','); comma != std::string::npos; comma = list.find(',', from)) {
    parts.push_back(list.substr(from, comma - from));
    from = comma + 1;
  }
  parts.push_back(list.substr(from));
  return parts;
}

/// One place to try. `address` is empty for a Unix socket, whose folder is the host.
struct Target {
  std::string host;
  std::string address;
  std::string port;
};

bool is_socket_folder(const std::string& host) {
  return host.empty() || host.front() == '/' || host.front() == '@';
}

class PgConnection final : public Connection {
 public:
  explicit PgConnection(std::shared_ptr<Session> session) : session_(std::move(session)) {}
  ~PgConnection() override { session_->detach(); }
  PgConnection(const PgConnection&) = delete;
  PgConnection& operator=(const PgConnection&) = delete;

  void run(std::vector<Call> calls, const std::vector<Uuid>& tenants, MonoTime deadline,
           Done<std::vector<RowsPtr>> done) override {
    session_->run(std::move(calls), tenants, deadline, std::move(done));
  }
  [[nodiscard]] bool busy() const override { return session_->busy(); }
  [[nodiscard]] bool connected() const override { return session_->connected(); }

 private:
  std::shared_ptr<Session> session_;
};

class Connector : public std::enable_shared_from_this<Connector> {
 public:
  Connector(Loop& loop, ConnectionOptions options, std::function<void(const Error&)> on_lost,
            Done<std::unique_ptr<Connection>> done)
      : loop_(loop),
        options_(std::move(options)),
        on_lost_(std::move(on_lost)),
        done_(std::move(done)),
        timer_(loop),
        share_(loop) {}

  void start() {
    deadline_ = loop_.now() + options_.connect_timeout;
    timer_.start(options_.connect_timeout, [this] {
      finish(fail(ErrorKind::kTimeout, "connect_timeout",
                  "Postgres did not answer the connection attempt in time"));
    });
    auto settings = parse_url(options_.url);
    if (!settings) {
      loop_.post([self = shared_from_this(), error = settings.error()] { self->finish(fail(error)); });
      return;
    }
    settings_ = std::move(*settings);
    add_session_settings(settings_, options_);
    const auto taken = [this](const char* key) {
      const auto found = settings_.extract(key);
      return found ? split(found.mapped()) : std::vector<std::string>{""};
    };
    hosts_ = taken("host");
    addresses_ = taken("hostaddr");
    ports_ = taken("port");
    loop_.post([weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->resolve_next();
    });
  }

  void cancel() {
    done_ = nullptr;
    clear();
  }

 private:
  [[nodiscard]] std::string port_of(std::size_t index) const {
    return ports_.size() == 1 ? ports_[0] : ports_[std::min(index, ports_.size() - 1)];
  }

  /// One host after the other; what does not resolve is passed over.
  void resolve_next() {
    if (!done_) return;
    const std::size_t count = std::max(hosts_.size(), addresses_.size());
    if (next_host_ == count || targets_.size() >= kMaxTargets) return try_next();
    const std::size_t index = next_host_++;
    const std::string host = index < hosts_.size() ? hosts_[index] : "";
    const std::string address = index < addresses_.size() ? addresses_[index] : "";
    if (!address.empty() || is_socket_folder(host)) {
      targets_.push_back({host, address, port_of(index)});
      return resolve_next();
    }
    resolve(loop_, host, [weak = weak_from_this(), host, index](Result<std::vector<std::string>> found) {
      const auto self = weak.lock();
      if (!self) return;
      if (!found)
        self->last_error_ = {ErrorKind::kUnavailable, "postgres_unavailable", found.error().message};
      for (std::string& one : found.value_or(std::vector<std::string>{})) {
        self->targets_.push_back({host, std::move(one), self->port_of(index)});
      }
      self->resolve_next();
    });
  }

  void try_next() {
    if (next_target_ == targets_.size()) return finish(fail(last_error_));
    const std::size_t left = targets_.size() - next_target_;
    const Target& target = targets_[next_target_++];
    std::vector<const char*> keys;
    std::vector<const char*> values;
    const auto add = [&](const char* key, const std::string& value) {
      if (value.empty()) return;
      keys.push_back(key);
      values.push_back(value.c_str());
    };
    for (const auto& [key, value] : settings_) add(key.c_str(), value);
    add("host", target.host);
    add("hostaddr", target.address);
    add("port", target.port);
    keys.push_back(nullptr);
    values.push_back(nullptr);
    connection_.reset(PQconnectStartParams(keys.data(), values.data(), 0));
    if (!connection_ || PQstatus(connection_.get()) == CONNECTION_BAD) return refused();
    const auto time = std::chrono::duration_cast<Millis>(deadline_ - loop_.now()) / static_cast<int>(left);
    if (left > 1) share_.start(std::max(time, Millis(1)), [this] { refused(); });
    wait(PGRES_POLLING_WRITING);
  }

  /// libpq may change its socket in any step, so the watch is made anew for each; it ends before libpq can
  /// close the socket.
  void wait(PostgresPollingStatusType status) {
    poll_ = std::make_unique<FdPoll>(loop_, PQsocket(connection_.get()), [weak = weak_from_this()](FdEvents) {
      if (const auto self = weak.lock()) self->advance();
    });
    poll_->watch(status == PGRES_POLLING_READING ? FdEvents::kRead : FdEvents::kWrite);
  }

  void advance() {
    poll_.reset();
    const PostgresPollingStatusType status = PQconnectPoll(connection_.get());
    if (status == PGRES_POLLING_FAILED) return refused();
    if (status != PGRES_POLLING_OK) return wait(status);
    auto session = std::make_shared<Session>(loop_, std::move(connection_), options_.statement_timeout,
                                             std::move(on_lost_));
    session->start();
    finish(std::make_unique<PgConnection>(std::move(session)));
  }

  void refused() {
    const char* message = connection_ ? PQerrorMessage(connection_.get()) : "";
    const std::string text =
        *message != '\0' ? first_line(message) : "no answer from " + targets_[next_target_ - 1].host;
    last_error_ = {ErrorKind::kUnavailable, "postgres_unavailable", text};
    drop_attempt();
    // Not from here: PQconnectStartParams may fail at once, for each of many targets.
    loop_.post([weak = weak_from_this()] {
      const auto self = weak.lock();
      if (self && self->done_) self->try_next();
    });
  }

  void finish(Result<std::unique_ptr<Connection>> result) {
    if (!done_) return;
    const auto keep = shared_from_this();
    const auto done = std::exchange(done_, nullptr);
    clear();
    done(std::move(result));
  }

  void drop_attempt() {
    share_.stop();
    poll_.reset();  // before the socket is closed
    connection_.reset();
  }

  void clear() {
    timer_.stop();
    drop_attempt();
  }

  Loop& loop_;
  ConnectionOptions options_;
  std::function<void(const Error&)> on_lost_;
  Done<std::unique_ptr<Connection>> done_;
  MonoTime deadline_{};
  Settings settings_;
  std::vector<std::string> hosts_;
  std::vector<std::string> addresses_;
  std::vector<std::string> ports_;
  std::size_t next_host_ = 0;
  std::vector<Target> targets_;
  std::size_t next_target_ = 0;
  Error last_error_{ErrorKind::kUnavailable, "postgres_unavailable", "no address to connect to"};
  PqConnection connection_;
  std::unique_ptr<FdPoll> poll_;
  Timer timer_;
  Timer share_;
};

class Guard final : public Connecting {
 public:
  explicit Guard(std::shared_ptr<Connector> connector) : connector_(std::move(connector)) {}
  ~Guard() override { connector_->cancel(); }
  Guard(const Guard&) = delete;
  Guard& operator=(const Guard&) = delete;

 private:
  std::shared_ptr<Connector> connector_;
};

}  // namespace

std::unique_ptr<Connecting> connect(Loop& loop, ConnectionOptions options,
                                    std::function<void(const Error&)> on_lost,
                                    Done<std::unique_ptr<Connection>> done) {
  auto connector = std::make_shared<Connector>(loop, std::move(options), std::move(on_lost), std::move(done));
  connector->start();
  return std::make_unique<Guard>(std::move(connector));
}

}  // namespace pawl::db
