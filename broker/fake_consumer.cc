// The consuming side of FakeBroker, with the window arithmetic of the real one.
#include <algorithm>

#include "broker/fake_state.h"
#include "broker/ticket.h"
#include "broker/topology.h"
#include "broker/window.h"

namespace pawl::broker {
namespace {

class FakeConsumer final : public TicketConsumer, public FakeClient {
 public:
  FakeConsumer(std::shared_ptr<FakeBroker::State> state, const std::vector<std::string>& lanes)
      : state_(std::move(state)), queues_(lane_queues(lanes)) {
    state_->clients.insert(this);
  }
  ~FakeConsumer() override {
    put_back();
    state_->clients.erase(this);
    state_->wake();
  }
  FakeConsumer(const FakeConsumer&) = delete;
  FakeConsumer& operator=(const FakeConsumer&) = delete;

  void on_deliveries(std::function<void(std::vector<Delivery>)> handler) override {
    handler_ = std::move(handler);
  }

  void ack(const std::vector<Delivery>& deliveries) override {
    for (const auto& delivery : deliveries) {
      if (delivery.generation != generation_) continue;
      state_->unacked -= open_.erase(delivery.tag);
    }
    state_->wake();
  }

  void set_free_slots(int free_slots) override {
    free_slots_ = std::max(free_slots, 0);
    state_->wake();
  }

  void stop() override { stopped_ = true; }

  void on_disconnect() override {
    put_back();
    ++generation_;
    sum_ = 0;
  }

  void pump() override {
    if (!state_->connected || stopped_) return;
    follow_window();
    std::vector<Delivery> batch;
    for (const auto& queue : queues_) take_from(queue, batch);
    if (!batch.empty() && handler_) handler_(std::move(batch));
  }

 private:
  struct Open {
    std::string queue;
    FakeMessage message;
  };

  void follow_window() {
    // The real one keeps a closing window for some milliseconds; here it follows at once.
    for (int i = 0; i < 2; ++i) {
      const WindowStep step = window_step(sum_, free_slots_);
      if (step == WindowStep::kKeep) return;
      sum_ = step == WindowStep::kOpen ? prefetch_sum(free_slots_) : 0;
    }
  }

  void take_from(const std::string& queue, std::vector<Delivery>& batch) {
    auto& messages = state_->queues[queue];
    while (!messages.empty() && open_.size() < static_cast<std::size_t>(sum_)) {
      FakeMessage message = std::move(messages.front());
      messages.pop_front();
      const bool was_delivered = message.deliveries > 0;
      if (++message.deliveries > kDeliveryLimit + 1) continue;
      const auto ticket = parse_ticket(message.message_id, message.body);
      if (!ticket) {
        state_->put(std::string(kQuarantineQueue), {message.message_id, message.body});
        continue;
      }
      Delivery delivery;
      delivery.exec_id = ticket->exec_id;
      delivery.epoch = ticket->epoch;
      delivery.resume = is_resume_queue(queue);
      delivery.redelivered = was_delivered;
      delivery.traceparent = ticket->traceparent;
      delivery.tag = next_tag_++;
      delivery.generation = generation_;
      delivery.lane = lane_of_queue(queue);
      delivery.reply_to = message.reply_to;
      open_.emplace(delivery.tag, Open{queue, std::move(message)});
      ++state_->unacked;
      batch.push_back(std::move(delivery));
    }
  }

  void put_back() {
    for (auto it = open_.rbegin(); it != open_.rend(); ++it) {
      state_->queues[it->second.queue].push_front(std::move(it->second.message));
    }
    state_->unacked -= open_.size();
    open_.clear();
  }

  std::shared_ptr<FakeBroker::State> state_;
  const std::vector<std::string> queues_;
  std::function<void(std::vector<Delivery>)> handler_;
  std::map<std::uint64_t, Open> open_;
  std::uint64_t next_tag_ = 1;
  std::uint64_t generation_ = 1;
  int free_slots_ = 0;
  int sum_ = 0;
  bool stopped_ = false;
};

}  // namespace

std::unique_ptr<TicketConsumer> make_fake_consumer(std::shared_ptr<FakeBroker::State> state,
                                                   std::vector<std::string> lanes) {
  return std::make_unique<FakeConsumer>(std::move(state), lanes);
}

}  // namespace pawl::broker
