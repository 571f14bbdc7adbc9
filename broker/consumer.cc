#include "broker/consumer.h"

#include <algorithm>

#include "broker/ticket.h"
#include "broker/topology.h"

namespace pawl::broker {
namespace {

constexpr Millis kProbePauseMax{100};

/// A consumer tag is "<queue>#<number>", so that the tag alone tells the queue and no tag is used twice on a
/// channel.
std::string_view queue_of_tag(std::string_view consumer_tag) {
  return consumer_tag.substr(0, consumer_tag.rfind('#'));
}

}  // namespace

AmqpConsumer::AmqpConsumer(Loop& loop, const Log& log, const std::vector<std::string>& lanes,
                           ConsumerHooks hooks)
    : loop_(loop),
      log_(log),
      queues_(lane_queues(lanes)),
      hooks_(std::move(hooks)),
      probe_pause_(kProbeInterval),
      window_timer_(loop),
      probe_timer_(loop),
      rebalance_timer_(loop),
      delivered_(queues_.size(), 0),
      weights_(queues_.size(), 0),
      garbage_timer_(loop) {}

void AmqpConsumer::attach(Connection& connection) {
  ChannelHandler handler;
  handler.on_deliver = [this](Message& message) { on_message(message); };
  handler.on_batch_end = [this] { on_batch_end(); };
  handler.on_cancel = [this](std::string_view tag) { on_cancelled_by_broker(tag); };
  handler.on_close = [this](const Error& error) { on_channel_closed(error); };
  handler.max_body = kMaxTicketBytes;
  channel_ = connection.open_channel(std::move(handler));
  if (channel_ == nullptr) return;
  missing_ = false;
  phase_ = Phase::kIdle;
  follow_window();
}

void AmqpConsumer::consume_again() {
  missing_ = false;
  if (phase_ == Phase::kConsuming) return cancel_all();  // and open again with all queues
  follow_window();
}

void AmqpConsumer::on_message(Message& message) {
  if (!acks_.delivered(message.tag)) {
    log_.error("delivery tag out of order", {{"tag", message.tag}});
    const Error error{ErrorKind::kUnavailable, "protocol_error", "a delivery tag is out of order"};
    channel_->close();
    return on_channel_closed(error);
  }
  was_fed_ = true;
  const bool is_whole = message.body.size() == message.body_size;
  auto ticket = is_whole ? parse_ticket(message.message_id, message.body) : std::nullopt;
  if (!ticket) return keep_garbage(message);
  ++counters_.deliveries;
  if (message.redelivered) ++counters_.redelivered;
  const std::string_view queue = queue_of_tag(message.consumer_tag);
  const auto place = std::find(queues_.begin(), queues_.end(), queue);
  if (place != queues_.end()) ++delivered_[static_cast<std::size_t>(place - queues_.begin())];
  Delivery delivery;
  delivery.exec_id = ticket->exec_id;
  delivery.epoch = ticket->epoch;
  delivery.resume = is_resume_queue(queue);
  delivery.redelivered = message.redelivered;
  delivery.traceparent = std::move(ticket->traceparent);
  delivery.tag = message.tag;
  delivery.generation = channel_->generation();
  delivery.lane = lane_of_queue(queue);
  if (message.reply_to.size() <= kMaxReplyTo) delivery.reply_to = message.reply_to;
  batch_.push_back(std::move(delivery));
}

void AmqpConsumer::on_batch_end() {
  if (batch_.empty()) return;
  std::vector<Delivery> batch;
  batch.reserve(batch_.size());
  for (const bool is_resume : {true, false}) {
    for (Delivery& delivery : batch_) {
      if (delivery.resume == is_resume) batch.push_back(std::move(delivery));
    }
  }
  batch_.clear();
  if (handler_) handler_(std::move(batch));
}

void AmqpConsumer::ack(const std::vector<Delivery>& deliveries) {
  for (const auto& delivery : deliveries) {
    const bool is_current = channel_ != nullptr && delivery.generation == channel_->generation();
    if (is_current && acks_.settle(delivery.tag)) {
      ++counters_.acked;
    } else {
      ++counters_.stale_acks;
    }
  }
  if (phase_ == Phase::kConsuming && holds_acks(sum_, free_slots_)) return follow_window();
  if (phase_ == Phase::kCancelling && opens_open_ > 0) return;  // they go out behind the cancels
  flush_acks();
}

void AmqpConsumer::flush_acks() {
  if (channel_ == nullptr) return;
  acks_.flush([this](std::uint64_t tag, bool multiple) {
    amqp_basic_ack_t fields{};
    fields.delivery_tag = tag;
    fields.multiple = multiple ? 1 : 0;
    channel_->send(AMQP_BASIC_ACK_METHOD, &fields);
  });
}

void AmqpConsumer::set_free_slots(int free_slots) {
  free_slots_ = std::max(free_slots, 0);
  follow_window();
}

void AmqpConsumer::stop() {
  stopped_ = true;
  rebalance_timer_.stop();
  window_timer_.stop();
  probe_timer_.stop();
  ++probe_round_;
  if (phase_ == Phase::kConsuming) cancel_all();
  if (phase_ == Phase::kProbing) phase_ = Phase::kIdle;
  flush_acks();
}

void AmqpConsumer::follow_window() {
  const bool can_act = phase_ == Phase::kIdle || phase_ == Phase::kConsuming;
  if (stopped_ || missing_ || !can_act || queues_.empty()) return;
  const WindowStep step = window_step(phase_ == Phase::kConsuming ? sum_ : 0, free_slots_);
  if (step != WindowStep::kClose) flush_acks();
  if (step == WindowStep::kKeep) return window_timer_.stop();
  // Opening a wide window is worth doing at once; a narrow one may be wider in a moment.
  if (step == WindowStep::kOpen && (sum_ <= 1 || free_slots_ >= 2 * sum_)) return act(step);
  if (window_timer_.active()) return;
  window_timer_.start(kCloseWindowAfter, [this] {
    if (phase_ != Phase::kIdle && phase_ != Phase::kConsuming) return;
    act(window_step(phase_ == Phase::kConsuming ? sum_ : 0, free_slots_));
  });
}

void AmqpConsumer::act(WindowStep step) {
  window_timer_.stop();
  if (stopped_ || missing_) return;
  switch (step) {
    case WindowStep::kKeep: return;
    case WindowStep::kOpen: return open();
    case WindowStep::kClose:
    case WindowStep::kGrow: return cancel_all();
  }
}

void AmqpConsumer::open() {
  sum_ = prefetch_sum(free_slots_);
  is_subset_ = static_cast<std::size_t>(sum_) < queues_.size();
  if (is_subset_) return probe();
  open_with(weigh_prefetch(sum_, weights_));
  if (!rebalance_timer_.active()) rebalance_timer_.every(kRebalanceInterval, [this] { rebalance(); });
}

void AmqpConsumer::rebalance() {
  const bool is_idle =
      std::all_of(delivered_.begin(), delivered_.end(), [](std::uint32_t n) { return n == 0; });
  const bool is_open = phase_ == Phase::kConsuming && !is_subset_ && !stopped_ && !missing_;
  if (is_idle) std::fill(weights_.begin(), weights_.end(), 0u);
  if (is_open && should_rebalance(prefetches_, delivered_)) {
    weights_ = delivered_;
    sum_ = 0;  // open again as soon as the cancels are through
    cancel_all();
  }
  std::fill(delivered_.begin(), delivered_.end(), 0u);
}

void AmqpConsumer::open_with(const std::vector<int>& prefetches) {
  phase_ = Phase::kConsuming;
  was_fed_ = false;
  prefetches_ = prefetches;
  int last = -1;
  for (std::size_t i = 0; i < queues_.size(); ++i) {
    if (prefetches[i] == 0) continue;
    if (prefetches[i] != last) {
      // Not global: it holds for the consumers that follow, one by one; quorum queues know nothing else.
      amqp_basic_qos_t qos{};
      qos.prefetch_count = static_cast<std::uint16_t>(prefetches[i]);
      channel_->call(AMQP_BASIC_QOS_METHOD, &qos, AMQP_BASIC_QOS_OK_METHOD, [](const Result<Method>&) {});
      last = prefetches[i];
    }
    active_.push_back(queues_[i] + "#" + std::to_string(next_tag_++));
    amqp_basic_consume_t consume{};
    consume.queue = to_bytes(queues_[i]);
    consume.consumer_tag = to_bytes(active_.back());
    ++opens_open_;
    channel_->call(AMQP_BASIC_CONSUME_METHOD, &consume, AMQP_BASIC_CONSUME_OK_METHOD,
                   [this](const Result<Method>& answer) {
                     if (answer) opened_one();
                   });
  }
}

void AmqpConsumer::opened_one() {
  if (--opens_open_ == 0 && phase_ == Phase::kCancelling) cancel_all();
}

void AmqpConsumer::cancel_all() {
  phase_ = Phase::kCancelling;
  window_timer_.stop();
  probe_timer_.stop();
  // RabbitMQ 3.10 ends the whole connection (541) when a quorum queue's consumer is cancelled before its
  // consume-ok.
  if (opens_open_ > 0) return;
  cancels_open_ = active_.size();
  for (const auto& tag : active_) {
    amqp_basic_cancel_t cancel{};
    cancel.consumer_tag = to_bytes(tag);
    channel_->call(AMQP_BASIC_CANCEL_METHOD, &cancel, AMQP_BASIC_CANCEL_OK_METHOD,
                   [this](const Result<Method>& answer) {
                     if (answer) cancelled_one();
                   });
  }
  // The cancels are ahead of these acks in the channel, so nothing is sent in their place.
  flush_acks();
  if (cancels_open_ == 0) {
    cancels_open_ = 1;
    cancelled_one();
  }
}

void AmqpConsumer::cancelled_one() {
  if (--cancels_open_ > 0) return;
  active_.clear();
  phase_ = Phase::kIdle;
  if (is_subset_ && !was_fed_ && free_slots_ > 0 && !stopped_ && !missing_) return probe_later();
  follow_window();
}

void AmqpConsumer::probe() {
  phase_ = Phase::kProbing;
  auto depths = std::make_shared<std::vector<std::uint32_t>>();
  const std::uint64_t round = ++probe_round_;
  for (const auto& queue : queues_) {
    amqp_queue_declare_t fields{};
    fields.queue = to_bytes(queue);
    fields.passive = 1;
    channel_->call(AMQP_QUEUE_DECLARE_METHOD, &fields, AMQP_QUEUE_DECLARE_OK_METHOD,
                   [this, depths, round](Result<Method> answer) {
                     if (!answer || round != probe_round_) return;
                     depths->push_back(answer->as<amqp_queue_declare_ok_t>().message_count);
                     if (depths->size() == queues_.size()) probed(*depths);
                   });
  }
}

void AmqpConsumer::probed(const std::vector<std::uint32_t>& depths) {
  phase_ = Phase::kIdle;
  sum_ = prefetch_sum(free_slots_);
  is_subset_ = static_cast<std::size_t>(sum_) < queues_.size();
  if (sum_ == 0 || stopped_ || missing_) return;
  if (!is_subset_) return open();
  std::vector<int> prefetches(queues_.size(), 0);
  int left = sum_;
  for (std::size_t i = 0; i < queues_.size() && left > 0; ++i) {
    if (depths[i] == 0) continue;
    prefetches[i] = 1;
    --left;
  }
  if (left == sum_) {
    probe_pause_ = std::min(probe_pause_ * 2, kProbePauseMax);
    return probe_later();
  }
  probe_pause_ = kProbeInterval;
  open_with(prefetches);
  // Look again soon: what was chosen may be empty by now, or a queue ahead of it may have something.
  probe_timer_.start(kProbeInterval, [this] {
    if (phase_ == Phase::kConsuming && is_subset_) cancel_all();
  });
}

void AmqpConsumer::probe_later() {
  sum_ = 0;
  probe_timer_.start(probe_pause_, [this] {
    if (phase_ == Phase::kIdle && !stopped_ && !missing_ && free_slots_ > 0) open();
  });
}

void AmqpConsumer::on_cancelled_by_broker(std::string_view consumer_tag) {
  ++counters_.cancelled_by_broker;
  std::erase(active_, consumer_tag);
  log_.warn("consumer cancelled by the broker", {{"queue", queue_of_tag(consumer_tag)}});
  missing_ = true;
  hooks_.on_missing({ErrorKind::kUnavailable, "consumer_cancelled",
                     "queue " + std::string(queue_of_tag(consumer_tag)) + " is gone"});
}

void AmqpConsumer::on_channel_closed(const Error& error) {
  channel_ = nullptr;
  phase_ = Phase::kDetached;
  sum_ = 0;
  active_.clear();
  opens_open_ = 0;
  cancels_open_ = 0;
  ++probe_round_;
  window_timer_.stop();
  probe_timer_.stop();
  garbage_timer_.stop();
  rebalance_timer_.stop();
  acks_.clear();
  waiting_garbage_.clear();  // the broker delivers it again
  on_batch_end();            // whole tickets that came before the end are worth claiming
  hooks_.on_missing(error);
}

void AmqpConsumer::keep_garbage(const Message& message) {
  ++counters_.garbage;
  log_.warn("malformed message on a work queue",
            {{"queue", queue_of_tag(message.consumer_tag)}, {"bytes", message.body_size}});
  copy_garbage({message.tag, message.header, message.body});
}

void AmqpConsumer::copy_garbage(Garbage garbage) {
  const std::uint64_t generation = channel_->generation();
  auto kept = std::make_shared<Garbage>(std::move(garbage));
  hooks_.quarantine(kept->header, kept->body,
                    [this, alive = alive_, kept, generation](const Result<void>& copied) {
                      if (!*alive || channel_ == nullptr || channel_->generation() != generation) return;
                      if (copied) {
                        ++counters_.quarantined;
                        if (acks_.settle(kept->tag)) flush_acks();
                        return;
                      }
                      waiting_garbage_.push_back(std::move(*kept));
                      if (garbage_timer_.active()) return;
                      garbage_timer_.start(kQuarantineRetry, [this] {
                        std::vector<Garbage> again;
                        again.swap(waiting_garbage_);
                        for (auto& entry : again) copy_garbage(std::move(entry));
                      });
                    });
}

}  // namespace pawl::broker
