// One client's connection: feeds the parser, hands exchanges to the application in order, writes answers in
// order. Internal to common/http.
#pragma once

#include <memory>
#include <string>

#include "common/http/exchange.h"
#include "common/http/parser.h"
#include "common/http/server.h"

namespace pawl::http {

class Connection;

/// What connections share and tell their server.
struct ServerCore {
  Loop& loop;
  Rng& rng;
  Application& application;
  Limits limits;
  ServerStats stats;
  bool stopping = false;
  std::function<void(Connection*)> on_closed;

  /// The Date header's value, made once a second.
  std::string_view date();

  long long date_second = -1;
  std::string date_text = {};
};

/// The exchange of a connection. The connection is cleared when it goes.
class ConnectionExchange final : public Exchange {
 public:
  ConnectionExchange(Connection* connection, RequestHead head, std::string request_id, std::string peer);

  const RequestHead& head() const override { return head_; }
  const std::string& request_id() const override { return request_id_; }
  const std::string& peer_address() const override { return peer_; }
  std::string& body() override { return body_; }
  void proceed(std::size_t max_body) override;
  void respond(Response response) override;
  void begin_stream(Response response) override;
  void send(std::string_view piece) override;
  void end_stream() override;
  std::size_t queued() const override;
  Taken take_over() override;
  bool aborted() const override { return connection_ == nullptr && !answered_; }
  void on_abort(std::function<void()> fn) override { on_abort_ = std::move(fn); }

 private:
  friend class Connection;
  /// The connection went: nothing can be sent any more.
  void detach();

  Connection* connection_;
  RequestHead head_;
  std::string request_id_, peer_, body_;
  bool answered_ = false;
  std::function<void()> on_abort_;
};

class Connection {
 public:
  Connection(ServerCore& core, std::unique_ptr<Stream> stream);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Judges the time limits; called by the server's sweep.
  void sweep(MonoTime now);
  /// Graceful stop: closes now when idle, else after the answer under way.
  void stop();
  void close_now();

 private:
  friend class ConnectionExchange;
  enum class State : unsigned char {
    kIdle,
    kReadingHead,
    kDeciding,
    kReadingBody,
    kAnswering,
    kStreaming,
    kLingering,
    kTaken
  };

  void on_data(std::string_view bytes);
  void pump();
  void take_head();
  void take_complete();
  void refuse_unparsable();
  void answer_without_exchange(Response response);
  void continue_body(std::size_t max_body);
  void answer(Response response);
  void begin_stream(Response response);
  void send_piece(std::string_view piece);
  void finish_answer();
  void linger();
  void write(std::string bytes);
  [[nodiscard]] bool body_pending() const;
  [[nodiscard]] bool may_keep_alive(const Response& response) const;
  void schedule_pump();
  void drop_pending();
  void resume_reading();

  ServerCore& core_;
  std::unique_ptr<Stream> stream_;
  RequestParser parser_;
  std::shared_ptr<ConnectionExchange> exchange_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  std::string pending_;     // read from the socket
  std::size_t parsed_ = 0;  // how much of pending_ the parser has taken
  State state_ = State::kIdle;
  bool keep_alive_ = true, served_one_ = false, reading_paused_ = false, message_complete_ = false,
       pumping_ = false, pump_scheduled_ = false;
  bool chunked_out_ = false, head_only_ = false, discarding_ = false;
  MonoTime state_since_;
  MonoTime write_progress_;
  std::size_t last_queued_ = 0;
};

}  // namespace pawl::http
