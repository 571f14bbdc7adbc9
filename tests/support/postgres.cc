#include "tests/support/postgres.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace pawl::testing {
namespace {

using namespace std::chrono_literals;

constexpr const char* kUser = "postgres";

/// The newest server that is installed.
std::filesystem::path find_programs() {
  std::filesystem::path best;
  int best_version = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/usr/lib/postgresql")) {
    const int version = std::atoi(entry.path().filename().c_str());
    if (version > best_version && std::filesystem::exists(entry.path() / "bin/postgres")) {
      best_version = version;
      best = entry.path() / "bin";
    }
  }
  if (best_version < 14) throw std::runtime_error("no Postgres 14 or newer is installed; run deploy/deps");
  return best;
}

std::string read_all(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

PrivatePostgres::PrivatePostgres() : PrivatePostgres(Options{}) {}

PrivatePostgres::PrivatePostgres(Options options)
    : options_(std::move(options)), folder_(scratch_folder("pawl-postgres")), port_(free_port()) {
  hand_over(folder_, kUser);
  const auto made = run(program("initdb", {"-D", (folder_ / "data").string(), "--username=postgres",
                                           "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C"}));
  if (made.status != 0) throw std::runtime_error("initdb failed: " + made.output);
  std::ofstream conf(folder_ / "data/postgresql.conf", std::ios::app);
  conf << "listen_addresses = '127.0.0.1'\n"
       << "port = " << port_ << "\n"
       << "unix_socket_directories = ''\n"
       << "max_connections = " << options_.max_connections << "\n"
       << "shared_buffers = 64MB\n"
       << "fsync = " << (options_.fsync ? "on" : "off") << "\n";
  for (const auto& setting : options_.settings) conf << setting << "\n";
}

PrivatePostgres::~PrivatePostgres() {
  if (server_) server_->kill9();
  server_.reset();
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

PrivatePostgres& PrivatePostgres::shared() {
  static PrivatePostgres server;
  static const bool started = (server.start(), true);
  static_cast<void>(started);
  return server;
}

ProcessOptions PrivatePostgres::program(const std::string& name, std::vector<std::string> arguments) const {
  static const auto programs = find_programs();
  arguments.insert(arguments.begin(), (programs / name).string());
  return {.argv = std::move(arguments),
          .environment = {{"LC_ALL", "C"}, {"TZ", "UTC"}},
          .cwd = folder_,
          .user = kUser};
}

void PrivatePostgres::start() {
  if (server_ && server_->alive()) return;
  const auto log = folder_ / "log";
  // After kill9 the old backends may hold the shared memory for a moment more: then the start is refused, and
  // repeated.
  for (int tries = 1;; ++tries) {
    auto options = program("postgres", {"-D", (folder_ / "data").string()});
    options.output = log;
    server_ = std::make_unique<Process>(options);
    bool refused = false;
    wait_until("start of Postgres", 30s, [&] {
      refused = !server_->alive();
      return refused ||
             (accepts(port_) &&
              run(program("pg_isready", {"-q", "-h", "127.0.0.1", "-p", std::to_string(port_)})).status == 0);
    });
    if (!refused) return;
    if (tries == 20) throw std::runtime_error("Postgres does not start: " + read_all(log));
    usleep(100'000);
  }
}

void PrivatePostgres::stop() {
  if (!server_ || !server_->alive()) return;
  sigcont();
  server_->signal(SIGINT);
  if (!server_->wait(20s)) throw std::runtime_error("Postgres does not stop: " + read_all(folder_ / "log"));
}

void PrivatePostgres::kill9() {
  if (!server_ || !server_->alive()) return;
  for (const pid_t pid : processes()) kill(pid, SIGKILL);
  server_->kill9();
}

void PrivatePostgres::restart() {
  stop();
  start();
}

void PrivatePostgres::sigstop() {
  for (const pid_t pid : processes()) kill(pid, SIGSTOP);
}

void PrivatePostgres::sigcont() {
  for (const pid_t pid : processes()) kill(pid, SIGCONT);
}

std::vector<pid_t> PrivatePostgres::processes() const {
  std::vector<pid_t> found;
  if (!server_) return found;
  found.push_back(server_->pid());  // first, so that it starts no backend while the others are counted
  const std::string parent = std::to_string(server_->pid());
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string name = entry.path().filename().string();
    if (!std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; })) continue;
    const std::string stat = read_all(entry.path() / "stat");  // pid (name) state ppid …
    const auto close = stat.rfind(')');
    if (close == std::string::npos || stat.size() < close + 5) continue;
    const auto end = stat.find(' ', close + 4);
    if (stat.substr(close + 4, end - close - 4) == parent) found.push_back(std::stoi(name));
  }
  return found;
}

std::string PrivatePostgres::create_database(const std::string& from) {
  const std::string name = "test_" + std::to_string(++databases_);
  sql("CREATE DATABASE " + name + " TEMPLATE " + from);
  return name;
}

std::string PrivatePostgres::sql(const std::string& statements, const std::string& database) {
  const auto done = run(program(
      "psql", {"-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", url(database), "-c", statements}));
  if (done.status != 0) throw std::runtime_error("SQL failed: " + done.output);
  return done.output;
}

std::string PrivatePostgres::url(const std::string& database) const {
  return "postgresql://postgres@127.0.0.1:" + std::to_string(port_) + "/" + database;
}

}  // namespace pawl::testing
