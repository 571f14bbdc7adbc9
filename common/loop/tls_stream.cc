#include "common/loop/tls_stream.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <array>

#include "common/base/assert.h"
#include "common/loop/limits.h"
#include "common/loop/loop_state.h"

namespace pawl {
namespace {

bool is_address(const std::string& host) {
  std::array<unsigned char, sizeof(in6_addr)> bytes{};
  return inet_pton(AF_INET, host.c_str(), bytes.data()) == 1 ||
         inet_pton(AF_INET6, host.c_str(), bytes.data()) == 1;
}

}  // namespace

/// The filter between a lower Stream and its user. Shared, so that a callback may destroy its owner.
class TlsCore : public std::enable_shared_from_this<TlsCore> {
 public:
  TlsCore(Loop& loop, const TlsContext& context, std::unique_ptr<Stream> lower, const std::string& host);
  ~TlsCore() { SSL_free(ssl_); }
  TlsCore(const TlsCore&) = delete;
  TlsCore& operator=(const TlsCore&) = delete;

  void start(std::function<void(Result<void>)> on_ready);
  void detach();
  void set_handler(StreamHandler handler);
  void write(std::string bytes);
  [[nodiscard]] std::size_t queued() const { return plain_.size() + lower_->queued(); }
  void set_paused(bool paused);
  void close_after_flush(Millis grace);
  void close() { lower_->close(); }
  [[nodiscard]] std::string peer_address() const { return lower_->peer_address(); }

 private:
  void on_cipher(std::string_view bytes);
  void advance();
  void shake();
  void deliver();
  void peer_ended();
  void encrypt();
  void send_cipher();
  void fail_with(const std::string& message);
  void on_lower_close(const Error& why);
  [[nodiscard]] bool may_read() const { return handler_ && !paused_ && !closing_ && !detached_; }

  Loop& loop_;
  std::unique_ptr<Stream> lower_;
  SSL* ssl_;
  BIO* in_ = nullptr;                           // cipher text to decrypt; owned by ssl_
  BIO* out_ = nullptr;                          // cipher text to send; owned by ssl_
  std::function<void(Result<void>)> on_ready_;  // set while the handshake is under way
  std::shared_ptr<StreamHandler> handler_;
  std::string plain_;  // written in this turn, encrypted together at its end
  Error failure_;      // why this side cut the connection, when it did
  bool failed_ = false;
  bool paused_ = false;
  bool closing_ = false;
  bool ended_ = false;
  bool detached_ = false;
  bool advancing_ = false;
};

TlsCore::TlsCore(Loop& loop, const TlsContext& context, std::unique_ptr<Stream> lower,
                 const std::string& host)
    : loop_(loop), lower_(std::move(lower)), ssl_(SSL_new(context.raw())) {
  PAWL_ASSERT(ssl_ != nullptr, "memory for a TLS session");
  in_ = BIO_new(BIO_s_mem());
  out_ = BIO_new(BIO_s_mem());
  SSL_set_bio(ssl_, in_, out_);
  if (host.empty()) {
    SSL_set_accept_state(ssl_);
    return;
  }
  SSL_set_connect_state(ssl_);
  if (is_address(host)) {
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl_), host.c_str());
  } else {
    SSL_set1_host(ssl_, host.c_str());
    // Server name indication: names only (RFC 6066 §3). The macro for this call has an old-style cast.
    std::string name = host;
    SSL_ctrl(ssl_, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name.data());
  }
}

void TlsCore::start(std::function<void(Result<void>)> on_ready) {
  on_ready_ = std::move(on_ready);
  // `weak`: the lower stream belongs to this, and calls nothing once destroyed.
  StreamHandler handler;
  handler.on_data = [weak = weak_from_this()](std::string_view bytes) {
    if (const auto self = weak.lock()) self->on_cipher(bytes);
  };
  handler.on_drain = [weak = weak_from_this()] {
    const auto self = weak.lock();
    const auto user = self ? self->handler_ : nullptr;
    if (user && user->on_drain) user->on_drain();
  };
  handler.on_close = [weak = weak_from_this()](const Error& why) {
    if (const auto self = weak.lock()) self->on_lower_close(why);
  };
  lower_->set_handler(std::move(handler));
  loop_.post([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->advance();
  });
}

void TlsCore::detach() {
  detached_ = true;
  handler_.reset();
  on_ready_ = nullptr;
  if (!closing_) lower_->close();
}

void TlsCore::set_handler(StreamHandler handler) {
  handler_ = std::make_shared<StreamHandler>(std::move(handler));
  set_paused(paused_);
}

void TlsCore::set_paused(bool paused) {
  paused_ = paused;
  if (paused) return lower_->pause_reading();
  lower_->resume_reading();
  // What was decrypted or received before must not wait for more bytes.
  loop_.post([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->advance();
  });
}

void TlsCore::on_cipher(std::string_view bytes) {
  BIO_write(in_, bytes.data(), static_cast<int>(bytes.size()));
  advance();
}

void TlsCore::advance() {
  if (advancing_ || failed_ || detached_) return;
  const auto keep = shared_from_this();
  advancing_ = true;
  ERR_clear_error();
  if (on_ready_) shake();
  if (!on_ready_ && !failed_) deliver();
  advancing_ = false;
}

void TlsCore::shake() {
  const int status = SSL_do_handshake(ssl_);
  const int reason = SSL_get_error(ssl_, status);
  send_cipher();
  if (status == 1) return std::exchange(on_ready_, nullptr)({});
  if (reason == SSL_ERROR_WANT_READ) return;
  const long verdict = SSL_get_verify_result(ssl_);
  if (verdict != X509_V_OK) return fail_with(X509_verify_cert_error_string(verdict));
  const char* text = ERR_reason_error_string(ERR_peek_last_error());
  fail_with(text != nullptr ? text : "handshake failed");
}

