#include "common/http/connection.h"

#include <chrono>
#include <utility>

#include "common/base/assert.h"
#include "common/base/bytes.h"

namespace pawl::http {
namespace {

/// A client's request id is taken over when it can't hurt a log or a header.
bool is_sane_request_id(std::string_view id) {
  if (id.empty() || id.size() > 128) return false;
  for (const char c : id) {
    const bool ok = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                    c == '_' || c == '.' || c == ':';
    if (!ok) return false;
  }
  return true;
}

std::string new_request_id(Rng& rng) {
  std::string raw(16, '\0');
  for (std::size_t half = 0; half < 2; ++half) {
    const std::uint64_t bits = rng.next();
    for (std::size_t i = 0; i < 8; ++i) raw[half * 8 + i] = static_cast<char>(bits >> (8 * i) & 0xFF);
  }
  return to_hex(raw);
}

std::string request_id_of(const RequestHead& head, Rng& rng) {
  const auto given = head.headers.get("x-request-id");
  return given && is_sane_request_id(*given) ? std::string(*given) : new_request_id(rng);
}

std::string chunk_of(std::string_view piece) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string size;
  for (std::size_t n = piece.size(); n > 0; n >>= 4) size.insert(size.begin(), kHex[n & 0xF]);
  std::string out;
  out.reserve(size.size() + piece.size() + 4);
  out.append(size).append("\r\n").append(piece).append("\r\n");
  return out;
}

}  // namespace

std::string_view ServerCore::date() {
  const auto wall = std::chrono::system_clock::now().time_since_epoch();
  const long long second = std::chrono::duration_cast<std::chrono::seconds>(wall).count();
  if (second != date_second) {
    date_second = second;
    date_text = http_date(second);
  }
  return date_text;
}

Connection::Connection(ServerCore& core, std::unique_ptr<Stream> stream)
    : core_(core),
      stream_(std::move(stream)),
      parser_(core.limits),
      state_since_(core.loop.now()),
      write_progress_(core.loop.now()) {
  state_ = State::kReadingHead;  // the first request must come in the header time
  StreamHandler handler;
  handler.on_data = [this](std::string_view bytes) { on_data(bytes); };
  handler.on_drain = [] {};
  handler.on_close = [this](const Error&) { core_.on_closed(this); };
  stream_->set_handler(std::move(handler));
}

Connection::~Connection() {
  *alive_ = false;
  if (exchange_) exchange_->detach();
}

void Connection::on_data(std::string_view bytes) {
  if (state_ == State::kLingering || state_ == State::kTaken) return;  // read and dropped
  if (state_ == State::kIdle) {
    state_ = State::kReadingHead;
    state_since_ = core_.loop.now();
  }
  pending_.append(bytes);
  pump();
  const bool full = pending_.size() >= core_.limits.max_pipelined_bytes;
  if (full && !reading_paused_ && state_ != State::kTaken && state_ != State::kLingering) {
    stream_->pause_reading();
    reading_paused_ = true;
  }
}

/// Goes on with what was read ahead, on the next turn; inside pump its own loop does that.
void Connection::schedule_pump() {
  if (pump_scheduled_ || pumping_ || parsed_ >= pending_.size()) return;
  pump_scheduled_ = true;
  core_.loop.post([this, alive = alive_] {
    if (!*alive) return;
    pump_scheduled_ = false;
    pump();
  });
}

void Connection::drop_pending() {
  pending_.clear();
  parsed_ = 0;
}

void Connection::resume_reading() {
  if (!reading_paused_) return;
  stream_->resume_reading();
  reading_paused_ = false;
}

/// Parses what is pending as far as the state allows. Not re-entered: an answer given inside lets the loop go
/// on.
void Connection::pump() {
  if (pumping_) return;
  pumping_ = true;
  while (state_ == State::kReadingHead || state_ == State::kReadingBody ||
         (discarding_ && !message_complete_)) {
    // After a head without a body the parser needs a push, not bytes.
    const bool push = state_ == State::kReadingBody && !body_pending();
    if (parsed_ >= pending_.size() && !push) break;
    const auto progress = parser_.feed(std::string_view(pending_).substr(parsed_));
    parsed_ += progress.consumed;
    if (progress.stop == RequestParser::Stop::kHead)
      take_head();
    else if (progress.stop == RequestParser::Stop::kComplete)
      take_complete();
    else if (progress.stop == RequestParser::Stop::kError)
      refuse_unparsable();
  }
  pumping_ = false;
  if (state_ == State::kTaken) return;
  pending_.erase(0, parsed_);
  parsed_ = 0;
  if (state_ == State::kReadingHead && served_one_ && pending_.empty() && !parser_.in_message())
    state_ = State::kIdle;
  if (pending_.size() < core_.limits.max_pipelined_bytes) resume_reading();
}

