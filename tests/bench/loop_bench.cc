// Round trips of 128 bytes over 64 loopback connections, both ends in this process: our streams beside a bare
// epoll loop that makes only the unavoidable reads and writes.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <vector>

#include "common/base/assert.h"
#include "common/loop/stream.h"
#include "tests/bench/measure.h"

namespace {

constexpr int kConnections = 64;
constexpr std::size_t kMessage = 128;
constexpr long kRoundTrips = 300'000;

struct Figures {
  double per_second;
  double cpu_us;
};

Figures figures(const pawl::bench::Stopwatch& watch) {
  return {kRoundTrips / watch.wall(), watch.cpu() * 1e6 / kRoundTrips};
}

struct End {
  std::unique_ptr<pawl::Stream> stream;
  std::unique_ptr<pawl::PendingConnect> pending;
  std::size_t received = 0;
};

Figures run_streams() {
  pawl::Loop loop;
  std::vector<std::unique_ptr<pawl::Stream>> servers;
  auto listener = pawl::listen_stream(loop, {}, [&](std::unique_ptr<pawl::Stream> stream) {
                    pawl::Stream* const raw = stream.get();
                    pawl::StreamHandler handler;
                    handler.on_data = [raw](std::string_view bytes) { raw->write(std::string(bytes)); };
                    raw->set_handler(std::move(handler));
                    servers.push_back(std::move(stream));
                  }).value();
  std::vector<End> clients(kConnections);
  long done = 0;
  for (End& client : clients) {
    client.pending = pawl::connect_stream(loop, {"127.0.0.1", listener->port()},
                                          [&](pawl::Result<std::unique_ptr<pawl::Stream>> made) {
                                            client.stream = std::move(made.value());
                                            pawl::StreamHandler handler;
                                            handler.on_data = [&](std::string_view bytes) {
                                              client.received += bytes.size();
                                              if (client.received < kMessage) return;
                                              client.received = 0;
                                              if (++done == kRoundTrips) loop.stop();
                                              client.stream->write(std::string(kMessage, 'x'));
                                            };
                                            client.stream->set_handler(std::move(handler));
                                          });
  }
  while (servers.size() < kConnections) loop.run_for(pawl::Millis(10));
  loop.run_for(pawl::Millis(10));
  for (End& client : clients) client.stream->write(std::string(kMessage, 'x'));
  const pawl::bench::Stopwatch watch;
  loop.run();
  const Figures result = figures(watch);
  clients.clear();
  servers.clear();
  return result;
}

int connected_pair(int listening, int& accepted) {
  sockaddr_in address{};
  socklen_t length = sizeof address;
  getsockname(listening, reinterpret_cast<sockaddr*>(&address), &length);
  const int client = socket(AF_INET, SOCK_STREAM, 0);
  PAWL_ASSERT(connect(client, reinterpret_cast<sockaddr*>(&address), length) == 0, "loopback accepts");
  accepted = accept(listening, nullptr, nullptr);
  const int on = 1;
  setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  setsockopt(accepted, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return client;
}

Figures run_bare() {
  const int listening = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  PAWL_ASSERT(bind(listening, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 &&
                  listen(listening, 128) == 0,
              "a free port");
  const int poll = epoll_create1(0);
  std::vector<bool> is_client(4096);
  std::vector<int> descriptors;
  std::array<char, kMessage> message{};
  for (int i = 0; i < kConnections; ++i) {
    int accepted = -1;
    const int client = connected_pair(listening, accepted);
    is_client[static_cast<std::size_t>(client)] = true;
    for (const int fd : {client, accepted}) {
      epoll_event event{};
      event.events = EPOLLIN;
      event.data.fd = fd;
      epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event);
      descriptors.push_back(fd);
    }
    PAWL_ASSERT(write(client, message.data(), message.size()) == kMessage, "an empty socket takes a message");
  }
  const pawl::bench::Stopwatch watch;
  long done = 0;
  std::array<epoll_event, 1024> events{};
  while (done < kRoundTrips) {
    const int count = epoll_wait(poll, events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < count; ++i) {
      const int fd = events[static_cast<std::size_t>(i)].data.fd;
      const ssize_t got = read(fd, message.data(), message.size());
      PAWL_ASSERT(got > 0 && write(fd, message.data(), static_cast<std::size_t>(got)) == got,
                  "loopback carries a message");
      if (is_client[static_cast<std::size_t>(fd)]) ++done;
    }
  }
  const Figures result = figures(watch);
  for (const int fd : descriptors) close(fd);
  close(poll);
  close(listening);
  return result;
}

}  // namespace

int main() {
  const Figures bare = run_bare();
  const Figures streams = run_streams();
  pawl::bench::print("loop_echo_bare_epoll", "round_trips", bare.per_second, "1/s");
  pawl::bench::print("loop_echo_bare_epoll", "cpu", bare.cpu_us, "us/round_trip");
  pawl::bench::print("loop_echo", "round_trips", streams.per_second, "1/s");
  pawl::bench::print("loop_echo", "cpu", streams.cpu_us, "us/round_trip");
  pawl::bench::print("loop_echo", "ratio_to_bare_epoll", streams.per_second / bare.per_second, "x");
}
