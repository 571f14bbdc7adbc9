// AmqpPublisher publishes tickets with confirms and mandatory returns on one channel of the publish-only
// connection, and copies garbage to the quarantine the same way. A publish has one outcome; what is not
// confirmed has failed or is in doubt.
#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <vector>

#include "broker/connection.h"
#include "broker/counters.h"
#include "broker/ports.h"
#include "common/loop/loop.h"
#include "common/loop/timer.h"

namespace pawl::broker {

class AmqpPublisher final : public TicketPublisher {
 public:
  /// `on_missing` is called when a queue or exchange turned out to be gone, or the channel broke: declare,
  /// then attach again if `is_attached` is false.
  AmqpPublisher(Loop& loop, std::function<void(const Error&)> on_missing);

  /// Opens its channel on a connection whose topology is declared.
  void attach(Connection& connection);
  [[nodiscard]] bool is_attached() const { return channel_ != nullptr; }

  // TicketPublisher. Further error codes: not_connected, broker_blocked, unroutable, nacked, confirm_timeout
  // (kTimeout), publish_buffer_full (kOverloaded), and the connection's own when it went first.
  void publish(TicketMessage ticket, Done<void> done) override;
  /// False also while the broker takes no publishes.
  [[nodiscard]] bool connected() const override;

  /// Copies a message to pawl.quarantine, persistent and confirmed. `header` and `body` as in
  /// Channel::publish_raw.
  void quarantine(std::string_view header, std::string_view body, Done<void> done);

  [[nodiscard]] const PublishCounters& counters() const { return counters_; }
  [[nodiscard]] std::size_t unconfirmed() const { return unconfirmed_; }

 private:
  struct Pending {
    Done<void> done;  // empty once it was settled
    MonoTime sent;
    bool is_copy = false;  // for the quarantine
    bool was_returned = false;
  };

  /// Why nothing can be published now, or nothing.
  [[nodiscard]] std::optional<Error> refusal() const;
  void refuse(Error error, Done<void> done);
  void remember(Pending pending);
  void on_confirm(std::uint64_t tag, bool multiple, bool is_nack);
  void on_return(const Message& message);
  void on_close(const Error& error);
  void sweep();

  Loop& loop_;
  const std::function<void(const Error&)> on_missing_;
  Connection* connection_ = nullptr;
  Channel* channel_ = nullptr;
  std::deque<Pending> pending_;  // front has the sequence number first_sequence_
  std::uint64_t first_sequence_ = 1;
  std::size_t unconfirmed_ = 0;
  Timer sweeper_;
  PublishCounters counters_;
};

}  // namespace pawl::broker
