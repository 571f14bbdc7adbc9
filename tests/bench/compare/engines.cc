#include "tests/bench/compare/engines.h"

#include <chrono>
#include <fstream>
#include <stdexcept>

#include "api/bench/load.h"
#include "tests/bench/null_engine/schema.h"

namespace pawl::bench {
namespace {

using namespace std::chrono_literals;
using testing::Process;

/// The microseconds are those of the transaction that wrote them, for both engines.
Target null_target(std::uint16_t port, std::string postgres_url) {
  return {.host = "127.0.0.1",
          .port = port,
          .api_key = "",
          .postgres_url = std::move(postgres_url),
          .unfinished_sql = "SELECT count(*) FROM null_executions WHERE status < 2",
          .times_sql =
              "SELECT x.exec_id, (extract(epoch FROM v.at) * 1000000)::bigint, "
              "(extract(epoch FROM x.finished_at) * 1000000)::bigint "
              "FROM null_executions x JOIN null_events v ON v.exec_id = x.exec_id AND v.seq = 1 "
              "WHERE x.created_at >= to_timestamp($1::bigint / 1000000.0) AND x.status = 2"};
}

bool is_ready(std::uint16_t ops_port) {
  if (!testing::accepts(ops_port)) return false;
  Loop loop;
  const auto answer = ask(loop, "127.0.0.1", ops_port, make_request("GET", "/readyz", "", ""));
  return answer && answer->status == 200;
}

/// Milliseconds from now until /readyz says so.
double ready_after(Process& process, std::uint16_t ops_port, const std::filesystem::path& log) {
  const auto start = std::chrono::steady_clock::now();
  while (!is_ready(ops_port)) {
    if (!process.alive() || std::chrono::steady_clock::now() - start > 30s) {
      throw std::runtime_error("a program did not become ready; see " + log.string());
    }
  }
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

double resident_mb(pid_t pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  std::string line;
  while (std::getline(status, line)) {
    if (line.starts_with("VmRSS:")) return std::stod(line.substr(6)) * 1024 / 1e6;
  }
  return 0;
}

NullEngine::NullEngine(Servers& servers, const std::filesystem::path& programs) {
  const auto port = testing::free_port();
  const auto database = servers.postgres.create_database();
  servers.postgres.sql(pawl::null_engine::kSchema, database);
  servers.rabbit.ctl({"add_vhost", "null"});
  servers.rabbit.ctl({"set_permissions", "-p", "null", "guest", ".*", ".*", ".*"});
  target_ = null_target(port, servers.postgres.url(database));
  const auto start = [&](const std::string& role) {
    return std::make_unique<Process>(testing::ProcessOptions{
        .argv = {(programs / "pawl-null-engine").string(), role, "--postgres", target_.postgres_url, "--amqp",
                 servers.rabbit.url("null"), "--listen", std::to_string(port)},
        .output = servers.logs / ("null-" + role + ".log")});
  };
  worker_ = start("worker");
  api_ = start("api");
  testing::wait_until("start of the null engine", 10s, [&] { return testing::accepts(port); });
}

PawlEngine::PawlEngine(Servers& servers, const std::filesystem::path& programs) {
  const auto port = testing::free_port();
  const auto api_ops = testing::free_port();
  const auto worker_ops = testing::free_port();
  const auto database = servers.postgres.create_database();
  const auto key_file = servers.logs / "admin.key";
  const testing::Environment environment = {{"PAWL_POSTGRES_URL", servers.postgres.url(database)},
                                            {"PAWL_AMQP_URL", servers.rabbit.url()},
                                            {"PAWL_ADMIN_KEY_FILE", key_file.string()},
                                            {"PAWL_LISTEN", "127.0.0.1:" + std::to_string(port)},
                                            {"PAWL_FILE_ROOT", servers.logs.string()}};
  const auto with_ops = [&](std::uint16_t ops) {
    auto own = environment;
    own["PAWL_OPS_LISTEN"] = "127.0.0.1:" + std::to_string(ops);
    return own;
  };
  const auto migrated =
      testing::run({.argv = {(programs / "pawl").string(), "migrate"}, .environment = environment});
  if (migrated.status != 0) throw std::runtime_error("pawl migrate failed: " + migrated.output);
  const auto api_log = servers.logs / "api.log";
  const auto worker_log = servers.logs / "worker.log";
  api_ = std::make_unique<Process>(testing::ProcessOptions{
      .argv = {(programs / "pawl-api").string()}, .environment = with_ops(api_ops), .output = api_log});
  start_up_["api_ready"] = ready_after(*api_, api_ops, api_log);
  worker_ = std::make_unique<Process>(testing::ProcessOptions{.argv = {(programs / "pawl-worker").string()},
                                                              .environment = with_ops(worker_ops),
                                                              .output = worker_log});
  start_up_["worker_ready"] = ready_after(*worker_, worker_ops, worker_log);
  std::string key;
  std::ifstream(key_file) >> key;
  target_ = pawl_target("127.0.0.1", port, key, servers.postgres.url(database));
}

Numbers PawlEngine::memory(const std::string& suffix) const {
  return {{"api_" + suffix + "_mb", resident_mb(api_->pid())},
          {"worker_" + suffix + "_mb", resident_mb(worker_->pid())}};
}

}  // namespace pawl::bench
