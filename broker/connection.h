// One AMQP 0-9-1 connection over a common/loop stream, from the protocol header to its end. It never blocks,
// and it never comes back: Link makes a new one. Lives on the loop thread.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "broker/channel.h"
#include "broker/codec.h"
#include "broker/frame.h"
#include "broker/heartbeat.h"
#include "broker/limits.h"
#include "broker/url.h"
#include "common/loop/loop.h"
#include "common/loop/stream.h"
#include "common/loop/timer.h"

namespace pawl::broker {

struct ConnectionOptions {
  AmqpUrl url;
  std::string name = "pawl";        ///< connection_name, shown by rabbitmqctl list_connections
  Millis heartbeat{10'000};         ///< our wish; whole seconds, at least 1
  const TlsContext* tls = nullptr;  ///< not owned; needed for amqps
};

struct ConnectionHandler {
  /// The handshake is done; channels can be opened.
  std::function<void()> on_open;
  /// connection.blocked and unblocked: while true the broker takes no publishes.
  std::function<void(bool is_blocked)> on_blocked;
  /// It is over, after all channels were closed; the last call, on a turn of its own. Codes: those of
  /// connect_stream and FrameReader, auth_failed, vhost_refused, heartbeat_timeout, handshake_timeout,
  /// closed_by_broker, closed.
  std::function<void(const Error&)> on_close;
};

class Connection {
 public:
  Connection(Loop& loop, ConnectionOptions options, ConnectionHandler handler);
  /// Cuts without a word; no handler is called any more.
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Opens a channel; usable at once, the broker's channel.open-ok is waited for behind the scenes. nullptr
  /// when kChannelMax are open or the connection is not.
  Channel* open_channel(ChannelHandler handler);
  /// Says connection.close, waits a second for the answer, then cuts. on_close follows.
  void close();

  [[nodiscard]] bool is_open() const { return state_ == State::kOpen; }
  [[nodiscard]] bool is_blocked() const { return blocked_; }
  [[nodiscard]] std::uint32_t frame_max() const { return frame_max_; }
  /// Bytes not yet taken by the kernel.
  [[nodiscard]] std::size_t outgoing_bytes() const;
  /// Runs `fn` on a later turn unless this connection is gone by then.
  void post(std::function<void()> fn);

 private:
  friend class Channel;
  enum class State : std::uint8_t { kConnecting, kStart, kTune, kOpenOk, kOpen, kClosing, kFailed, kClosed };

  void connected(Result<std::unique_ptr<Stream>> stream);
  void on_data(std::string_view bytes);
  Result<void> on_frame(const Frame& frame);
  Result<void> on_connection_method(const Method& method);
  Result<void> on_start(const amqp_connection_start_t& start);
  Result<void> on_tune(const amqp_connection_tune_t& tune);
  void on_close_method(const amqp_connection_close_t& close);
  void heartbeat_tick();
  void set_blocked(bool blocked);

  // For Channel.
  std::string& out() { return out_; }
  void touched();
  void retire(std::uint16_t number) {
    retired_[number] = true;
    has_retired_ = true;
  }
  void drop_retired();

  void flush();
  /// Remembers why, cuts the stream, and ends it all on a later turn. Only the first call counts.
  void fail_with(Error error);
  void finish();

  Loop& loop_;
  const ConnectionOptions options_;
  ConnectionHandler handler_;
  State state_ = State::kConnecting;
  std::unique_ptr<PendingConnect> connecting_;
  std::unique_ptr<Stream> stream_;
  Decoder decoder_;
  FrameReader reader_;
  std::uint32_t frame_max_ = kHandshakeFrameMax;
  std::string out_;
  bool flush_posted_ = false;
  bool in_read_ = false;
  bool blocked_ = false;
  bool has_retired_ = false;
  std::array<std::unique_ptr<Channel>, kChannelMax + 1> channels_;
  std::array<bool, kChannelMax + 1> retired_{};
  std::optional<HeartbeatJudge> judge_;
  Timer deadline_;
  Timer heartbeat_;
  std::optional<Error> error_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace pawl::broker
