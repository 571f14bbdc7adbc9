// AmqpConsumer consumes the queues of some lanes on one channel: a window that follows the free slots,
// deliveries of one read together, the fewest acks, garbage to the quarantine. Acks of an older channel are
// dropped by generation.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "broker/ack_window.h"
#include "broker/connection.h"
#include "broker/counters.h"
#include "broker/ports.h"
#include "broker/window.h"
#include "common/base/log.h"
#include "common/loop/loop.h"
#include "common/loop/timer.h"

namespace pawl::broker {

struct ConsumerHooks {
  /// Copies a message to the quarantine: AmqpPublisher::quarantine.
  std::function<void(std::string_view header, std::string_view body, Done<void> done)> quarantine;
  /// A queue is gone or the channel broke: declare, then `attach` if `is_attached` is false, else
  /// `consume_again`.
  std::function<void(const Error&)> on_missing;
};

class AmqpConsumer final : public TicketConsumer {
 public:
  AmqpConsumer(Loop& loop, const Log& log, const std::vector<std::string>& lanes, ConsumerHooks hooks);
  ~AmqpConsumer() override { *alive_ = false; }
  AmqpConsumer(const AmqpConsumer&) = delete;
  AmqpConsumer& operator=(const AmqpConsumer&) = delete;

  /// Opens its channel on a connection whose topology is declared, and consumes when there are free slots.
  void attach(Connection& connection);
  [[nodiscard]] bool is_attached() const { return channel_ != nullptr; }
  /// After a lost queue was declared again.
  void consume_again();

  // TicketConsumer. Lower the free slots before acking what took them: acks let the broker send more.
  void on_deliveries(std::function<void(std::vector<Delivery>)> handler) override {
    handler_ = std::move(handler);
  }
  void ack(const std::vector<Delivery>& deliveries) override;
  void set_free_slots(int free_slots) override;
  void stop() override;

  [[nodiscard]] const ConsumeCounters& counters() const { return counters_; }
  /// Prefetch of all consumers now; 0 while they are cancelled.
  [[nodiscard]] int window() const { return phase_ == Phase::kConsuming ? sum_ : 0; }

 private:
  enum class Phase : std::uint8_t { kDetached, kIdle, kProbing, kConsuming, kCancelling };
  struct Garbage {
    std::uint64_t tag;
    std::string header;
    std::string body;
  };

  void on_message(Message& message);
  void on_batch_end();
  void on_cancelled_by_broker(std::string_view consumer_tag);
  void on_channel_closed(const Error& error);
  void keep_garbage(const Message& message);
  void copy_garbage(Garbage garbage);
  void flush_acks();

  /// Compares window and free slots, acts at once or after kCloseWindowAfter.
  void follow_window();
  void act(WindowStep step);
  void open();
  void open_with(const std::vector<int>& prefetches);
  void opened_one();
  /// Cancels every consumer, or as soon as the last of them is confirmed.
  void cancel_all();
  void cancelled_one();
  /// Fewer slots than queues: asks for the depths and consumes the first queues that have something.
  void probe();
  void probed(const std::vector<std::uint32_t>& depths);
  void probe_later();
  void rebalance();

  Loop& loop_;
  const Log log_;
  const std::vector<std::string> queues_;
  const ConsumerHooks hooks_;
  std::function<void(std::vector<Delivery>)> handler_;

  Channel* channel_ = nullptr;
  Phase phase_ = Phase::kDetached;
  int free_slots_ = 0;
  int sum_ = 0;
  bool is_subset_ = false;  // the open window leaves some queues out
  bool was_fed_ = false;    // something came since it opened
  bool stopped_ = false;
  bool missing_ = false;             // a queue is gone; consume_again comes
  std::vector<std::string> active_;  // consumer tags
  std::size_t opens_open_ = 0;       // basic.consume without their answer
  std::size_t cancels_open_ = 0;
  std::uint64_t next_tag_ = 1;
  Millis probe_pause_;
  std::uint64_t probe_round_ = 0;
  Timer window_timer_;
  Timer probe_timer_;
  Timer rebalance_timer_;
  std::vector<int> prefetches_;           // of the open window, one a queue
  std::vector<std::uint32_t> delivered_;  // by each queue since the last look
  std::vector<std::uint32_t> weights_;    // the same at the last look that found it busy

  AckWindow acks_;
  std::vector<Delivery> batch_;
  std::vector<Garbage> waiting_garbage_;
  Timer garbage_timer_;
  ConsumeCounters counters_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace pawl::broker
