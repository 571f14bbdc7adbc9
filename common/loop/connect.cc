// Making a connection: resolve, try each address in turn, shake hands over TLS when asked, all within one
// time-out.
#include <uv.h>

#include "common/loop/stream.h"
#include "common/loop/tcp.h"
#include "common/loop/tls_stream.h"
#include "common/loop/work.h"

namespace pawl {
namespace {

class Attempt : public std::enable_shared_from_this<Attempt> {
 public:
  Attempt(Loop& loop, ConnectOptions options, Done<std::unique_ptr<Stream>> done)
      : loop_(loop),
        options_(std::move(options)),
        done_(std::move(done)),
        timer_(loop),
        attempt_timer_(loop) {}

  void start() {
    deadline_ = loop_.now() + options_.timeout;
    timer_.start(options_.timeout, [this] {
      finish(fail(ErrorKind::kTimeout, "connect_timeout", "no connection to " + where() + " in time"));
    });
    resolve(loop_, options_.host, [weak = weak_from_this()](Result<std::vector<std::string>> addresses) {
      const auto self = weak.lock();
      if (!self || !self->done_) return;
      if (!addresses) return self->finish(fail(std::move(addresses).error()));
      self->addresses_ = std::move(*addresses);
      self->try_next();
    });
  }

  void cancel() {
    done_ = nullptr;
    clear();
  }

 private:
  [[nodiscard]] std::string where() const { return options_.host + ":" + std::to_string(options_.port); }

  void try_next() {
    if (next_ == addresses_.size()) return finish(fail(last_error_));
    const std::size_t left = addresses_.size() - next_;
    const Result<sockaddr_storage> address = socket_address(addresses_[next_++], options_.port);
    if (!address) {
      last_error_ = address.error();
      return try_next();
    }
    core_ = TcpCore::make(loop_);
    // A silent address must leave time for those after it.
    const auto share = std::chrono::duration_cast<Millis>(deadline_ - loop_.now()) / static_cast<int>(left);
    if (left > 1) attempt_timer_.start(std::max(share, Millis(1)), [this] { on_connect(UV_ETIMEDOUT); });
    core_->connect(*address, [weak = weak_from_this()](int status) {
      if (const auto self = weak.lock()) self->on_connect(status);
    });
  }

  void on_connect(int status) {
    attempt_timer_.stop();
    if (status < 0) {
      last_error_ = connect_error(status);
      last_error_.message += " (" + where() + ")";
      core_->detach();
      core_.reset();
      return try_next();
    }
    core_->opened();
    std::unique_ptr<Stream> stream = std::make_unique<TcpStream>(std::move(core_));
    if (options_.tls == nullptr) return finish(std::move(stream));
    handshake_ = std::make_unique<TlsHandshake>(loop_, *options_.tls, std::move(stream), options_.timeout,
                                                options_.host);
    handshake_->start([weak = weak_from_this()](Result<std::unique_ptr<Stream>> ready) {
      if (const auto self = weak.lock()) self->finish(std::move(ready));
    });
  }

  void finish(Result<std::unique_ptr<Stream>> result) {
    if (!done_) return;
    const auto keep = shared_from_this();  // `done` may destroy the guard
    const auto done = std::exchange(done_, nullptr);
    clear();
    done(std::move(result));
  }

  void clear() {
    timer_.stop();
    attempt_timer_.stop();
    if (core_) core_->detach();
    core_.reset();
    handshake_.reset();
  }

  Loop& loop_;
  ConnectOptions options_;
  Done<std::unique_ptr<Stream>> done_;
  MonoTime deadline_{};
  std::vector<std::string> addresses_;
  std::size_t next_ = 0;
  Error last_error_{ErrorKind::kUnavailable, "name_not_resolved", "no addresses"};
  std::shared_ptr<TcpCore> core_;
  std::unique_ptr<TlsHandshake> handshake_;
  Timer timer_;
  Timer attempt_timer_;
};

class Guard final : public PendingConnect {
 public:
  explicit Guard(std::shared_ptr<Attempt> attempt) : attempt_(std::move(attempt)) {}
  ~Guard() override { attempt_->cancel(); }
  Guard(const Guard&) = delete;
  Guard& operator=(const Guard&) = delete;

 private:
  std::shared_ptr<Attempt> attempt_;
};

}  // namespace

std::unique_ptr<PendingConnect> connect_stream(Loop& loop, ConnectOptions options,
                                               Done<std::unique_ptr<Stream>> done) {
  auto attempt = std::make_shared<Attempt>(loop, std::move(options), std::move(done));
  attempt->start();
  return std::make_unique<Guard>(std::move(attempt));
}

}  // namespace pawl
