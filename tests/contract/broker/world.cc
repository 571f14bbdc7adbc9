#include "tests/contract/broker/world.h"

#include <stdexcept>

#include "broker/broker.h"
#include "broker/connection.h"
#include "broker/fake_broker.h"
#include "common/base/log.h"
#include "common/base/rng.h"
#include "common/loop/timer.h"
#include "tests/support/rabbitmq.h"

namespace pawl::broker::testing {

World::World() {
  static int number = 0;
  lane_ = "contract-" + std::to_string(++number);
}

bool World::until(const std::function<bool()>& condition, Millis limit) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() >= end) return false;
    loop.run_for(Millis{20});
  }
  return true;
}

namespace {

class FakeWorld final : public World {
 public:
  FakeWorld()
      : broker_([this](Millis delay, std::function<void()> fn) { later(delay, std::move(fn)); }),
        publisher_(broker_.make_publisher()),
        consumer_(broker_.make_consumer({lane()})),
        bus_(broker_.make_bus()),
        other_bus_(broker_.make_bus()) {}

  TicketPublisher& publisher() override { return *publisher_; }
  TicketConsumer& consumer() override { return *consumer_; }
  Bus& bus() override { return *bus_; }
  LaneDepths& depths() override { return *depths_; }
  Bus& other_bus() override { return *other_bus_; }
  void inject(const std::string& queue, const std::string& id, const std::string& body) override {
    broker_.inject(queue, id, body);
  }
  int depth(const std::string& queue) override { return static_cast<int>(broker_.depth(queue)); }
  void cut() override {
    broker_.disconnect();
    broker_.reconnect();
  }

 private:
  void later(Millis delay, std::function<void()> fn) {
    if (delay.count() == 0) return loop.post(std::move(fn));
    auto timer = std::make_shared<Timer>(loop);
    timer->start(delay, [timer, fn = std::move(fn)] { fn(); });
  }

  FakeBroker broker_;
  std::unique_ptr<TicketPublisher> publisher_;
  std::unique_ptr<TicketConsumer> consumer_;
  std::unique_ptr<Bus> bus_;
  std::unique_ptr<Bus> other_bus_;
  std::unique_ptr<LaneDepths> depths_ = broker_.make_depths();
};

class RealWorld final : public World {
 public:
  RealWorld() {
    first_ = make({lane()});
    second_ = make({});
    ConnectionHandler handler;
    handler.on_close = [this](const Error&) { bare_ = nullptr; };
    bare_handler_ = handler;
    if (!until([this] { return up(*first_) && up(*second_); }))
      throw std::runtime_error("the broker does not come up");
  }
  ~RealWorld() override {
    int open = 2;
    first_->stop([&open] { --open; });
    second_->stop([&open] { --open; });
    static_cast<void>(until([&open] { return open == 0; }));
    bare_.reset();
    first_.reset();
    second_.reset();
    static_cast<void>(until([] { return false; }, Millis{30}));
  }

  TicketPublisher& publisher() override { return first_->publisher(); }
  TicketConsumer& consumer() override { return first_->consumer(); }
  Bus& bus() override { return first_->bus(); }
  LaneDepths& depths() override { return first_->depths(); }
  Bus& other_bus() override { return second_->bus(); }

  void inject(const std::string& queue, const std::string& id, const std::string& body) override {
    OutgoingMessage message;
    message.routing_key = queue;
    message.message_id = id;
    message.body = body;
    Channel* channel = bare_channel();
    channel->publish(message);
    settle();
  }

  int depth(const std::string& queue) override {
    int depth = -1;
    bool done = false;
    amqp_queue_declare_t fields{};
    fields.queue = to_bytes(queue);
    fields.passive = 1;
    bare_channel()->call(AMQP_QUEUE_DECLARE_METHOD, &fields, AMQP_QUEUE_DECLARE_OK_METHOD,
                         [&](Result<Method> answer) {
                           if (answer)
                             depth = static_cast<int>(answer->as<amqp_queue_declare_ok_t>().message_count);
                           done = true;
                         });
    static_cast<void>(until([&done] { return done; }));
    return depth;
  }

  void cut() override {
    const auto before = first_->counters().reconnects + second_->counters().reconnects;
    pawl::testing::PrivateRabbit::shared().ctl({"close_all_connections", "contract"});
    const auto back = [&] {
      return first_->counters().reconnects + second_->counters().reconnects >= before + 4;
    };
    if (!until([&] { return back() && up(*first_) && up(*second_); }))
      throw std::runtime_error("it does not come back");
  }

 private:
  static bool up(const AmqpBroker& broker) {
    return broker.health().can_publish && broker.health().can_consume;
  }

  std::unique_ptr<AmqpBroker> make(std::vector<std::string> lanes) {
    BrokerOptions options;
    options.url = pawl::testing::PrivateRabbit::shared().url();
    options.lanes = {lane()};
    options.consume_lanes = std::move(lanes);
    auto broker = AmqpBroker::create(loop, rng_, Log(), options);
    if (!broker) throw std::runtime_error(broker.error().message);
    (*broker)->start();
    return std::move(*broker);
  }

  Channel* bare_channel() {
    if (!bare_) {
      const std::string url = pawl::testing::PrivateRabbit::shared().url();
      bare_ = std::make_unique<Connection>(
          loop, ConnectionOptions{.url = *parse_amqp_url(url), .name = "bare"}, bare_handler_);
      if (!until([this] { return bare_->is_open(); })) throw std::runtime_error("no connection");
      bare_channel_ = bare_->open_channel({});
    }
    return bare_channel_;
  }

  SeededRng rng_{7};
  std::unique_ptr<AmqpBroker> first_;
  std::unique_ptr<AmqpBroker> second_;
  ConnectionHandler bare_handler_;
  std::unique_ptr<Connection> bare_;
  Channel* bare_channel_ = nullptr;
};

}  // namespace

std::unique_ptr<World> make_fake_world() { return std::make_unique<FakeWorld>(); }
std::unique_ptr<World> make_real_world() { return std::make_unique<RealWorld>(); }

}  // namespace pawl::broker::testing
