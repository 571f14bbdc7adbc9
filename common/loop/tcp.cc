#include "common/loop/tcp.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "common/base/assert.h"
#include "common/loop/limits.h"
#include "common/loop/loop_state.h"
#include "common/loop/uv_handle.h"

namespace pawl {
namespace {

uv_stream_t* as_stream(uv_tcp_t* tcp) { return reinterpret_cast<uv_stream_t*>(tcp); }

uv_buf_t buffer_of(std::string& bytes, std::size_t offset) {
  return uv_buf_init(bytes.data() + offset, static_cast<unsigned>(bytes.size() - offset));
}

}  // namespace

Result<sockaddr_storage> socket_address(const std::string& address, std::uint16_t port) {
  sockaddr_storage storage{};
  if (uv_ip4_addr(address.c_str(), port, reinterpret_cast<sockaddr_in*>(&storage)) == 0) return storage;
  storage = {};
  if (uv_ip6_addr(address.c_str(), port, reinterpret_cast<sockaddr_in6*>(&storage)) == 0) return storage;
  return fail(ErrorKind::kInvalid, "bad_address", "not a numeric address: " + address);
}

Error connect_error(int uv_status) {
  if (uv_status == UV_ETIMEDOUT)
    return {ErrorKind::kTimeout, "connect_timeout", "no answer to the connection attempt"};
  const char* code = uv_status == UV_ECONNREFUSED ? "connection_refused" : "unreachable";
  return {ErrorKind::kUnavailable, code, std::string("cannot connect: ") + uv_strerror(uv_status)};
}

Error broken_error(int uv_status) {
  if (uv_status == UV_ETIMEDOUT) return {ErrorKind::kTimeout, "timeout", "the peer no longer answers"};
  return {ErrorKind::kUnavailable, "reset", std::string("the connection broke: ") + uv_strerror(uv_status)};
}

Error closed_error() { return {ErrorKind::kCancelled, "closed", "closed by this side"}; }

std::shared_ptr<TcpCore> TcpCore::make(Loop& loop) {
  std::shared_ptr<TcpCore> core(new TcpCore(loop));
  PAWL_ASSERT(uv_tcp_init(loop.raw(), &core->uv_) == 0, "initialising a TCP handle needs no resource");
  core->uv_.data = core.get();
  core->self_ = core;
  return core;
}

void TcpCore::connect(const sockaddr_storage& address, std::function<void(int)> done) {
  on_connect_ = std::move(done);
  connect_request_.data = this;
  const int status = uv_tcp_connect(&connect_request_, &uv_, reinterpret_cast<const sockaddr*>(&address),
                                    [](uv_connect_t* request, int result) {
                                      auto* core = static_cast<TcpCore*>(request->data);
                                      if (core->on_connect_)
                                        std::exchange(core->on_connect_, nullptr)(result);
                                    });
  if (status == 0) return;
  loop_.post([core = shared_from_this(), status] {
    if (core->on_connect_) std::exchange(core->on_connect_, nullptr)(status);
  });
}

bool TcpCore::accept(uv_stream_t* server) { return uv_accept(server, as_stream(&uv_)) == 0; }

void TcpCore::opened() {
  state_ = State::kOpen;
  uv_tcp_nodelay(&uv_, 1);
  uv_tcp_keepalive(&uv_, 1, kKeepaliveSeconds);
}

void TcpCore::detach() {
  on_connect_ = nullptr;
  handler_.reset();
  begin_close(closed_error());
}

void TcpCore::set_handler(StreamHandler handler) {
  if (state_ == State::kClosing && !self_) return;
  handler_ = std::make_shared<StreamHandler>(std::move(handler));
  update_reading();
}

void TcpCore::set_paused(bool paused) {
  paused_ = paused;
  update_reading();
}

void TcpCore::update_reading() {
  const bool delivers = state_ == State::kOpen && handler_ && !paused_;
  const bool wanted = (delivers || state_ == State::kLingering) && !peer_ended_;
  if (wanted == reading_) return;
  reading_ = wanted;
  if (!wanted) {
    uv_read_stop(as_stream(&uv_));
    return;
  }
  uv_read_start(
      as_stream(&uv_),
      [](uv_handle_t* handle, std::size_t, uv_buf_t* buffer) {
        auto& shared = LoopState::of(handle).read_buffer;
        *buffer = uv_buf_init(shared.data(), static_cast<unsigned>(shared.size()));
      },
      [](uv_stream_t* stream, ssize_t count, const uv_buf_t* buffer) {
        static_cast<TcpCore*>(stream->data)->on_read(count, buffer->base);
      });
}

void TcpCore::on_read(ssize_t count, const char* bytes) {
  if (count == 0) return;
  if (count == UV_EOF) return on_peer_end();
  if (count < 0)
    return begin_close(state_ == State::kLingering ? close_error_ : broken_error(static_cast<int>(count)));
  if (state_ != State::kOpen) return;  // lingering: dropped
  const auto handler = handler_;
  if (handler && handler->on_data) handler->on_data(std::string_view(bytes, static_cast<std::size_t>(count)));
}

void TcpCore::on_peer_end() {
  peer_ended_ = true;
  update_reading();
  if (state_ == State::kLingering) return begin_close(close_error_);
  const auto handler = handler_;
  if (handler && handler->on_end) return handler->on_end();
  const Error ended{ErrorKind::kUnavailable, "peer_closed", "the peer closed the connection"};
  if (queued() == 0) return begin_close(ended);
  close_after_flush(kHalfCloseGrace);
  close_error_ = ended;
}

void TcpCore::write(std::string bytes) {
  if (state_ != State::kOpen || bytes.empty()) return;
  queue_bytes_ += bytes.size();
  if (!queue_.empty() && queue_.back().size() + bytes.size() <= kMergeBytes) {
    queue_.back() += bytes;
  } else {
    queue_.push_back(std::move(bytes));
  }
  if (queued() > kWriteHighWater) above_high_water_ = true;
  if (flush_scheduled_ || !writing_.empty()) return;
  flush_scheduled_ = true;
  // Raw: uv_ is open, so self_ holds this at least until the close callback, which runs after the turn's end.
  loop_.at_turn_end([this] {
    flush_scheduled_ = false;
    flush();
  });
}

std::size_t TcpCore::queued() const { return queue_bytes_ + (writing_.empty() ? 0 : uv_.write_queue_size); }

void TcpCore::flush() {
  const auto keep = shared_from_this();
  while (!queue_.empty() && writing_.empty() && (state_ == State::kOpen || state_ == State::kFlushing)) {
    std::array<uv_buf_t, kWritePieces> pieces;
    const std::size_t count = std::min(queue_.size(), kWritePieces);
    std::size_t total = 0;
    for (std::size_t i = 0; i < count; ++i) {
      pieces[i] = buffer_of(queue_[i], i == 0 ? queue_offset_ : 0);
      total += pieces[i].len;
    }
    const int sent = uv_try_write(as_stream(&uv_), pieces.data(), static_cast<unsigned>(count));
    if (sent < 0 && sent != UV_EAGAIN) return begin_close(broken_error(sent));
    if (sent > 0) drop_sent(static_cast<std::size_t>(sent));
    if (sent < 0 || static_cast<std::size_t>(sent) < total) write_rest();
  }
  after_flush();
}

void TcpCore::drop_sent(std::size_t sent) {
  queue_bytes_ -= sent;
  std::size_t done = 0;
  while (done < queue_.size() && sent >= queue_[done].size() - queue_offset_) {
    sent -= queue_[done].size() - queue_offset_;
    queue_offset_ = 0;
    ++done;
  }
  queue_offset_ += sent;
  queue_.erase(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(done));
}

// The kernel's buffer is full: libuv takes over and tells when it has written everything queued so far.
void TcpCore::write_rest() {
  writing_.swap(queue_);
  std::vector<uv_buf_t> pieces;
  pieces.reserve(writing_.size());
  for (std::string& bytes : writing_) pieces.push_back(buffer_of(bytes, pieces.empty() ? queue_offset_ : 0));
  queue_offset_ = 0;
  queue_bytes_ = 0;
  write_request_.data = this;
  const int status = uv_write(
      &write_request_, as_stream(&uv_), pieces.data(), static_cast<unsigned>(pieces.size()),
      [](uv_write_t* request, int result) { static_cast<TcpCore*>(request->data)->on_written(result); });
  if (status < 0) {
    writing_.clear();
    begin_close(broken_error(status));
  }
}

void TcpCore::on_written(int status) {
  const auto keep = shared_from_this();
  writing_.clear();
  if (state_ == State::kClosing) return;
  if (status < 0) return begin_close(broken_error(status));
  flush();
}

void TcpCore::after_flush() {
  if (above_high_water_ && queued() <= kWriteHighWater / 2 && state_ == State::kOpen) {
    above_high_water_ = false;
    const auto handler = handler_;
    if (handler && handler->on_drain) handler->on_drain();
  }
  if (state_ == State::kFlushing && queue_.empty() && writing_.empty()) linger();
}

void TcpCore::close_after_flush(Millis grace) {
  if (state_ != State::kOpen) return;
  state_ = State::kFlushing;
  close_error_ = closed_error();
  grace_left_ = grace;
  update_reading();
  grace_ = std::make_unique<Timer>(loop_);
  grace_->start(grace, [this] { begin_close(close_error_); });
  if (queue_.empty() && writing_.empty()) linger();
}

void TcpCore::linger() {
  if (peer_ended_) return begin_close(close_error_);
  state_ = State::kLingering;
  shutdown_request_.data = this;
  uv_shutdown(&shutdown_request_, as_stream(&uv_), [](uv_shutdown_t*, int) {});
  update_reading();
  if (grace_left_ > kLinger) grace_->start(kLinger, [this] { begin_close(close_error_); });
}

void TcpCore::begin_close(Error why) {
  if (state_ == State::kClosing) return;
  state_ = State::kClosing;
  close_error_ = std::move(why);
  reading_ = false;
  grace_.reset();
  uv_close(as_handle(&uv_), [](uv_handle_t* handle) {
    auto* core = static_cast<TcpCore*>(handle->data);
    const auto keep = std::move(core->self_);
    core->queue_.clear();
    core->queue_bytes_ = 0;
    core->writing_.clear();
    const auto handler = std::move(core->handler_);
    if (handler && handler->on_close) handler->on_close(core->close_error_);
  });
}

std::string TcpCore::peer_address() const {
  sockaddr_storage storage{};
  int length = sizeof storage;
  if (uv_tcp_getpeername(&uv_, reinterpret_cast<sockaddr*>(&storage), &length) != 0) return {};
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (uv_ip_name(reinterpret_cast<const sockaddr*>(&storage), text.data(), text.size()) != 0) return {};
  const std::string_view view(text.data());
  constexpr std::string_view kMapped = "::ffff:";
  const bool mapped = view.starts_with(kMapped) && view.find('.') != std::string_view::npos;
  return std::string(mapped ? view.substr(kMapped.size()) : view);
}

}  // namespace pawl
