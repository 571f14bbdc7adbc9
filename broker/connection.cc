#include "broker/connection.h"

#include <algorithm>

#include "common/base/assert.h"
#include "common/loop/tls.h"

namespace pawl::broker {
namespace {

std::uint64_t next_generation() {
  static std::uint64_t last = 0;  // one loop thread a process
  return ++last;
}

tl::unexpected<Error> protocol_error(std::string why) {
  return fail(ErrorKind::kUnavailable, "protocol_error", "the broker broke the protocol: " + std::move(why));
}

amqp_table_entry_t text_entry(const char* key, std::string_view value) {
  amqp_table_entry_t entry{};
  entry.key = amqp_cstring_bytes(key);
  entry.value.kind = AMQP_FIELD_KIND_UTF8;
  entry.value.value.bytes = to_bytes(value);
  return entry;
}

amqp_table_entry_t yes_entry(const char* key) {
  amqp_table_entry_t entry{};
  entry.key = amqp_cstring_bytes(key);
  entry.value.kind = AMQP_FIELD_KIND_BOOLEAN;
  entry.value.value.boolean = 1;
  return entry;
}

/// True when `word` is one of the space-separated words of `list`.
bool has_word(std::string_view list, std::string_view word) {
  while (!list.empty()) {
    const auto space = list.find(' ');
    if (list.substr(0, space) == word) return true;
    if (space == std::string_view::npos) return false;
    list.remove_prefix(space + 1);
  }
  return false;
}

}  // namespace

Connection::Connection(Loop& loop, ConnectionOptions options, ConnectionHandler handler)
    : loop_(loop),
      options_(std::move(options)),
      handler_(std::move(handler)),
      reader_([this](const Frame& frame) { return on_frame(frame); }),
      deadline_(loop),
      heartbeat_(loop) {
  ConnectOptions connect;
  connect.host = options_.url.host;
  connect.port = options_.url.port;
  connect.timeout = kHandshakeTimeout;
  connect.tls = options_.url.use_tls ? options_.tls : nullptr;
  PAWL_ASSERT(!options_.url.use_tls || options_.tls != nullptr, "amqps needs a TLS context");
  connecting_ = connect_stream(loop_, std::move(connect), [this](Result<std::unique_ptr<Stream>> stream) {
    connected(std::move(stream));
  });
}

Connection::~Connection() {
  *alive_ = false;
  state_ = State::kClosed;
}

void Connection::post(std::function<void()> fn) {
  loop_.post([alive = alive_, fn = std::move(fn)] {
    if (*alive) fn();
  });
}

void Connection::connected(Result<std::unique_ptr<Stream>> stream) {
  if (!stream) return fail_with(std::move(stream).error());
  stream_ = std::move(*stream);
  StreamHandler handler;
  handler.on_data = [this](std::string_view bytes) { on_data(bytes); };
  handler.on_close = [this](const Error& error) { fail_with(error); };
  stream_->set_handler(std::move(handler));
  state_ = State::kStart;
  deadline_.start(kHandshakeTimeout, [this] {
    fail_with({ErrorKind::kTimeout, "handshake_timeout", "the broker did not finish the handshake"});
  });
  out_.append(kProtocolHeader);
  touched();
}

void Connection::on_data(std::string_view bytes) {
  if (state_ == State::kFailed || state_ == State::kClosed) return;
  if (judge_) judge_->received(loop_.now());
  in_read_ = true;
  auto fed = reader_.feed(bytes);
  if (fed) {
    for (auto& channel : channels_) {
      if (channel) channel->batch_end();
    }
  }
  in_read_ = false;
  drop_retired();
  if (!fed) return fail_with(std::move(fed).error());
  flush();
}

Result<void> Connection::on_frame(const Frame& frame) {
  if (state_ == State::kFailed) return {};
  if (frame.type == FrameType::kHeartbeat) {
    if (frame.channel != 0 || !frame.payload.empty()) return protocol_error("a malformed heartbeat");
    return {};
  }
  if (frame.channel == 0) {
    if (frame.type != FrameType::kMethod) return protocol_error("content on channel 0");
    const Method method = TRY(decoder_.decode_method(frame.payload));
    return on_connection_method(method);
  }
  if (frame.channel > kChannelMax || !channels_[frame.channel])
    return protocol_error("a frame on a channel that is not open");
  if (state_ != State::kOpen && state_ != State::kClosing)
    return protocol_error("a channel frame before the handshake's end");
  return channels_[frame.channel]->handle(frame, decoder_);
}

Result<void> Connection::on_connection_method(const Method& method) {
  switch (method.id) {
    case AMQP_CONNECTION_START_METHOD:
      if (state_ != State::kStart) break;
      return on_start(method.as<amqp_connection_start_t>());
    case AMQP_CONNECTION_TUNE_METHOD:
      if (state_ != State::kTune) break;
      return on_tune(method.as<amqp_connection_tune_t>());
    case AMQP_CONNECTION_OPEN_OK_METHOD:
      if (state_ != State::kOpenOk) break;
      deadline_.stop();
      state_ = State::kOpen;
      if (handler_.on_open) handler_.on_open();
      return {};
    case AMQP_CONNECTION_CLOSE_METHOD: on_close_method(method.as<amqp_connection_close_t>()); return {};
    case AMQP_CONNECTION_CLOSE_OK_METHOD:
      if (state_ != State::kClosing) break;
      fail_with({ErrorKind::kCancelled, "closed", "the connection was closed"});
      return {};
    case AMQP_CONNECTION_BLOCKED_METHOD: set_blocked(true); return {};
    case AMQP_CONNECTION_UNBLOCKED_METHOD: set_blocked(false); return {};
    default: break;
  }
  return protocol_error("a connection method at the wrong time");
}

Result<void> Connection::on_start(const amqp_connection_start_t& start) {
  if (start.version_major != 0 || start.version_minor != 9) {
    return fail(ErrorKind::kUnavailable, "protocol_mismatch", "the broker does not speak AMQP 0-9-1");
  }
  if (!has_word(to_view(start.mechanisms), "PLAIN")) {
    return fail(ErrorKind::kUnavailable, "auth_failed", "the broker does not offer PLAIN authentication");
  }
  std::array capabilities{yes_entry("publisher_confirms"), yes_entry("consumer_cancel_notify"),
                          yes_entry("basic.nack"), yes_entry("connection.blocked"),
                          yes_entry("authentication_failure_close")};
  amqp_table_entry_t nested{};
  nested.key = amqp_cstring_bytes("capabilities");
  nested.value.kind = AMQP_FIELD_KIND_TABLE;
  nested.value.value.table = {static_cast<int>(capabilities.size()), capabilities.data()};
  std::array properties{text_entry("product", "pawl"), text_entry("platform", "C++"),
                        text_entry("connection_name", options_.name), nested};
  std::string response;
  response.append(1, '\0').append(options_.url.user).append(1, '\0').append(options_.url.password);

  amqp_connection_start_ok_t answer{};
  answer.client_properties = {static_cast<int>(properties.size()), properties.data()};
  answer.mechanism = to_bytes("PLAIN");
  answer.response = to_bytes(response);
  answer.locale = to_bytes("en_US");
  append_method(out_, 0, AMQP_CONNECTION_START_OK_METHOD, &answer);
  state_ = State::kTune;
  return {};
}

Result<void> Connection::on_tune(const amqp_connection_tune_t& tune) {
  // 0 means "no limit" on the broker's side.
  frame_max_ = tune.frame_max == 0 ? kFrameMax : std::min(tune.frame_max, kFrameMax);
  if (frame_max_ < AMQP_FRAME_MIN_SIZE) return protocol_error("a frame maximum below 4096");
  reader_.set_frame_max(frame_max_);
  if (tune.channel_max != 0 && tune.channel_max < kChannelMax) return protocol_error("too few channels");
  const Millis heartbeat = negotiate_heartbeat(options_.heartbeat, Millis{1000} * tune.heartbeat);

  amqp_connection_tune_ok_t answer{};
  answer.channel_max = kChannelMax;
  answer.frame_max = frame_max_;
  answer.heartbeat = static_cast<std::uint16_t>(std::max<std::int64_t>(1, heartbeat.count() / 1000));
  append_method(out_, 0, AMQP_CONNECTION_TUNE_OK_METHOD, &answer);
  amqp_connection_open_t open{};
  open.virtual_host = to_bytes(options_.url.vhost);
  append_method(out_, 0, AMQP_CONNECTION_OPEN_METHOD, &open);
  state_ = State::kOpenOk;
  judge_.emplace(Millis{1000} * answer.heartbeat, loop_.now());
  heartbeat_.every(judge_->tick_every(), [this] { heartbeat_tick(); });
  return {};
}

void Connection::on_close_method(const amqp_connection_close_t& close) {
  Error error{ErrorKind::kUnavailable, "closed_by_broker",
              "the broker closed the connection: " + std::to_string(close.reply_code) + " " +
                  std::string(to_view(close.reply_text))};
  if (close.reply_code == AMQP_ACCESS_REFUSED && state_ < State::kOpen) error.code = "auth_failed";
  if (close.reply_code == AMQP_NOT_ALLOWED && state_ < State::kOpen) error.code = "vhost_refused";
  amqp_connection_close_ok_t answer{};
  append_method(out_, 0, AMQP_CONNECTION_CLOSE_OK_METHOD, &answer);
  flush();
  fail_with(std::move(error));
}

void Connection::heartbeat_tick() {
  switch (judge_->tick(loop_.now())) {
    case HeartbeatJudge::Verdict::kQuiet: return;
    case HeartbeatJudge::Verdict::kSend:
      append_frame(out_, FrameType::kHeartbeat, 0, {});
      flush();
      return;
    case HeartbeatJudge::Verdict::kDead:
      fail_with({ErrorKind::kUnavailable, "heartbeat_timeout",
                 "nothing was heard of the broker for two heartbeats"});
      return;
  }
}

void Connection::set_blocked(bool blocked) {
  if (blocked_ == blocked) return;
  blocked_ = blocked;
  if (judge_) judge_->set_blocked(blocked);
  if (handler_.on_blocked) handler_.on_blocked(blocked);
}

Channel* Connection::open_channel(ChannelHandler handler) {
  if (state_ != State::kOpen) return nullptr;
  for (std::uint16_t number = 1; number <= kChannelMax; ++number) {
    if (channels_[number]) continue;
    channels_[number] = std::make_unique<Channel>(*this, number, next_generation(), std::move(handler));
    Channel* channel = channels_[number].get();
    amqp_channel_open_t open{};
    channel->call(AMQP_CHANNEL_OPEN_METHOD, &open, AMQP_CHANNEL_OPEN_OK_METHOD, [](const Result<Method>&) {});
    return channel;
  }
  return nullptr;
}

void Connection::close() {
  if (state_ == State::kFailed || state_ == State::kClosed || state_ == State::kClosing) return;
  if (state_ != State::kOpen)
    return fail_with({ErrorKind::kCancelled, "closed", "the connection was closed"});
  amqp_connection_close_t fields{};
  fields.reply_code = AMQP_REPLY_SUCCESS;
  fields.reply_text = to_bytes("bye");
  append_method(out_, 0, AMQP_CONNECTION_CLOSE_METHOD, &fields);
  state_ = State::kClosing;
  touched();
  deadline_.start(kCloseTimeout, [this] {
    fail_with({ErrorKind::kCancelled, "closed", "the connection was closed"});
  });
}

std::size_t Connection::outgoing_bytes() const { return out_.size() + (stream_ ? stream_->queued() : 0); }

void Connection::touched() {
  if (in_read_ || flush_posted_) return;
  flush_posted_ = true;
  loop_.at_turn_end([this, alive = alive_] {
    if (!*alive) return;
    flush_posted_ = false;
    flush();
  });
}

void Connection::flush() {
  if (out_.empty() || !stream_ || state_ == State::kFailed || state_ == State::kClosed) return;
  if (outgoing_bytes() > kHardOutgoingBytes) {
    return fail_with({ErrorKind::kUnavailable, "broker_stalled", "the broker has stopped reading"});
  }
  if (judge_) judge_->sent(loop_.now());
  std::string bytes;
  bytes.swap(out_);
  stream_->write(std::move(bytes));
}

void Connection::drop_retired() {
  if (!has_retired_) return;
  has_retired_ = false;
  for (std::size_t i = 0; i < retired_.size(); ++i) {
    if (retired_[i]) channels_[i].reset();
    retired_[i] = false;
  }
}

void Connection::fail_with(Error error) {
  if (error_) return;
  error_ = std::move(error);
  state_ = State::kFailed;
  heartbeat_.stop();
  deadline_.stop();
  // What is queued (close-ok, say) may still go out while the rest is taken down.
  if (stream_) stream_->close_after_flush(Millis{200});
  post([this] { finish(); });
}

void Connection::finish() {
  for (auto& channel : channels_) {
    if (channel) channel->shut(*error_);
  }
  drop_retired();
  state_ = State::kClosed;
  blocked_ = false;
  const auto on_close = std::move(handler_.on_close);
  if (on_close) on_close(*error_);
}

}  // namespace pawl::broker
