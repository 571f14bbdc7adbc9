// Accepting connections: a listening socket, and the TLS handshakes of what it accepted.
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include <map>

#include "common/base/assert.h"
#include "common/loop/limits.h"
#include "common/loop/stream.h"
#include "common/loop/tcp.h"
#include "common/loop/tls_stream.h"
#include "common/loop/uv_handle.h"

namespace pawl {
namespace {

tl::unexpected<Error> listen_error(const ListenOptions& options, int uv_status) {
  const std::string where = options.address + ":" + std::to_string(options.port);
  if (uv_status == UV_EADDRINUSE) {
    return fail(ErrorKind::kUnavailable, "address_in_use", where + " is in use",
                "stop what listens there or choose another port");
  }
  const bool bad = uv_status == UV_EADDRNOTAVAIL || uv_status == UV_EINVAL;
  return fail(bad ? ErrorKind::kInvalid : ErrorKind::kUnavailable, bad ? "bad_address" : "cannot_listen",
              "cannot listen on " + where + ": " + uv_strerror(uv_status));
}

/// A bound, non-blocking socket, or a negative libuv status.
int bound_socket(const sockaddr_storage& address, bool reuse_port) {
  const int fd = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return uv_translate_sys_error(errno);
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (reuse_port) setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  const socklen_t length = address.ss_family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
  if (bind(fd, reinterpret_cast<const sockaddr*>(&address), length) == 0) return fd;
  const int status = uv_translate_sys_error(errno);
  close(fd);
  return status;
}

class TcpListener final : public Listener {
 public:
  using OnStream = std::function<void(std::unique_ptr<Stream>)>;

  static Result<std::unique_ptr<Listener>> start(Loop& loop, const ListenOptions& options,
                                                 OnStream on_stream) {
    const sockaddr_storage address = TRY(socket_address(options.address, options.port));
    const int fd = bound_socket(address, options.reuse_port);
    if (fd < 0) return listen_error(options, fd);
    std::unique_ptr<TcpListener> listener(new TcpListener(loop, options.tls, std::move(on_stream)));
    int status = uv_tcp_open(&listener->state_->uv, fd);
    if (status < 0) close(fd);
    if (status == 0)
      status =
          uv_listen(reinterpret_cast<uv_stream_t*>(&listener->state_->uv), options.backlog, on_connection);
    if (status < 0) return listen_error(options, status);
    return listener;
  }

  ~TcpListener() override {
    state_->on_stream.reset();
    state_->handshakes.clear();
    close_and_delete(state_);
  }
  TcpListener(const TcpListener&) = delete;
  TcpListener& operator=(const TcpListener&) = delete;

  [[nodiscard]] std::uint16_t port() const override {
    sockaddr_storage storage{};
    int length = sizeof storage;
    if (uv_tcp_getsockname(&state_->uv, reinterpret_cast<sockaddr*>(&storage), &length) != 0) return 0;
    return ntohs(storage.ss_family == AF_INET ? reinterpret_cast<const sockaddr_in*>(&storage)->sin_port
                                              : reinterpret_cast<const sockaddr_in6*>(&storage)->sin6_port);
  }

 private:
  struct State {
    explicit State(Loop& l, const TlsContext* t) : loop(l), tls(t) {}
    uv_tcp_t uv{};
    Loop& loop;
    const TlsContext* tls;
    std::shared_ptr<OnStream>
        on_stream;  // null once the listener is gone; shared: it may destroy the listener
    std::map<TlsHandshake*, std::unique_ptr<TlsHandshake>> handshakes;
  };

  TcpListener(Loop& loop, const TlsContext* tls, OnStream on_stream) : state_(new State(loop, tls)) {
    state_->on_stream = std::make_shared<OnStream>(std::move(on_stream));
    PAWL_ASSERT(uv_tcp_init(loop.raw(), &state_->uv) == 0, "initialising a TCP handle needs no resource");
    state_->uv.data = state_;
  }

  static void on_connection(uv_stream_t* server, int status) {
    if (status < 0) return;  // out of descriptors: libuv has dropped the connection, the next may fit again
    auto* state = static_cast<State*>(server->data);
    auto core = TcpCore::make(state->loop);
    auto stream = std::make_unique<TcpStream>(core);
    if (!core->accept(server)) return;
    core->opened();
    const auto on_stream = state->on_stream;
    if (!on_stream) return;
    if (state->tls == nullptr) return (*on_stream)(std::move(stream));
    if (state->handshakes.size() < kMaxHandshakes) shake(state, std::move(stream));
  }

  static void shake(State* state, std::unique_ptr<Stream> stream) {
    auto handshake =
        std::make_unique<TlsHandshake>(state->loop, *state->tls, std::move(stream), kHandshakeTimeout);
    TlsHandshake* const key = handshake.get();
    state->handshakes.emplace(key, std::move(handshake));
    // The handshake is dropped with the listener, and then calls nothing.
    key->start([state, key](Result<std::unique_ptr<Stream>> ready) {
      state->handshakes.erase(key);
      const auto on_stream = state->on_stream;
      if (ready && on_stream) (*on_stream)(std::move(*ready));
    });
  }

  State* state_;
};

}  // namespace

Result<std::unique_ptr<Listener>> listen_stream(Loop& loop, const ListenOptions& options,
                                                std::function<void(std::unique_ptr<Stream>)> on_stream) {
  return TcpListener::start(loop, options, std::move(on_stream));
}

}  // namespace pawl
