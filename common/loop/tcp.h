// A TCP connection on the loop: the Stream under everything. Seen only inside common/loop.
#pragma once

#include <uv.h>

#include <memory>
#include <string>
#include <vector>

#include "common/loop/stream.h"
#include "common/loop/timer.h"

namespace pawl {

/// An address and port as the kernel takes them. Errors: kInvalid/bad_address.
Result<sockaddr_storage> socket_address(const std::string& address, std::uint16_t port);
/// The Error of a failed connection attempt or of a broken connection.
Error connect_error(int uv_status);
Error broken_error(int uv_status);
/// What on_close gets after close().
Error closed_error();

/// The connection itself. It outlives the TcpStream that owns it until libuv has let go of the socket.
class TcpCore : public std::enable_shared_from_this<TcpCore> {
 public:
  static std::shared_ptr<TcpCore> make(Loop& loop);

  /// One attempt. `done` runs on the loop with the status; not after `detach`.
  void connect(const sockaddr_storage& address, std::function<void(int)> done);
  /// Takes the next waiting connection of `server`. False when there is none to take.
  bool accept(uv_stream_t* server);
  /// The socket is connected: sets its options, from here on it can be written and read.
  void opened();
  /// The owner is gone: nothing is called any more, and the socket is closed.
  void detach();

  void set_handler(StreamHandler handler);
  void write(std::string bytes);
  [[nodiscard]] std::size_t queued() const;
  void set_paused(bool paused);
  void close_after_flush(Millis grace);
  void begin_close(Error why);
  [[nodiscard]] std::string peer_address() const;

 private:
  enum class State : unsigned char {
    kIdle,  // not connected yet
    kOpen,
    kFlushing,   // the queue leaves, then kLingering or kClosing
    kLingering,  // our side has ended; reads and drops until the peer ends its own
    kClosing,
  };

  explicit TcpCore(Loop& loop) : loop_(loop) {}
  void update_reading();
  void on_read(ssize_t count, const char* bytes);
  void on_peer_end();
  void flush();
  void write_rest();
  void drop_sent(std::size_t sent);
  void on_written(int status);
  void after_flush();
  void linger();

  Loop& loop_;
  uv_tcp_t uv_{};
  uv_connect_t connect_request_{};
  uv_write_t write_request_{};
  uv_shutdown_t shutdown_request_{};
  std::shared_ptr<TcpCore> self_;  // held while libuv holds uv_
  std::function<void(int)> on_connect_;
  std::shared_ptr<StreamHandler> handler_;  // shared: a callback may replace it or destroy the stream

  std::vector<std::string> queue_;  // accepted, not handed to libuv
  std::size_t queue_offset_ = 0;    // sent bytes of queue_.front()
  std::size_t queue_bytes_ = 0;
  std::vector<std::string> writing_;  // what the uv_write under way refers to

  std::unique_ptr<Timer> grace_;
  Millis grace_left_{0};
  Error close_error_;
  State state_ = State::kIdle;
  bool paused_ = false;
  bool reading_ = false;
  bool peer_ended_ = false;
  bool above_high_water_ = false;
  bool flush_scheduled_ = false;
};

class TcpStream final : public Stream {
 public:
  explicit TcpStream(std::shared_ptr<TcpCore> core) : core_(std::move(core)) {}
  ~TcpStream() override { core_->detach(); }
  TcpStream(const TcpStream&) = delete;
  TcpStream& operator=(const TcpStream&) = delete;

  void set_handler(StreamHandler handler) override { core_->set_handler(std::move(handler)); }
  void write(std::string bytes) override { core_->write(std::move(bytes)); }
  [[nodiscard]] std::size_t queued() const override { return core_->queued(); }
  void pause_reading() override { core_->set_paused(true); }
  void resume_reading() override { core_->set_paused(false); }
  void close_after_flush(Millis grace) override { core_->close_after_flush(grace); }
  void close() override { core_->begin_close(closed_error()); }
  [[nodiscard]] std::string peer_address() const override { return core_->peer_address(); }

 private:
  std::shared_ptr<TcpCore> core_;
};

}  // namespace pawl