bool Connection::body_pending() const { return exchange_ && exchange_->head_.has_body(); }

void Connection::take_head() {
  ++core_.stats.requests;
  ++core_.stats.in_flight;
  RequestHead head = parser_.take_head();
  std::string id = request_id_of(head, core_.rng);
  keep_alive_ = head.keep_alive;
  head_only_ = head.method == Method::kHead;
  exchange_ =
      std::make_shared<ConnectionExchange>(this, std::move(head), std::move(id), stream_->peer_address());
  message_complete_ = discarding_ = false;
  state_ = State::kDeciding;
  state_since_ = core_.loop.now();
  const auto held = exchange_;
  core_.application.on_head(held);
}

void Connection::continue_body(std::size_t max_body) {
  PAWL_ASSERT(state_ == State::kDeciding, "proceed comes once, before an answer");
  const RequestHead& head = exchange_->head_;
  if (head.content_length.value_or(0) > max_body) {
    return answer(
        core_.application.on_bad_request(413, "payload_too_large", "the body is larger than allowed"));
  }
  if (const auto expect = head.headers.get("expect"); expect) {
    if (!equals_ignoring_case(*expect, "100-continue"))
      return answer(core_.application.on_bad_request(417, "expectation_failed",
                                                     "the only expectation met is 100-continue"));
    if (head.has_body()) write("HTTP/1.1 100 Continue\r\n\r\n");
  }
  parser_.limit_body(max_body);
  state_ = State::kReadingBody;
  state_since_ = core_.loop.now();
  pump();
}

void Connection::take_complete() {
  message_complete_ = true;
  if (discarding_) {  // the answer has been given already
    discarding_ = false;
    finish_answer();
    return;
  }
  exchange_->body_ = parser_.take_body();
  state_ = State::kAnswering;
  state_since_ = core_.loop.now();
  const auto held = exchange_;
  core_.application.on_request(held);
}

void Connection::refuse_unparsable() {
  const ParseFailure& failure = parser_.failure();
  ++core_.stats.bad_requests;
  keep_alive_ = false;
  if (discarding_) return linger();  // answered before
  Response response = core_.application.on_bad_request(failure.status, failure.code, failure.message);
  response.close = true;
  if (!exchange_) return answer_without_exchange(std::move(response));
  answer(std::move(response));
}

/// Before there was a whole head; the connection ends.
void Connection::answer_without_exchange(Response response) {
  response.header("X-Request-Id", request_id_of(parser_.head_so_far(), core_.rng));
  write(render_head(response, Framing::kLength, false, core_.date()) + response.body);
  linger();
}

bool Connection::may_keep_alive(const Response& response) const {
  return keep_alive_ && !response.close && !core_.stopping;
}

void Connection::answer(Response response) {
  PAWL_ASSERT(exchange_ && state_ != State::kStreaming && !exchange_->answered_, "one answer per request");
  exchange_->answered_ = true;
  const RequestHead& head = exchange_->head_;
  const bool body_unread = !message_complete_ && head.has_body();
  // A small refused body is read and dropped, so that the connection can be kept; a large or endless one ends
  // it.
  const bool droppable = !head.chunked &&
                         head.content_length.value_or(0) <= core_.limits.max_discarded_body &&
                         !head.headers.get("expect") && state_ != State::kReadingBody;
  keep_alive_ = may_keep_alive(response) && (!body_unread || droppable);
  response.header("X-Request-Id", exchange_->request_id_);
  std::string bytes = render_head(response, Framing::kLength, keep_alive_, core_.date());
  if (!head_only_ && response.status != 204 && response.status != 304) bytes.append(response.body);
  write(std::move(bytes));
  state_ = State::kAnswering;
  if (message_complete_) return finish_answer();
  if (!keep_alive_) return finish_answer();
  parser_.discard_body();
  discarding_ = true;
  // The parser still has to see the end of this message, if only as an empty body.
  if (!body_unread) {
    const auto progress = parser_.feed({});
    if (progress.stop == RequestParser::Stop::kComplete) return take_complete();
  }
  schedule_pump();
}

