#include "broker/fake_broker.h"

#include "broker/fake_state.h"
#include "broker/ticket.h"
#include "broker/topology.h"

namespace pawl::broker {

void FakeBroker::State::wake() {
  if (wake_posted_) return;
  wake_posted_ = true;
  later([self = shared_from_this()] {
    self->wake_posted_ = false;
    const auto clients_now = self->clients;
    for (auto* client : clients_now) {
      if (self->clients.contains(client)) client->pump();
    }
  });
}

void FakeBroker::State::put(const std::string& queue, FakeMessage message) {
  queues[queue].push_back(std::move(message));
  wake();
}

bool FakeBroker::State::strikes(int& fault) {
  if (fault == 0) return false;
  --fault;
  return true;
}

void FakeBroker::State::disconnect() {
  connected = false;
  const auto clients_now = clients;
  for (auto* client : clients_now) client->on_disconnect();
}

namespace {

using StatePtr = std::shared_ptr<FakeBroker::State>;

Result<void> no_connection() {
  return fail(ErrorKind::kUnavailable, "not_connected", "the broker is not connected");
}

class FakePublisher final : public TicketPublisher, public FakeClient {
 public:
  explicit FakePublisher(StatePtr state) : state_(std::move(state)) { state_->clients.insert(this); }
  ~FakePublisher() override { state_->clients.erase(this); }
  FakePublisher(const FakePublisher&) = delete;
  FakePublisher& operator=(const FakePublisher&) = delete;

  void publish(TicketMessage ticket, Done<void> done) override {
    if (!state_->connected) return answer(std::move(done), no_connection());
    if (state_->blocked) {
      return answer(std::move(done),
                    fail(ErrorKind::kUnavailable, "broker_blocked", "the broker takes no publishes"));
    }
    FakeFaults& faults = state_->faults;
    if (FakeBroker::State::strikes(faults.nack)) {
      return answer(std::move(done),
                    fail(ErrorKind::kUnavailable, "nacked", "the broker refused the message"));
    }
    if (FakeBroker::State::strikes(faults.unroutable) || !is_valid_lane(ticket.lane)) {
      return answer(std::move(done),
                    fail(ErrorKind::kUnavailable, "unroutable", "no queue took the message"));
    }
    const int copies = FakeBroker::State::strikes(faults.lose_message) ? 0
                       : FakeBroker::State::strikes(faults.duplicate)  ? 2
                                                                       : 1;
    for (int i = 0; i < copies; ++i) {
      state_->put(ticket_queue(ticket),
                  {ticket_message_id(ticket.exec_id, ticket.epoch), ticket_body(ticket), ticket.reply_to});
    }
    state_->published.push_back(std::move(ticket));
    if (FakeBroker::State::strikes(faults.lose_confirm)) {
      return answer(std::move(done),
                    fail(ErrorKind::kTimeout, "confirm_timeout", "the broker did not confirm in time"));
    }
    answer(std::move(done), {});
  }

  [[nodiscard]] bool connected() const override { return state_->connected && !state_->blocked; }
  void on_disconnect() override { ++generation_; }

 private:
  /// A success turns into a failure when the connection went before it arrived.
  void answer(Done<void> done, Result<void> result) {
    state_->later([done = std::move(done), result = std::move(result), seen = generation_,
                   now = generation_counter_] { done(result && seen != *now ? no_connection() : result); });
  }

  StatePtr state_;
  std::shared_ptr<std::uint64_t> generation_counter_ = std::make_shared<std::uint64_t>(0);
  std::uint64_t& generation_ = *generation_counter_;
};

class FakeBus final : public Bus, public FakeClient {
 public:
  explicit FakeBus(StatePtr state) : state_(std::move(state)) { state_->clients.insert(this); }
  ~FakeBus() override { state_->clients.erase(this); }
  FakeBus(const FakeBus&) = delete;
  FakeBus& operator=(const FakeBus&) = delete;

