#include "tests/support/rabbitmq.h"

#include <arpa/inet.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <stdexcept>

namespace pawl::testing {
namespace {

using namespace std::chrono_literals;

constexpr const char* kUser = "rabbitmq";

/// The scripts of the server itself: Debian's wrappers in /usr/sbin insist on the system's node.
std::filesystem::path find_programs() {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/usr/lib/rabbitmq/lib", error)) {
    if (std::filesystem::exists(entry.path() / "sbin/rabbitmq-server")) return entry.path() / "sbin";
  }
  throw std::runtime_error("RabbitMQ is not installed; run deploy/deps");
}

std::string read_all(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

PrivateRabbit::PrivateRabbit() : PrivateRabbit(Options{}) {}

PrivateRabbit::PrivateRabbit(Options options)
    : options_(std::move(options)),
      folder_(scratch_folder("pawl-rabbitmq")),
      port_(free_port()),
      distribution_port_(free_port()),
      name_server_port_(free_port()),
      management_port_(free_port()) {
  std::ofstream conf(folder_ / "rabbitmq.conf");
  conf << "listeners.tcp.1 = 127.0.0.1:" << port_ << "\n"
       << "vm_memory_high_watermark.absolute = 2GiB\n"
       << "disk_free_limit.absolute = 50MB\n"
       << "raft.wal_max_size_bytes = 67108864\n";
  if (options_.management) {
    conf << "management.tcp.ip = 127.0.0.1\nmanagement.tcp.port = " << management_port_ << "\n";
  }
  for (const auto& setting : options_.settings) conf << setting << "\n";
  std::ofstream plugins(folder_ / "plugins");
  plugins << (options_.management ? "[rabbitmq_management]." : "[].") << "\n";
  for (const auto* name : {"home", "data", "logs"}) std::filesystem::create_directory(folder_ / name);
  for (const auto* name : {"", "home", "data", "logs", "rabbitmq.conf", "plugins"})
    hand_over(folder_ / name, kUser);
}

PrivateRabbit::~PrivateRabbit() {
  if (node_) node_->kill9();
  node_.reset();
  name_server_.reset();
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

PrivateRabbit& PrivateRabbit::shared() {
  static PrivateRabbit node;
  static const bool started = (node.start(), true);
  static_cast<void>(started);
  return node;
}

ProcessOptions PrivateRabbit::program(const std::string& name, std::vector<std::string> arguments) const {
  const std::string folder = folder_.string();
  const std::string name_server_port = std::to_string(name_server_port_);
  arguments.insert(arguments.begin(), name);
  return {
      .argv = std::move(arguments),
      .environment = {{"HOME", folder + "/home"},
                      {"LC_ALL", "C.UTF-8"},
                      {"RABBITMQ_NODENAME", "pawl-" + name_server_port + "@localhost"},
                      {"RABBITMQ_NODE_IP_ADDRESS", "127.0.0.1"},
                      {"RABBITMQ_NODE_PORT", std::to_string(port_)},
                      {"RABBITMQ_DIST_PORT", std::to_string(distribution_port_)},
                      {"RABBITMQ_MNESIA_BASE", folder + "/data"},
                      {"RABBITMQ_LOG_BASE", folder + "/logs"},
                      {"RABBITMQ_CONFIG_FILE", folder + "/rabbitmq.conf"},
                      {"RABBITMQ_ADVANCED_CONFIG_FILE", folder + "/none"},
                      {"RABBITMQ_CONF_ENV_FILE", "/dev/null"},
                      {"RABBITMQ_ENABLED_PLUGINS_FILE", folder + "/plugins"},
                      {"RABBITMQ_GENERATED_CONFIG_DIR", folder + "/data/config"},
                      // Says "no wrapper, no shell": the started process is the node itself.
                      {"RUNNING_UNDER_SYSTEMD", "1"},
                      {"RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", "-kernel inet_dist_use_interface {127,0,0,1}"},
                      {"ERL_EPMD_PORT", name_server_port},
                      {"ERL_EPMD_ADDRESS", "127.0.0.1"},
                      {"ERL_CRASH_DUMP_SECONDS", "0"}},
      .cwd = folder_,
      .output = {},
      .user = kUser};
}

void PrivateRabbit::start_name_server() {
  if (name_server_ && name_server_->alive()) return;
  auto options = program("epmd", {"-port", std::to_string(name_server_port_), "-address", "127.0.0.1"});
  options.output = folder_ / "logs/epmd";
  name_server_ = std::make_unique<Process>(options);
  wait_until("start of epmd", 5s, [&] { return accepts(name_server_port_); });
}

void PrivateRabbit::start() {
  if (node_ && node_->alive()) return;
  start_name_server();
  static const auto programs = find_programs();
  auto options = program((programs / "rabbitmq-server").string(), {});
  options.output = folder_ / "logs/output";
  node_ = std::make_unique<Process>(options);
  try {
    wait_until("start of RabbitMQ", 60s, [&] {
      if (!node_->alive()) throw std::runtime_error("RabbitMQ ended at start");
      return answers();
    });
  } catch (const std::runtime_error& error) {
    throw std::runtime_error(std::string(error.what()) + ": " + read_all(options.output));
  }
}

bool PrivateRabbit::answers() const {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const timeval patience{.tv_sec = 2, .tv_usec = 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port_);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const char hello[] = {'A', 'M', 'Q', 'P', 0, 0, 9, 1};
  char first = 0;
  const bool ok = connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0 &&
                  send(fd, hello, sizeof(hello), MSG_NOSIGNAL) == sizeof(hello) &&
                  recv(fd, &first, 1, 0) == 1;
  close(fd);
  return ok && first == 1;  // a method frame: connection.start
}

void PrivateRabbit::stop() {
  if (node_) node_->stop(30s);
}

void PrivateRabbit::kill9() {
  if (node_) node_->kill9();
}

void PrivateRabbit::restart() {
  stop();
  start();
}

void PrivateRabbit::sigstop() { node_->signal(SIGSTOP); }
void PrivateRabbit::sigcont() { node_->signal(SIGCONT); }

void PrivateRabbit::wipe() {
  stop();
  for (const auto& entry : std::filesystem::directory_iterator(folder_ / "data")) {
    std::filesystem::remove_all(entry.path());
  }
}

std::string PrivateRabbit::ctl(std::vector<std::string> arguments) {
  static const auto programs = find_programs();
  const auto done = run(program((programs / "rabbitmqctl").string(), std::move(arguments)));
  if (done.status != 0) throw std::runtime_error("rabbitmqctl failed: " + done.output);
  return done.output;
}

std::string PrivateRabbit::url(const std::string& vhost) const {
  return "amqp://guest:guest@127.0.0.1:" + std::to_string(port_) + (vhost.empty() ? "" : "/" + vhost);
}

}  // namespace pawl::testing
