#include "tests/e2e/support/stack.h"

#include <fstream>
#include <iterator>
#include <stdexcept>

namespace pawl::testing {
namespace {

using namespace std::chrono_literals;

std::string read_all(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// The shared servers belong to the process, not to a stack.
template <typename T>
std::shared_ptr<T> borrowed(T& server) {
  return {&server, [](T*) {}};
}

std::string own_vhost(PrivateRabbit& rabbit) {
  static int count = 0;
  if (++count == 1) return "";
  const std::string name = "stack" + std::to_string(count);
  rabbit.ctl({"add_vhost", name});
  rabbit.ctl({"set_permissions", "-p", name, "guest", ".*", ".*", ".*"});
  return name;
}

}  // namespace

Program::Program(std::string path, Environment environment, std::filesystem::path log)
    : path_(std::move(path)),
      port_(free_port()),
      ops_port_(free_port()),
      environment_(std::move(environment)),
      log_(std::move(log)) {
  environment_["PAWL_LISTEN"] = "127.0.0.1:" + std::to_string(port_);
  environment_["PAWL_OPS_LISTEN"] = "127.0.0.1:" + std::to_string(ops_port_);
}

void Program::launch() {
  process_ =
      std::make_unique<Process>(ProcessOptions{.argv = {path_}, .environment = environment_, .output = log_});
}

void Program::start(Wait wait) {
  launch();
  wait_ready(wait);
}

void Program::wait_ready(Wait wait) {
  HttpAnswer answer;
  try {
    wait_until("start of " + path_, 20s, [&] {
      if (!process_->alive()) throw std::runtime_error(path_ + " ended");
      answer = ops("/readyz");
      const bool broker = wait == Wait::kReady || answer.body.find("degraded") == std::string::npos;
      return answer.status == 200 && broker;
    });
  } catch (const std::runtime_error& error) {
    throw std::runtime_error(std::string(error.what()) + ": " + std::to_string(answer.status) + " " +
                             answer.body + "\n" + log());
  }
}

std::string Program::log() const { return read_all(log_); }

HttpAnswer Program::ops(std::string_view path) const {
  Client client(ops_port_, "");
  return client.request("GET", path, "", {}, 3s);
}

Stack::Stack(const Options& options)
    : folder_(scratch_folder("pawl-e2e")),
      postgres_(options.postgres ? options.postgres : borrowed(PrivatePostgres::shared())),
      rabbit_(options.rabbit ? options.rabbit : borrowed(PrivateRabbit::shared())),
      database_(postgres_->create_database()) {
  environment_ = {{"PAWL_POSTGRES_URL", postgres_->url(database_)},
                  {"PAWL_AMQP_URL", rabbit_->url(options.rabbit ? "" : own_vhost(*rabbit_))},
                  {"PAWL_MIGRATE_AT_START", "true"},
                  {"PAWL_ADMIN_KEY_FILE", (folder_ / "admin-key").string()},
                  {"PAWL_LEASE", "2s"},
                  {"PAWL_KEEPER_INTERVAL", "100ms"},
                  {"PAWL_DRAIN", "5s"}};
  for (const auto& [name, value] : options.settings) environment_[name] = value;
  for (int i = 0; i < options.apis; ++i) {
    apis_.push_back(std::make_unique<Program>(PAWL_API_PROGRAM, environment_,
                                              folder_ / ("api-" + std::to_string(i + 1) + ".log")));
    apis_.back()->start();
  }
  if (!apis_.empty()) {
    wait_until("the admin key", 10s, [&] {
      admin_key_ = read_all(folder_ / "admin-key");
      return admin_key_.ends_with('\n');
    });
    admin_key_.pop_back();
  }
  for (int i = 0; i < options.workers; ++i) {
    workers_.push_back(std::make_unique<Program>(PAWL_WORKER_PROGRAM, environment_,
                                                 folder_ / ("worker-" + std::to_string(i + 1) + ".log")));
    workers_.back()->launch();
  }
  for (const auto& worker : workers_) worker->wait_ready();
  if (!apis_.empty() && !workers_.empty()) {
    // Each API reads the tools on offer now and then; from here on it checks their parameters.
    for (const auto& api : apis_) {
      Client asks(api->port(), admin_key_);
      wait_until("the tools of the first worker", 15s, [&] {
        return !asks.post("/api/v0/tasks/validate", R"({"steps":[{"id":"a","tool":"nonesuch"}]})")
                    .data("warnings.0")
                    .is_null();
      });
    }
  }
}

Stack::~Stack() {
  for (const auto& program : workers_) program->kill9();
  for (const auto& program : apis_) program->kill9();
}

Stack& Stack::shared() {
  // A stack that does not come up fails every test at once instead of each after its own wait.
  static std::string failure;
  static const std::unique_ptr<Stack> stack = [] {
    try {
      return std::make_unique<Stack>(Options{.apis = 2, .workers = 1});
    } catch (const std::runtime_error& error) {
      failure = error.what();
      return std::unique_ptr<Stack>();
    }
  }();
  if (!stack) throw std::runtime_error("no stack: " + failure);
  return *stack;
}

Client Stack::client_with(std::string_view scopes, const std::string& tenant, std::size_t which) {
  Client admin = client(which);
  std::string body = R"({"name":"test","scopes":)" + std::string(scopes);
  if (!tenant.empty()) body += R"(,"tenant":")" + tenant + "\"";
  const HttpAnswer made = admin.post("/api/v0/keys", body + "}");
  if (made.status != 201) throw std::runtime_error("no key: " + made.body);
  return {api(which).port(), made.text("key")};
}

std::string api_program() { return PAWL_API_PROGRAM; }
std::string worker_program() { return PAWL_WORKER_PROGRAM; }

std::string busy_plan(int ms) {
  return R"({"steps":[{"id":"before","tool":"echo","with":{"n":1}},{"id":"busy","tool":"sleep","with":{"duration":")" +
         std::to_string(ms) +
         R"(ms"}},{"id":"after","tool":"echo","with":{"n":"${{ steps.before.output.n }}"}}],"output":"${{ steps.after.output }}"})";
}

}  // namespace pawl::testing