  void send_control(const std::string& key, const json::Value& message) override {
    send(std::string(kControlExchange), key, message);
  }
  void listen_control(const std::string& key, std::function<void(const json::Value&)> handler) override {
    handlers_[{std::string(kControlExchange), key}] = std::move(handler);
  }
  void send_event(const std::string& exec_id, const json::Value& event) override {
    send(std::string(kEventsExchange), "exec." + exec_id, event);
  }
  void watch(const std::string& exec_id, std::function<void(const json::Value&)> handler) override {
    handlers_[{std::string(kEventsExchange), "exec." + exec_id}] = std::move(handler);
  }
  void unwatch(const std::string& exec_id) override {
    handlers_.erase({std::string(kEventsExchange), "exec." + exec_id});
  }
  void on_resubscribed(std::function<void()> handler) override { on_resubscribed_ = std::move(handler); }

  void on_disconnect() override { was_cut_ = true; }
  void pump() override {
    if (!was_cut_ || !state_->connected) return;
    was_cut_ = false;
    if (!handlers_.empty() && on_resubscribed_) on_resubscribed_();
  }
  void on_bus(const std::string& exchange, const std::string& key, const json::Value& message) override {
    const auto found = handlers_.find({exchange, key});
    if (found == handlers_.end()) return;
    const auto handler = found->second;
    handler(message);
  }

 private:
  void send(std::string exchange, std::string key, const json::Value& message) {
    if (!state_->connected || state_->blocked || FakeBroker::State::strikes(state_->faults.lose_bus)) return;
    state_->later([state = state_, exchange = std::move(exchange), key = std::move(key), message] {
      if (!state->connected) return;
      const auto clients_now = state->clients;
      for (auto* client : clients_now) {
        if (state->clients.contains(client)) client->on_bus(exchange, key, message);
      }
    });
  }

  StatePtr state_;
  std::map<std::pair<std::string, std::string>, std::function<void(const json::Value&)>> handlers_;
  std::function<void()> on_resubscribed_;
  bool was_cut_ = false;
};

class FakeDepths final : public LaneDepths {
 public:
  explicit FakeDepths(StatePtr state) : state_(std::move(state)) {}

  void depths(std::vector<std::string> lanes, Done<std::vector<LaneDepth>> done) override {
    state_->later([state = state_, lanes = std::move(lanes), done = std::move(done)] {
      if (!state->connected) return done(tl::unexpected(no_connection().error()));
      const auto ready = [&state](const std::string& queue) {
        return static_cast<std::int64_t>(state->queues[queue].size());
      };
      std::vector<LaneDepth> answer;
      for (const auto& lane : lanes) {
        answer.push_back({lane, ready(lane_queue(lane, PriorityClass::kHigh)),
                          ready(lane_queue(lane, PriorityClass::kNormal)),
                          ready(lane_queue(lane, PriorityClass::kLow)), ready(resume_queue(lane))});
      }
      done(std::move(answer));
    });
  }

 private:
  StatePtr state_;
};

}  // namespace

FakeBroker::FakeBroker(Later later) : state_(std::make_shared<State>(std::move(later))) {}

std::unique_ptr<TicketPublisher> FakeBroker::make_publisher() {
  return std::make_unique<FakePublisher>(state_);
}
std::unique_ptr<TicketConsumer> FakeBroker::make_consumer(std::vector<std::string> lanes) {
  return make_fake_consumer(state_, std::move(lanes));
}
std::unique_ptr<Bus> FakeBroker::make_bus() { return std::make_unique<FakeBus>(state_); }
std::unique_ptr<LaneDepths> FakeBroker::make_depths() { return std::make_unique<FakeDepths>(state_); }

FakeFaults& FakeBroker::faults() { return state_->faults; }
void FakeBroker::disconnect() { state_->disconnect(); }

void FakeBroker::reconnect() {
  state_->connected = true;
  state_->wake();
}

void FakeBroker::wipe() { state_->queues.clear(); }
void FakeBroker::set_blocked(bool blocked) { state_->blocked = blocked; }

void FakeBroker::inject(const std::string& queue, const std::string& message_id, const std::string& body) {
  state_->put(queue, {message_id, body});
}

std::size_t FakeBroker::depth(const std::string& queue) const {
  const auto found = state_->queues.find(queue);
  return found == state_->queues.end() ? 0 : found->second.size();
}

std::size_t FakeBroker::unacked() const { return state_->unacked; }
const std::vector<TicketMessage>& FakeBroker::published() const { return state_->published; }

}  // namespace pawl::broker
