#include "worker/wire.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "broker/broker.h"
#include "broker/metrics.h"
#include "common/base/time_format.h"
#include "common/db/pool.h"
#include "common/http/server.h"
#include "common/process/ops.h"
#include "common/process/program.h"
#include "common/store/pg_breaker_store.h"
#include "common/store/pg_control_store.h"
#include "common/store/pg_keeper_store.h"
#include "common/store/pg_log_store.h"
#include "common/store/pg_task_store.h"
#include "common/store/pg_work_store.h"
#include "common/store/presence.h"
#include "worker/engine/engine.h"
#include "worker/keeper/keeper.h"
#include "worker/metrics.h"

namespace pawl::worker {
namespace {

constexpr Millis kFirstDescriptors{200};
constexpr Millis kDescriptorsEach{30'000};

db::PoolOptions pool_options(const Config& config) {
  db::PoolOptions options;
  options.connection.url = config.text("postgres_url");
  options.connection.role = "pawl_worker";
  options.connection.application_name = "pawl-worker";
  options.size = static_cast<int>(config.integer("db_connections"));
  return options;
}

broker::BrokerOptions broker_options(const Config& config) {
  broker::BrokerOptions options;
  options.url = config.text("amqp_url");
  options.process = "pawl-worker";
  options.lanes = config.list("lanes");
  options.consume_lanes = config.list("lanes");
  options.heartbeat = config.duration("amqp_heartbeat");
  options.ca_file = config.text("amqp_ca_file");
  return options;
}

Millis renew_interval(const Config& config) {
  const Millis asked = config.duration("lease_renew");
  return asked > Millis{0} ? asked : config.duration("lease") / 3;
}

/// "count:100" or "time:20s", checked when the configuration was read.
resilience::WindowSpec window_of(const std::string& text) {
  const std::string value = text.substr(text.find(':') + 1);
  if (text.starts_with("time:")) return {0, parse_duration(value).value_or(Millis{20'000})};
  return {std::atoi(value.c_str()), Millis{0}};
}

engine::GuardOptions guard_options(const Config& config) {
  engine::GuardOptions options;
  options.breaker.window = window_of(config.text("breaker_window"));
  options.breaker.min_calls = static_cast<int>(config.integer("breaker_min_calls"));
  options.breaker.failure_rate = config.real("breaker_failure_rate");
  options.breaker.consecutive_failures = static_cast<int>(config.integer("breaker_consecutive_failures"));
  options.breaker.open_for = config.duration("breaker_open_for");
  options.breaker.permit_expiry = config.duration("lease");
  options.budget.ratio = config.real("retry_budget_ratio");
  options.budget.floor =
      config.real("retry_budget_floor") * static_cast<double>(options.budget.window.count()) / 1000;
  return options;
}

engine::Options engine_options(const Config& config, Rng& rng) {
  engine::Options options;
  options.worker_id = UuidGenerator(rng).next(SystemClock().wall()).to_string();
  options.host = process::host_name();
  options.worker_name = config.text("worker_name");
  if (options.worker_name.empty()) options.worker_name = options.host + "-" + std::to_string(::getpid());
  options.version = std::string(process::kVersion);
  options.lanes = config.list("lanes");
  options.slots = static_cast<int>(config.integer("worker_slots"));
  options.max_frozen = static_cast<int>(config.integer("max_frozen"));
  options.lease = config.duration("lease");
  options.lease_renew = renew_interval(config);
  options.drain = config.duration("drain");
  options.guard = guard_options(config);
  return options;
}

keeper::Options keeper_options(const Config& config, const std::string& worker_id) {
  keeper::Options options;
  options.worker_id = worker_id;
  options.lanes = config.list("lanes");
  options.interval = config.duration("keeper_interval");
  options.lease = config.duration("lease");
  options.quarantine_after = static_cast<int>(config.integer("crash_quarantine"));
  options.retention = config.duration("retention");
  return options;
}

class WiredWorker final : public WorkerProcess {
 public:
  WiredWorker(Loop& loop, const Config& config, Log log, Rng& rng, std::unique_ptr<broker::AmqpBroker> broker,
              std::unique_ptr<tools::ToolRegistry> tools, std::function<void()> on_drain_asked)
      : loop_(loop),
        log_(log),
        config_(config),
        options_(engine_options(config, rng)),
        tools_(std::move(tools)),
        broker_(std::move(broker)),
        pool_(db::make_pool(loop, rng, log, pool_options(config))),
        presence_(loop, rng, log, pool_options(config).connection, options_.worker_id),
        work_(loop, *pool_, log),
        tasks_(loop, *pool_),
        plans_(*pool_),
        control_(loop, *pool_),
        breakers_(*pool_),
        keeper_store_(loop, *pool_, log),
        logs_(*pool_),
        engine_({loop, rng, log, work_, plans_, tasks_, control_, broker_->consumer(), broker_->publisher(),
                 broker_->bus(), *tools_, make_observer(metrics_), &breakers_, &logs_},
                options_),
        keeper_(loop, keeper_store_, broker_->publisher(), broker_->depths(), log,
                keeper_options(config, options_.worker_id)),
        ops_(
            metrics_, [this] { return readiness(); }, config.text("ops_token"), nullptr),
        ops_server_(http::make_server(loop, rng, ops_)),
        descriptors_timer_(loop),
        on_drain_asked_(std::move(on_drain_asked)) {}

  Result<void> start() {
    add_worker_metrics(metrics_, engine_, keeper_);
    broker::add_broker_metrics(metrics_, *broker_);
    const process::HostPort ops = TRY(process::parse_host_port(config_.text("ops_listen")));
    TRY(ops_server_->listen({.address = ops.host, .port = ops.port, .reuse_port = false}));
    broker_->bus().listen_control("worker." + options_.worker_id, [this](const json::Value& message) {
      const json::Value* drain = message.find("drain");
      if (drain != nullptr && drain->is_bool() && drain->as_bool()) on_drain_asked_();
    });
    broker_->start();
    engine_.start();
    keeper_.start();
    descriptors_timer_.start(kFirstDescriptors, [this] { publish_descriptors(); });
    log_.info("working", {{"worker", options_.worker_id},
                          {"name", options_.worker_name},
                          {"slots", options_.slots},
                          {"ops_listen", config_.text("ops_listen")}});
    return {};
  }

  void stop(std::function<void()> done) override {
    keeper_.stop();
    descriptors_timer_.stop();
    engine_.drain([this, done = std::move(done)] {
      ops_server_->stop(Millis{100}, [this, done] { broker_->stop(done); });
    });
  }
  void hurry() override { engine_.hurry(); }

 private:
  /// The API knows no tool: this is how it learns what can be called, and what is well.
  void publish_descriptors() {
    std::vector<store::ToolDescriptor> descriptors;
    for (const std::string& name : tools_->names())
      descriptors.push_back({name, tools::describe_tool(*tools_->find(name)), 0});
    work_.publish_tools(options_.worker_id, std::move(descriptors), loop_.now() + Millis{5000},
                        [this](const Result<void>& done) {
                          descriptors_timer_.start(done ? kDescriptorsEach : Millis{1000},
                                                   [this] { publish_descriptors(); });
                        });
  }

  process::Readiness readiness() const {
    const broker::BrokerHealth health = broker_->health();
    const bool postgres = pool_->healthy();
    const bool draining = engine_.is_draining();
    return {
        postgres && !draining,
        json::Object{{"postgres", postgres ? "ok" : "unavailable"},
                     {"broker", health.can_consume
                                    ? json::Value("ok")
                                    : json::Value("degraded: nothing wakes this worker until it is back")},
                     {"worker", draining ? "draining" : "ok"},
                     {"worker_id", json::Value(options_.worker_id)}}};
  }

  Loop& loop_;
  Log log_;
  const Config& config_;
  engine::Options options_;
  Metrics metrics_;
  std::unique_ptr<tools::ToolRegistry> tools_;
  std::unique_ptr<broker::AmqpBroker> broker_;
  std::unique_ptr<db::Pool> pool_;
  store::Presence presence_;
  store::PgWorkStore work_;
  store::PgTaskStore tasks_;
  store::PgPlanStore plans_;
  store::PgControlStore control_;
  store::PgBreakerStore breakers_;
  store::PgKeeperStore keeper_store_;
  store::PgLogStore logs_;
  engine::Engine engine_;
  keeper::Keeper keeper_;
  process::OpsApplication ops_;
  std::unique_ptr<http::Server> ops_server_;
  Timer descriptors_timer_;
  std::function<void()> on_drain_asked_;
};

}  // namespace

Result<std::unique_ptr<WorkerProcess>> WorkerProcess::create(Loop& loop, const Config& config, const Log& log,
                                                             std::function<void()> on_drain_asked) {
  static SeededRng rng(entropy_seed());
  static const SystemClock clock;
  // What may be refused for its form comes first: a bad value is one line and no other.
  auto broker = TRY(broker::AmqpBroker::create(loop, rng, log, broker_options(config)));
  auto tools = TRY(make_tools(loop, clock, config, log));
  auto worker = std::make_unique<WiredWorker>(loop, config, log, rng, std::move(broker), std::move(tools),
                                              std::move(on_drain_asked));
  TRY(worker->start());
  return worker;
}

}  // namespace pawl::worker
