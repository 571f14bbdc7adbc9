#include "common/http/exchange.h"

#include "common/base/assert.h"
#include "common/http/connection.h"

namespace pawl::http {

ConnectionExchange::ConnectionExchange(Connection* connection, RequestHead head, std::string request_id,
                                       std::string peer)
    : connection_(connection),
      head_(std::move(head)),
      request_id_(std::move(request_id)),
      peer_(std::move(peer)) {}

void ConnectionExchange::proceed(std::size_t max_body) {
  if (connection_ != nullptr) connection_->continue_body(max_body);
}

void ConnectionExchange::respond(Response response) {
  if (connection_ != nullptr) connection_->answer(std::move(response));
}

void ConnectionExchange::begin_stream(Response response) {
  if (connection_ != nullptr) connection_->begin_stream(std::move(response));
}

void ConnectionExchange::send(std::string_view piece) {
  if (connection_ != nullptr) connection_->send_piece(piece);
}

void ConnectionExchange::end_stream() {
  if (connection_ == nullptr) return;
  answered_ = true;
  Connection* connection = connection_;
  if (connection->chunked_out_) connection->write("0\r\n\r\n");
  connection->finish_answer();
}

std::size_t ConnectionExchange::queued() const {
  return connection_ == nullptr ? 0 : connection_->stream_->queued();
}

Exchange::Taken ConnectionExchange::take_over() {
  PAWL_ASSERT(connection_ != nullptr, "only a live connection is taken over");
  Connection* connection = connection_;
  answered_ = true;
  connection->state_ = Connection::State::kTaken;
  Taken taken{std::move(connection->stream_), connection->pending_.substr(connection->parsed_)};
  taken.stream->set_handler({});
  --connection->core_.stats.in_flight;
  connection_ = nullptr;
  const auto self = std::move(connection->exchange_);
  ServerCore& core = connection->core_;
  core.loop.post([&core, connection, alive = connection->alive_] {
    if (*alive) core.on_closed(connection);
  });
  return taken;
}

void ConnectionExchange::detach() {
  connection_ = nullptr;
  context.reset();  // it may hold this exchange
  if (answered_) return;
  if (auto fn = std::exchange(on_abort_, {})) fn();
}

}  // namespace pawl::http
