#include "broker/publisher.h"

#include <charconv>

#include "broker/ticket.h"
#include "broker/topology.h"
#include "common/base/assert.h"

namespace pawl::broker {
namespace {

constexpr Millis kSweepInterval{1'000};

using Outcome = std::pair<Done<void>, Result<void>>;

void deliver(std::vector<Outcome>& outcomes) {
  for (auto& [done, result] : outcomes) done(std::move(result));
}

}  // namespace

AmqpPublisher::AmqpPublisher(Loop& loop, std::function<void(const Error&)> on_missing)
    : loop_(loop), on_missing_(std::move(on_missing)), sweeper_(loop) {}

void AmqpPublisher::attach(Connection& connection) {
  ChannelHandler handler;
  handler.on_confirm = [this](std::uint64_t tag, bool multiple, bool is_nack) {
    on_confirm(tag, multiple, is_nack);
  };
  handler.on_return = [this](const Message& message) { on_return(message); };
  handler.on_close = [this](const Error& error) { on_close(error); };
  handler.max_body = 0;  // returns bring the body back; nobody needs it
  Channel* channel = connection.open_channel(std::move(handler));
  if (channel == nullptr) return;
  connection_ = &connection;
  channel_ = channel;
  first_sequence_ = 1;
  // Publishes may follow at once: the broker handles a channel's methods in order.
  amqp_confirm_select_t select{};
  channel_->call(AMQP_CONFIRM_SELECT_METHOD, &select, AMQP_CONFIRM_SELECT_OK_METHOD,
                 [](const Result<Method>&) {});
}

bool AmqpPublisher::connected() const {
  return channel_ != nullptr && channel_->is_open() && connection_->is_open() && !connection_->is_blocked();
}

std::optional<Error> AmqpPublisher::refusal() const {
  if (channel_ == nullptr || !channel_->is_open() || !connection_->is_open()) {
    return Error{ErrorKind::kUnavailable, "not_connected", "the broker is not connected"};
  }
  if (connection_->is_blocked()) {
    return Error{ErrorKind::kUnavailable, "broker_blocked",
                 "the broker takes no publishes: it is short of memory or disk"};
  }
  if (unconfirmed_ >= kMaxUnconfirmed || pending_.size() >= 2 * kMaxUnconfirmed ||
      connection_->outgoing_bytes() >= kMaxOutgoingBytes) {
    return Error{ErrorKind::kOverloaded, "publish_buffer_full", "too many publishes wait for the broker"};
  }
  return std::nullopt;
}

void AmqpPublisher::refuse(Error error, Done<void> done) {
  ++counters_.refused;
  loop_.post([done = std::move(done), error = std::move(error)]() mutable { done(fail(std::move(error))); });
}

void AmqpPublisher::publish(TicketMessage ticket, Done<void> done) {
  if (auto error = refusal()) return refuse(std::move(*error), std::move(done));
  if (!is_valid_lane(ticket.lane)) {
    return refuse({ErrorKind::kInvalid, "bad_lane", "a lane has 1 to 63 of a-z, 0-9, '-' and '_'"},
                  std::move(done));
  }
  const std::string queue = ticket_queue(ticket);
  const std::string message_id = ticket_message_id(ticket.exec_id, ticket.epoch);
  const std::string body = ticket_body(ticket);
  const std::string sequence = std::to_string(first_sequence_ + pending_.size());
  OutgoingMessage message;
  message.exchange = kJobsExchange;
  message.routing_key = queue;
  message.mandatory = true;
  message.persistent = true;
  message.message_id = message_id;
  message.correlation_id = sequence;  // a return has no tag; this tells which publish came back
  if (ticket.reply_to.size() <= kMaxReplyTo) message.reply_to = ticket.reply_to;
  message.body = body;
  channel_->publish(message);
  remember({std::move(done), loop_.now()});
}

void AmqpPublisher::quarantine(std::string_view header, std::string_view body, Done<void> done) {
  if (auto error = refusal()) return refuse(std::move(*error), std::move(done));
  channel_->publish_raw("", kQuarantineQueue, header, body);
  remember({std::move(done), loop_.now(), true});
}

void AmqpPublisher::remember(Pending pending) {
  PAWL_ASSERT(pending.done, "every publish has somebody who waits for its outcome");
  pending_.push_back(std::move(pending));
  ++unconfirmed_;
  ++counters_.published;
  if (!sweeper_.active()) sweeper_.every(kSweepInterval, [this] { sweep(); });
}

void AmqpPublisher::on_confirm(std::uint64_t tag, bool multiple, bool is_nack) {
  if (tag < first_sequence_ || tag - first_sequence_ >= pending_.size()) return;
  const std::size_t last = tag - first_sequence_;
  std::vector<Outcome> outcomes;
  for (std::size_t i = multiple ? 0 : last; i <= last; ++i) {
    Pending& pending = pending_[i];
    if (!pending.done) continue;
    --unconfirmed_;
    if (is_nack) {
      ++counters_.nacked;
      outcomes.emplace_back(std::move(pending.done),
                            fail(ErrorKind::kUnavailable, "nacked", "the broker refused the message"));
    } else if (pending.was_returned) {
      outcomes.emplace_back(std::move(pending.done),
                            fail(ErrorKind::kUnavailable, "unroutable", "no queue took the message"));
    } else {
      ++counters_.confirmed;
      outcomes.emplace_back(std::move(pending.done), Result<void>{});
    }
    pending.done = nullptr;
  }
  while (!pending_.empty() && !pending_.front().done) {
    pending_.pop_front();
    ++first_sequence_;
  }
  if (pending_.empty()) sweeper_.stop();
  deliver(outcomes);
}

void AmqpPublisher::on_return(const Message& message) {
  ++counters_.returned;
  std::uint64_t sequence = 0;
  const std::string& text = message.correlation_id;
  const bool is_ticket = message.exchange == kJobsExchange;
  if (is_ticket) std::from_chars(text.data(), text.data() + text.size(), sequence);
  if (is_ticket && sequence >= first_sequence_ && sequence - first_sequence_ < pending_.size()) {
    pending_[sequence - first_sequence_].was_returned = true;
  } else {
    // A copy for the quarantine bears the properties of the garbage. Without its queue none arrives, so all
    // copies in flight count as returned; at worst one is made twice.
    for (auto& pending : pending_) pending.was_returned |= pending.is_copy;
  }
  on_missing_({ErrorKind::kUnavailable, "unroutable", "queue " + message.routing_key + " is gone"});
}

void AmqpPublisher::on_close(const Error& error) {
  channel_ = nullptr;
  connection_ = nullptr;
  sweeper_.stop();
  std::vector<Outcome> outcomes;
  for (auto& pending : pending_) {
    if (!pending.done) continue;
    ++counters_.in_doubt;
    outcomes.emplace_back(std::move(pending.done), fail(error));
  }
  pending_.clear();
  unconfirmed_ = 0;
  first_sequence_ = 1;
  deliver(outcomes);
  on_missing_(error);
}

void AmqpPublisher::sweep() {
  const MonoTime now = loop_.now();
  std::vector<Outcome> outcomes;
  for (auto& pending : pending_) {
    if (now - pending.sent < kConfirmTimeout) break;
    if (!pending.done) continue;
    ++counters_.in_doubt;
    --unconfirmed_;
    outcomes.emplace_back(std::move(pending.done), fail(ErrorKind::kTimeout, "confirm_timeout",
                                                        "the broker did not confirm the message in time"));
    pending.done = nullptr;
  }
  deliver(outcomes);
}

}  // namespace pawl::broker
