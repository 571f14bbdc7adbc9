#include "common/http/server.h"

#include <algorithm>
#include <unordered_map>
#include <vector>

#include "common/http/connection.h"
#include "common/loop/timer.h"

namespace pawl::http {
namespace {

class HttpServer final : public Server {
 public:
  HttpServer(Loop& loop, Rng& rng, Application& application, const Limits& limits)
      : core_{loop, rng, application, limits, {}, false, {}, -1, {}}, sweep_(loop), grace_(loop) {
    core_.on_closed = [this](Connection* connection) { remove(connection); };
    sweep_.every(limits.sweep_interval, [this] { sweep(); });
  }

  Result<std::uint16_t> listen(const ListenOptions& options) override {
    auto listener = TRY(listen_stream(core_.loop, options,
                                      [this](std::unique_ptr<Stream> stream) { add(std::move(stream)); }));
    const std::uint16_t port = listener->port();
    listeners_.push_back(std::move(listener));
    return port;
  }

  void stop(Millis grace, std::function<void()> done) override {
    core_.stopping = true;
    listeners_.clear();
    on_stopped_ = std::move(done);
    for (Connection* connection : snapshot()) connection->stop();
    grace_.start(grace, [this] {
      for (Connection* connection : snapshot()) connection->close_now();
    });
    core_.loop.post([this] { finish_stop(); });
  }

  const ServerStats& stats() const override {
    core_.stats.open = connections_.size();
    return core_.stats;
  }

 private:
  void add(std::unique_ptr<Stream> stream) {
    if (core_.stopping || connections_.size() >= core_.limits.max_connections)
      return;  // the stream closes as it goes
    ++core_.stats.connections;
    auto connection = std::make_unique<Connection>(core_, std::move(stream));
    Connection* key = connection.get();
    connections_.emplace(key, std::move(connection));
  }

  void remove(Connection* connection) {
    connections_.erase(connection);
    finish_stop();
  }

  void finish_stop() {
    if (!core_.stopping || !connections_.empty() || !on_stopped_) return;
    grace_.stop();
    sweep_.stop();
    std::exchange(on_stopped_, {})();
  }

  void sweep() {
    const MonoTime now = core_.loop.now();
    for (const auto& [key, connection] : connections_) connection->sweep(now);
  }

  std::vector<Connection*> snapshot() const {
    std::vector<Connection*> all;
    all.reserve(connections_.size());
    for (const auto& [key, connection] : connections_) all.push_back(key);
    return all;
  }

  mutable ServerCore core_;
  std::unordered_map<Connection*, std::unique_ptr<Connection>> connections_;
  std::vector<std::unique_ptr<Listener>> listeners_;
  std::function<void()> on_stopped_;
  Timer sweep_;
  Timer grace_;
};

}  // namespace

std::unique_ptr<Server> make_server(Loop& loop, Rng& rng, Application& application, const Limits& limits) {
  return std::make_unique<HttpServer>(loop, rng, application, limits);
}

}  // namespace pawl::http