void Connection::begin_stream(Response response) {
  PAWL_ASSERT(exchange_ && message_complete_ && !exchange_->answered_,
              "a stream answers a complete request, once");
  chunked_out_ = exchange_->head_.version_minor >= 1;
  keep_alive_ = may_keep_alive(response) && chunked_out_;
  response.header("X-Request-Id", exchange_->request_id_);
  write(render_head(response, chunked_out_ ? Framing::kChunked : Framing::kUntilClose, keep_alive_,
                    core_.date()));
  state_ = State::kStreaming;
  if (!response.body.empty()) send_piece(response.body);
}

void Connection::send_piece(std::string_view piece) {
  if (piece.empty() || head_only_) return;
  write(chunked_out_ ? chunk_of(piece) : std::string(piece));
}

/// The answer is written and the request read: on to the next, or close.
void Connection::finish_answer() {
  --core_.stats.in_flight;
  exchange_->connection_ = nullptr;
  exchange_.reset();
  if (!keep_alive_) return linger();
  parser_.next();
  served_one_ = true;
  state_ = parsed_ >= pending_.size() && !pumping_ ? State::kIdle : State::kReadingHead;
  state_since_ = core_.loop.now();
  schedule_pump();
}

void Connection::linger() {
  if (exchange_) {
    --core_.stats.in_flight;
    exchange_->connection_ = nullptr;
    exchange_.reset();
  }
  // A client whose request was read whole gets its answer and the end; one that is still sending must be able
  // to read the answer first, so what it sends is dropped for a moment (a reset would throw the answer away).
  const bool may_be_sending = !message_complete_;
  state_ = State::kLingering;
  state_since_ = core_.loop.now();
  drop_pending();
  if (!may_be_sending) return stream_->close_after_flush(core_.limits.write_timeout);
  resume_reading();
}

void Connection::write(std::string bytes) {
  if (stream_->queued() == 0) write_progress_ = core_.loop.now();
  stream_->write(std::move(bytes));
}

void Connection::sweep(MonoTime now) {
  if (state_ == State::kTaken) return;  // its stream is somebody else's; it goes at the end of this turn
  const Limits& limits = core_.limits;
  const auto spent = now - state_since_;
  const std::size_t queued = stream_->queued();
  if (queued != last_queued_ || queued == 0) write_progress_ = now;
  last_queued_ = queued;
  if (now - write_progress_ > limits.write_timeout) {
    ++core_.stats.slow_clients;
    return close_now();
  }
  bool too_slow = false;
  switch (state_) {
    case State::kIdle:
      if (spent > limits.idle_timeout) return close_now();
      return;
    case State::kLingering:
      // The end of a long answer may still be leaving; a client that takes nothing of it was dealt with
      // above.
      if (spent > limits.linger && queued == 0) return close_now();
      return;
    case State::kReadingHead: too_slow = spent > limits.header_timeout; break;
    case State::kReadingBody: {
      const auto allowed =
          limits.body_grace + std::chrono::milliseconds(parser_.body_bytes() * 1000 / limits.min_body_rate);
      too_slow = spent > allowed;
      break;
    }
    case State::kAnswering: too_slow = discarding_ && spent > limits.body_grace; break;
    default: return;
  }
  if (!too_slow) return;
  ++core_.stats.slow_clients;
  if (discarding_ || (state_ == State::kReadingHead && !parser_.in_message())) return close_now();
  keep_alive_ = false;
  Response response =
      core_.application.on_bad_request(408, "request_too_slow", "the request did not arrive in time");
  response.close = true;
  if (exchange_) return answer(std::move(response));
  answer_without_exchange(std::move(response));
}

void Connection::stop() {
  if (state_ == State::kIdle || (state_ == State::kReadingHead && !parser_.in_message()))
    close_now();
  else
    keep_alive_ = false;
}

void Connection::close_now() {
  if (stream_) stream_->close();
}

}  // namespace pawl::http
