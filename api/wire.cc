#include "api/wire.h"

#include <fcntl.h>

#include <cstdio>
#include <fstream>
#include <utility>

#include "api/auth/api_key.h"
#include "api/gate.h"
#include "api/handlers/admin.h"
#include "api/handlers/handlers.h"
#include "api/limits.h"
#include "api/metrics.h"
#include "api/services.h"
#include "api/web/dashboard.h"
#include "broker/broker.h"
#include "common/db/pool.h"
#include "common/http/server.h"
#include "common/loop/timer.h"
#include "common/loop/tls.h"
#include "common/process/ops.h"
#include "common/process/program.h"
#include "common/store/pg_accept_store.h"
#include "common/store/pg_breaker_store.h"
#include "common/store/pg_control_store.h"
#include "common/store/pg_key_store.h"
#include "common/store/pg_log_store.h"
#include "common/store/pg_news_store.h"
#include "common/store/pg_queue_store.h"
#include "common/store/pg_read_store.h"
#include "common/store/pg_stream_store.h"
#include "common/store/pg_task_store.h"

namespace pawl::api {
namespace {

using process::HostPort;

db::PoolOptions pool_options(const Config& config, int size) {
  db::PoolOptions options;
  options.connection.url = config.text("postgres_url");
  options.connection.role = "pawl_api";
  options.connection.application_name = "pawl-api";
  options.size = size;
  return options;
}

broker::BrokerOptions broker_options(const Config& config) {
  broker::BrokerOptions options;
  options.url = config.text("amqp_url");
  options.process = "pawl-api";
  options.lanes = config.list("lanes");
  options.heartbeat = config.duration("amqp_heartbeat");
  options.ca_file = config.text("amqp_ca_file");
  return options;
}

/// Cursors must be readable by every API process of an installation: the secret comes from a file, or from
/// what they share.
Result<std::string> cursor_secret(const Config& config) {
  const std::string& path = config.text("key_secret_file");
  if (path.empty()) return to_hex(sha256("pawl cursor " + config.text("postgres_url")));
  std::ifstream file(path);
  std::string secret((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (secret.size() < 16)
    return fail(ErrorKind::kInvalid, "bad_config",
                "key_secret_file '" + path + "' can't be read or holds less than 16 bytes");
  return secret;
}

/// What can fail to be made; made before the rest.
struct Parts {
  std::unique_ptr<broker::AmqpBroker> broker;
  egress::Policy egress;
  std::string secret;
};

class WiredApi final : public ApiProcess {
 public:
  WiredApi(Loop& loop, const Config& config, Log log, Rng& rng, Parts parts)
      : loop_(loop),
        log_(log),
        config_(config),
        rng_(rng),
        id_(UuidGenerator(rng_).next(SystemClock().wall()).to_string()),
        broker_(std::move(parts.broker)),
        pool_(db::make_pool(loop, rng_, log,
                            pool_options(config, static_cast<int>(config.integer("db_connections"))))),
        accepts_(loop, rng_, *pool_, log),
        tasks_(loop, *pool_),
        reads_(loop, *pool_),
        controls_(loop, *pool_),
        news_(*pool_),
        queues_(*pool_),
        plans_(*pool_),
        keys_(*pool_),
        breakers_(*pool_),
        authenticator_(loop, keys_),
        task_cache_(loop, tasks_, config.list("lanes")),
        stream_store_(*pool_),
        tap_(loop, broker_->bus()),
        streams_(loop, authenticator_),
        hub_(loop, streams_, tap_, reads_, stream_store_),
        tickets_(loop, authenticator_, stream_store_),
        overview_(loop, streams_, stream_store_),
        logs_(*pool_),
        waiter_(loop, reads_, tap_),
        cursors_(std::move(parts.secret)),
        lanes_(config.list("lanes")),
        allowed_origins_(config.list("allowed_origins")),
        egress_(std::move(parts.egress)),
        services_{loop,
                  rng_,
                  log,
                  accepts_,
                  tasks_,
                  plans_,
                  reads_,
                  controls_,
                  news_,
                  queues_,
                  keys_,
                  breakers_,
                  broker_->publisher(),
                  broker_->bus(),
                  broker_->depths(),
                  authenticator_,
                  task_cache_,
                  waiter_,
                  stream_store_,
                  streams_,
                  tap_,
                  hub_,
                  tickets_,
                  overview_,
                  logs_,
                  cursors_,
                  {lanes_, tool_catalogue_, egress_},
                  lanes_,
                  allowed_origins_,
                  "api." + id_},
        gate_(loop, authenticator_, &tickets_, all_routes(services_), config.duration("accept_deadline")),
        admin_gate_(loop, authenticator_, nullptr, admin_routes(services_),
                    config.duration("accept_deadline")),
        ops_(
            metrics_, [this] { return readiness(); }, config.text("ops_token"), &admin_gate_),
        dashboard_(gate_),
        server_(http::make_server(loop, rng_, dashboard_)),
        ops_server_(http::make_server(loop, rng_, ops_)),
        catalogue_timer_(loop) {}

  Result<void> start() {
    add_api_metrics(metrics_, *server_, gate_, *broker_, waiter_, streams_);
    if (!config_.text("tls_cert_file").empty())
      tls_ = TRY(TlsContext::server(config_.text("tls_cert_file"), config_.text("tls_key_file")));
    const HostPort at = TRY(process::parse_host_port(config_.text("listen")));
    const HostPort ops = TRY(process::parse_host_port(config_.text("ops_listen")));
    TRY(server_->listen({.address = at.host, .port = at.port, .tls = tls_.get()}));
    TRY(ops_server_->listen({.address = ops.host, .port = ops.port, .reuse_port = false}));
    listen_to_others();
    broker_->start();
    pool_->on_health([this](bool healthy) {
      if (healthy) first_contact();
    });
    schedule_catalogue();
    log_.info("serving", {{"listen", config_.text("listen")}, {"ops_listen", config_.text("ops_listen")}});
    return {};
  }

  void stop(std::function<void()> done) override {
    catalogue_timer_.stop();
    streams_.stop();
    server_->stop(config_.duration("drain"), [this, done = std::move(done)] {
      ops_server_->stop(Millis{100}, [this, done] { broker_->stop(done); });
    });
  }

 private:
  /// What other API processes and workers say: changed tasks, revoked keys, ended executions.
  void listen_to_others() {
    const auto text_of = [](const json::Value& message, std::string_view key) -> std::string {
      const json::Value* value = message.find(key);
      return value != nullptr && value->is_string() ? value->as_string() : "";
    };
    broker_->bus().listen_control("all", [this, text_of](const json::Value& message) {
      const auto tenant = Uuid::parse(text_of(message, "tenant"));
      if (tenant && message.find("task") != nullptr) task_cache_.forget(*tenant, text_of(message, "task"));
      if (const auto key = Uuid::parse(text_of(message, "revoked_key"))) {
        authenticator_.forget(*key);
        streams_.revoke(*key);
      }
    });
    broker_->bus().listen_control(services_.reply_key, [this, text_of](const json::Value& message) {
      if (const auto id = Uuid::parse(text_of(message, "ended"))) waiter_.wake(*id);
    });
  }

  void first_contact() {
    refresh_catalogue();
    if (bootstrapped_) return;
    const NewApiKey key = make_api_key();
    store::KeyRow row;
    UuidGenerator ids(rng_);
    row.id = ids.next(SystemClock().wall());
    row.tenant = ids.next(SystemClock().wall());
    row.name = "admin";
    row.prefix = key.prefix;
    row.scopes = all_scopes();
    row.first_tenant = true;
    keys_.bootstrap(std::move(row), key.hash, loop_.now() + Millis{5000},
                    [this, key](const Result<std::optional<store::KeyRow>>& made) {
                      if (!made)
                        return log_.warn(
                            "the first key could not be looked for; tried again when Postgres is back",
                            {error_field(made.error())});
                      bootstrapped_ = true;
                      if (*made) hand_over_key(key.text);
                    });
  }

  /// Shown once: to the file that was asked for (mode 600), else on standard output.
  void hand_over_key(const std::string& key) {
    const std::string& path = config_.text("admin_key_file");
    if (path.empty()) {
      std::printf("admin key: %s\n", key.c_str());
      std::fflush(stdout);
      return;
    }
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    std::FILE* file = fd < 0 ? nullptr : ::fdopen(fd, "w");
    if (file == nullptr) {
      log_.error("admin_key_file can't be written; the key is on standard output instead");
      std::printf("admin key: %s\n", key.c_str());
      std::fflush(stdout);
      return;
    }
    std::fprintf(file, "%s\n", key.c_str());
    std::fclose(file);
  }

  void schedule_catalogue() {
    catalogue_timer_.start(tool_catalogue_.known ? kCatalogueRefresh : kCatalogueFirst, [this] {
      refresh_catalogue();
      schedule_catalogue();
    });
  }

  void refresh_catalogue() {
    reads_.tools(loop_.now() + Millis{2000}, [this](const Result<std::vector<store::ToolDescriptor>>& tools) {
      if (!tools) return;
      tool_catalogue_.with_schemas.clear();
      tool_catalogue_.known = !tools->empty();
      for (const store::ToolDescriptor& tool : *tools) {
        const json::Value* schema = tool.descriptor.find("with_schema");
        tool_catalogue_.with_schemas[tool.name] = schema == nullptr ? json::Value() : *schema;
      }
    });
  }

  process::Readiness readiness() const {
    const broker::BrokerHealth health = broker_->health();
    const bool postgres = pool_->healthy();
    return {postgres, json::Object{{"postgres", postgres ? "ok" : "unavailable"},
                                   {"broker", health.can_publish
                                                  ? json::Value("ok")
                                                  : json::Value("degraded: tickets wait until it is back")}}};
  }

  Loop& loop_;
  Log log_;
  const Config& config_;
  Rng& rng_;
  std::string id_;
  Metrics metrics_;
  std::shared_ptr<TlsContext> tls_;
  std::unique_ptr<broker::AmqpBroker> broker_;
  std::unique_ptr<db::Pool> pool_;
  store::PgAcceptStore accepts_;
  store::PgTaskStore tasks_;
  store::PgReadStore reads_;
  store::PgControlStore controls_;
  store::PgNewsStore news_;
  store::PgQueueStore queues_;
  store::PgPlanStore plans_;
  store::PgKeyStore keys_;
  store::PgBreakerStore breakers_;
  Authenticator authenticator_;
  TaskCache task_cache_;
  store::PgStreamStore stream_store_;
  stream::LiveTap tap_;
  stream::Registry streams_;
  stream::Hub hub_;
  stream::Tickets tickets_;
  stream::Overview overview_;
  store::PgLogStore logs_;
  Waiter waiter_;
  CursorCodec cursors_;
  std::vector<std::string> lanes_;
  std::vector<std::string> allowed_origins_;
  egress::Policy egress_;
  ToolCatalogue tool_catalogue_;
  Services services_;
  Gate gate_;
  Gate admin_gate_;
  process::OpsApplication ops_;
  web::Dashboard dashboard_;
  std::unique_ptr<http::Server> server_;
  std::unique_ptr<http::Server> ops_server_;
  Timer catalogue_timer_;
  bool bootstrapped_ = false;
};

}  // namespace

Result<std::unique_ptr<ApiProcess>> ApiProcess::create(Loop& loop, const Config& config, const Log& log) {
  static SeededRng rng(entropy_seed());
  Parts parts;
  parts.broker = TRY(broker::AmqpBroker::create(loop, rng, log, broker_options(config)));
  parts.egress = TRY(egress::Policy::make(config.list("egress_allow"), config.flag("egress_allow_private")));
  parts.secret = TRY(cursor_secret(config));
  auto api = std::make_unique<WiredApi>(loop, config, log, rng, std::move(parts));
  TRY(api->start());
  return api;
}

}  // namespace pawl::api
