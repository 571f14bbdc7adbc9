// pawl-null-engine api|worker --postgres URL --amqp URL [--listen PORT]: the yardstick of the bench. See
// README.md.
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>

#include "broker/broker.h"
#include "common/base/log.h"
#include "common/base/rng.h"
#include "common/db/pool.h"
#include "common/http/server.h"
#include "common/loop/loop.h"
#include "common/loop/signals.h"
#include "common/loop/timer.h"
#include "tests/bench/null_engine/api.h"
#include "tests/bench/null_engine/limits.h"
#include "tests/bench/null_engine/worker.h"

namespace pawl::null_engine {
namespace {

struct Options {
  bool is_api = false;
  std::string postgres;
  std::string amqp;
  std::uint16_t port = 0;
};

bool parse(int argc, char** argv, Options& options) {
  std::map<std::string, std::string> values;
  for (int i = 2; i + 1 < argc; i += 2) values[argv[i]] = argv[i + 1];
  options.postgres = values["--postgres"];
  options.amqp = values["--amqp"];
  options.port = static_cast<std::uint16_t>(std::atoi(values["--listen"].c_str()));
  const std::string role = argc > 1 ? argv[1] : "";
  options.is_api = role == "api";
  return (role == "api" || role == "worker") && !options.postgres.empty() && !options.amqp.empty();
}

int run(const Options& options) {
  Loop loop;
  SeededRng rng(entropy_seed());
  const auto log = Log::to_stderr("null-engine", LogLevel::kWarn, LogFormat::kText);
  const std::string process = options.is_api ? "null-api" : "null-worker";
  auto pool = db::make_pool(loop, rng, log,
                            {.connection = {.url = options.postgres, .role = "", .application_name = process},
                             .size = kDatabaseConnections});
  auto broker = broker::AmqpBroker::create(
      loop, rng, log,
      {.url = options.amqp,
       .process = process,
       .consume_lanes = options.is_api ? std::vector<std::string>{} : std::vector<std::string>{"default"}});
  if (!broker) {
    std::fprintf(stderr, "%s\n", broker.error().message.c_str());
    return 2;
  }
  std::unique_ptr<NullApi> api;
  std::unique_ptr<http::Server> server;
  std::unique_ptr<NullWorker> worker;
  if (options.is_api) {
    api = std::make_unique<NullApi>(loop, rng, *pool, **broker);
    server = http::make_server(loop, rng, *api);
  } else {
    worker = std::make_unique<NullWorker>(loop, *pool, **broker);
    worker->start();
  }
  (*broker)->start();
  // Nobody publishes a lost ticket again here, so nothing is accepted before tickets can go out.
  Timer ready(loop);
  ready.every(Millis{5}, [&] {
    if (!(*broker)->health().can_publish || !pool->healthy()) return;
    ready.stop();
    if (server && !server->listen({.port = options.port})) {
      std::fprintf(stderr, "port %d is taken\n", options.port);
      std::_Exit(1);
    }
  });
  // Nothing to save at the end: a run that is over is thrown away.
  SignalWatch on_term(loop, SIGTERM, [] { std::_Exit(0); });
  loop.run();
  return 0;
}

}  // namespace
}  // namespace pawl::null_engine

int main(int argc, char** argv) {
  pawl::null_engine::Options options;
  if (!pawl::null_engine::parse(argc, argv, options)) {
    std::fputs("usage: pawl-null-engine api|worker --postgres URL --amqp URL [--listen PORT]\n", stderr);
    return 2;
  }
  return pawl::null_engine::run(options);
}
