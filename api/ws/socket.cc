#include "api/ws/socket.h"

#include <wslay/wslay.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "api/ws/limits.h"

namespace pawl::api::ws {

/// Holds itself while the stream is open, so that a close frame leaves although the watcher is gone.
struct Socket::Core : std::enable_shared_from_this<Core> {
  explicit Core(Loop& l) : loop(l) {}

  void open(std::unique_ptr<Stream> taken, std::string read_ahead);
  void on_data(std::string_view bytes);
  void judge(std::string_view bytes);
  void begin_close(std::string frame);
  void tell_gone();

  static ssize_t receive(wslay_event_context_ptr context, std::uint8_t* buffer, std::size_t size, int,
                         void* user);
  static ssize_t transmit(wslay_event_context_ptr, const std::uint8_t* data, std::size_t size, int,
                          void* user);
  static void on_message(wslay_event_context_ptr context, const wslay_event_on_msg_recv_arg* message,
                         void* user);

  Loop& loop;
  std::unique_ptr<Stream> stream;
  // Made with the first byte that is no pong: wslay holds 8 KiB, an idle watcher needs none of it.
  std::unique_ptr<wslay_event_context, decltype(&wslay_event_context_free)> parser{nullptr,
                                                                                   &wslay_event_context_free};
  std::string_view unread;  // during judge
  std::string outgoing;     // during judge: what wslay answers (pongs, closes)
  std::function<void()> on_alive, on_gone;
  bool closing = false;
  std::shared_ptr<Core> self;
};

Socket::Socket(Loop& loop, std::unique_ptr<Stream> stream, std::string read_ahead,
               std::function<void()> on_alive, std::function<void()> on_gone)
    : core_(std::make_shared<Core>(loop)) {
  core_->on_alive = std::move(on_alive);
  core_->on_gone = std::move(on_gone);
  core_->open(std::move(stream), std::move(read_ahead));
}

Socket::~Socket() {
  core_->on_alive = nullptr;
  core_->on_gone = nullptr;
  if (core_->closing || !core_->stream) return;
  core_->closing = true;
  core_->stream->close();
}

void Socket::send(std::string_view frame) {
  if (!core_->closing && core_->stream) core_->stream->write(std::string(frame));
}

std::size_t Socket::queued() const { return core_->stream ? core_->stream->queued() : 0; }

void Socket::close(CloseCode code, std::string_view reason) {
  core_->on_alive = nullptr;
  core_->on_gone = nullptr;
  core_->begin_close(close_frame(code, reason));
}

void Socket::Core::open(std::unique_ptr<Stream> taken, std::string read_ahead) {
  stream = std::move(taken);
  self = shared_from_this();
  StreamHandler handler;
  handler.on_data = [this](std::string_view bytes) { on_data(bytes); };
  handler.on_close = [this](const Error&) {
    tell_gone();
    loop.post([core = std::move(self)] { core->stream.reset(); });
  };
  stream->set_handler(std::move(handler));
  if (read_ahead.empty()) return;
  loop.post([core = self, bytes = std::move(read_ahead)] {
    if (core->stream) core->on_data(bytes);
  });
}

void Socket::Core::on_data(std::string_view bytes) {
  if (closing) return;
  if (on_alive) on_alive();
  if (!parser && are_only_pongs(bytes)) return;
  judge(bytes);
}

void Socket::Core::judge(std::string_view bytes) {
  if (!parser) {
    const wslay_event_callbacks callbacks{&Core::receive, &Core::transmit, nullptr,          nullptr,
                                          nullptr,        nullptr,         &Core::on_message};
    wslay_event_context_ptr made = nullptr;
    if (wslay_event_context_server_init(&made, &callbacks, this) != 0)
      return begin_close(close_frame(CloseCode::kTryAgainLater, ""));
    parser.reset(made);
    wslay_event_config_set_max_recv_msg_length(made, kMaxMessage);
  }
  unread = bytes;
  outgoing.clear();
  bool broken = wslay_event_recv(parser.get()) != 0;
  while (!broken && wslay_event_want_write(parser.get()) != 0) broken = wslay_event_send(parser.get()) != 0;
  unread = {};
  const bool ended = broken || wslay_event_want_read(parser.get()) == 0;
  if (ended) return begin_close(std::move(outgoing));
  if (!outgoing.empty()) stream->write(std::exchange(outgoing, {}));
}

void Socket::Core::begin_close(std::string frame) {
  if (closing || !stream) return;
  closing = true;
  if (!frame.empty()) stream->write(std::move(frame));
  stream->close_after_flush(kCloseGrace);
  tell_gone();
}

/// On a later turn: whoever hears it may destroy the socket.
void Socket::Core::tell_gone() {
  if (!on_gone) return;
  loop.post([core = shared_from_this()] {
    if (auto fn = std::exchange(core->on_gone, {})) fn();
  });
}

ssize_t Socket::Core::receive(wslay_event_context_ptr context, std::uint8_t* buffer, std::size_t size, int,
                              void* user) {
  auto& core = *static_cast<Core*>(user);
  if (core.unread.empty()) {
    wslay_event_set_error(context, WSLAY_ERR_WOULDBLOCK);
    return -1;
  }
  const std::size_t taken = std::min(size, core.unread.size());
  std::memcpy(buffer, core.unread.data(), taken);
  core.unread.remove_prefix(taken);
  return static_cast<ssize_t>(taken);
}

ssize_t Socket::Core::transmit(wslay_event_context_ptr, const std::uint8_t* data, std::size_t size, int,
                               void* user) {
  static_cast<Core*>(user)->outgoing.append(reinterpret_cast<const char*>(data), size);
  return static_cast<ssize_t>(size);
}

/// A whole message that kept the rules (text is UTF-8 by now): still nothing we want. Pings and closes are
/// answered by wslay.
void Socket::Core::on_message(wslay_event_context_ptr context, const wslay_event_on_msg_recv_arg* message,
                              void*) {
  if (wslay_is_ctrl_frame(message->opcode)) return;
  constexpr std::string_view kReason = "this stream is read only";
  wslay_event_queue_close(context, static_cast<std::uint16_t>(CloseCode::kUnsupportedData),
                          reinterpret_cast<const std::uint8_t*>(kReason.data()), kReason.size());
  wslay_event_shutdown_read(context);
}

}  // namespace pawl::api::ws