void TlsCore::deliver() {
  auto& buffer = LoopState::of(loop_.raw()).plain_buffer;
  while (may_read() && !ended_) {
    std::size_t count = 0;
    const int status = SSL_read_ex(ssl_, buffer.data(), buffer.size(), &count);
    if (status == 1) {
      const auto handler = handler_;
      if (handler->on_data) handler->on_data(std::string_view(buffer.data(), count));
      continue;
    }
    const int reason = SSL_get_error(ssl_, status);
    if (reason == SSL_ERROR_ZERO_RETURN) peer_ended();
    if (reason == SSL_ERROR_SSL || reason == SSL_ERROR_SYSCALL) fail_with("broken TLS record");
    break;
  }
  if (!detached_) send_cipher();  // answers of the protocol itself, as key updates
}

void TlsCore::peer_ended() {
  ended_ = true;
  const auto handler = handler_;
  if (handler && handler->on_end) return handler->on_end();
  failure_ = {ErrorKind::kUnavailable, "peer_closed", "the peer closed the connection"};
  failed_ = true;
  close_after_flush(kHalfCloseGrace);
}

void TlsCore::write(std::string bytes) {
  if (closing_ || failed_ || bytes.empty()) return;
  const bool first = plain_.empty();
  if (first) {
    plain_ = std::move(bytes);
  } else {
    plain_ += bytes;
  }
  if (!first) return;
  loop_.at_turn_end([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->encrypt();
  });
}

void TlsCore::encrypt() {
  if (detached_) return;
  ERR_clear_error();
  std::string_view left = plain_;
  while (!left.empty()) {
    std::size_t taken = 0;
    if (SSL_write_ex(ssl_, left.data(), left.size(), &taken) != 1) return fail_with("cannot encrypt");
    left.remove_prefix(taken);
  }
  plain_.clear();
  if (plain_.capacity() > kReadBufferBytes) plain_.shrink_to_fit();
  send_cipher();
}

void TlsCore::send_cipher() {
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(out_, &bytes);
  if (size <= 0) return;
  lower_->write(std::string(bytes, static_cast<std::size_t>(size)));
  BIO_reset(out_);
}

void TlsCore::close_after_flush(Millis grace) {
  if (closing_) return;
  encrypt();
  closing_ = true;
  SSL_shutdown(ssl_);
  send_cipher();
  lower_->close_after_flush(grace);
}

void TlsCore::fail_with(const std::string& message) {
  if (failed_) return;
  failed_ = true;
  failure_ = {ErrorKind::kUnavailable, "tls_failed", message};
  send_cipher();  // the alert that tells the peer why
  closing_ = true;
  lower_->close_after_flush(kLinger);
  if (!on_ready_) return;
  loop_.post([weak = weak_from_this()] {
    const auto self = weak.lock();
    if (self && self->on_ready_) std::exchange(self->on_ready_, nullptr)(fail(self->failure_));
  });
}

void TlsCore::on_lower_close(const Error& why) {
  const auto keep = shared_from_this();
  closing_ = true;
  const Error error = failed_ ? failure_ : why;
  if (on_ready_) {
    return std::exchange(on_ready_, nullptr)(fail(ErrorKind::kUnavailable, "tls_failed",
                                                  "the peer closed during the handshake: " + error.message));
  }
  const auto handler = std::move(handler_);
  if (handler && handler->on_close) handler->on_close(error);
}

namespace {

class TlsStream final : public Stream {
 public:
  explicit TlsStream(std::shared_ptr<TlsCore> core) : core_(std::move(core)) {}
  ~TlsStream() override { core_->detach(); }
  TlsStream(const TlsStream&) = delete;
  TlsStream& operator=(const TlsStream&) = delete;

  void set_handler(StreamHandler handler) override { core_->set_handler(std::move(handler)); }
  void write(std::string bytes) override { core_->write(std::move(bytes)); }
  [[nodiscard]] std::size_t queued() const override { return core_->queued(); }
  void pause_reading() override { core_->set_paused(true); }
  void resume_reading() override { core_->set_paused(false); }
  void close_after_flush(Millis grace) override { core_->close_after_flush(grace); }
  void close() override { core_->close(); }
  [[nodiscard]] std::string peer_address() const override { return core_->peer_address(); }

 private:
  std::shared_ptr<TlsCore> core_;
};

}  // namespace

TlsHandshake::TlsHandshake(Loop& loop, const TlsContext& context, std::unique_ptr<Stream> lower,
                           Millis timeout, const std::string& host)
    : core_(std::make_shared<TlsCore>(loop, context, std::move(lower), host)),
      timeout_(timeout),
      timer_(loop) {}

TlsHandshake::~TlsHandshake() {
  if (core_) core_->detach();
}

void TlsHandshake::start(Done<std::unique_ptr<Stream>> done) {
  done_ = std::move(done);
  timer_.start(timeout_,
               [this] { finish(fail(ErrorKind::kTimeout, "connect_timeout", "no TLS handshake in time")); });
  core_->start([this](Result<void> outcome) { finish(std::move(outcome)); });
}

void TlsHandshake::finish(Result<void> outcome) {
  timer_.stop();
  const auto done = std::move(done_);
  const auto core = std::move(core_);
  if (outcome) return done(std::make_unique<TlsStream>(core));
  core->detach();
  done(fail(std::move(outcome).error()));
}

}  // namespace pawl
