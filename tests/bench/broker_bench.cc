// Confirmed persistent publishes to a quorum queue, pipelined, and deliveries with acks, against a private
// RabbitMQ: rates, and the processor time of this process a message.
#include "broker/broker.h"
#include "common/base/assert.h"
#include "tests/bench/measure.h"
#include "tests/support/rabbitmq.h"

namespace {

using namespace pawl;

constexpr int kInFlight = 512;

Uuid make_id(std::uint64_t number) {
  Uuid id;
  id.bytes[0] = 1;
  for (std::size_t i = 0; i < 8; ++i) id.bytes[15 - i] = static_cast<std::uint8_t>(number >> (8 * i));
  return id;
}

struct Bench {
  Loop loop;
  SeededRng rng{1};
  std::unique_ptr<broker::AmqpBroker> broker;
  std::uint64_t next = 0;
  std::uint64_t confirmed = 0;
  std::uint64_t delivered = 0;

  explicit Bench(const std::string& url) {
    broker::BrokerOptions options;
    options.url = url;
    options.process = "bench";
    options.consume_lanes = {"default"};
    auto made = broker::AmqpBroker::create(loop, rng, Log(), options);
    PAWL_ASSERT(made.has_value(), "the address is good");
    broker = std::move(*made);
    broker->start();
    while (!broker->health().can_publish || !broker->health().can_consume) loop.run_for(Millis(10));
    broker->consumer().on_deliveries([this](std::vector<broker::Delivery> batch) {
      delivered += batch.size();
      broker->consumer().ack(batch);
    });
  }
  ~Bench() {
    broker->stop([this] { loop.stop(); });
    loop.run();
  }

  void publish_one(std::uint64_t total) {
    if (next == total) return;
    broker->publisher().publish({.exec_id = make_id(next++), .epoch = 1},
                                [this, total](const Result<void>& result) {
                                  PAWL_ASSERT(result.has_value(), "a healthy broker confirms");
                                  ++confirmed;
                                  publish_one(total);
                                });
  }

  /// `total` publishes with kInFlight of them unconfirmed at any time.
  void publish(std::uint64_t total) {
    next = confirmed = 0;
    for (int i = 0; i < kInFlight; ++i) publish_one(total);
    while (confirmed < total) loop.run_for(Millis(10));
  }
  void consume(std::uint64_t total) {
    delivered = 0;
    broker->consumer().set_free_slots(100);
    while (delivered < total) loop.run_for(Millis(10));
    broker->consumer().set_free_slots(0);
    while (broker->consume_window() > 0) loop.run_for(Millis(10));
  }
};

void report(const char* workload, std::uint64_t total, const pawl::bench::Stopwatch& watch) {
  pawl::bench::print(workload, "messages", static_cast<double>(total) / watch.wall(), "1/s");
  pawl::bench::print(workload, "client_cpu", watch.cpu() * 1e6 / static_cast<double>(total), "us/message");
}

}  // namespace

int main() {
  Bench bench(pawl::testing::PrivateRabbit::shared().url());
  constexpr std::uint64_t kTotal = 50'000;
  bench.publish(2'000);
  bench.consume(2'000);
  {
    const pawl::bench::Stopwatch watch;
    bench.publish(kTotal);
    report("broker_publish_confirmed", kTotal, watch);
  }
  {
    const pawl::bench::Stopwatch watch;
    bench.consume(kTotal);
    report("broker_deliver_ack", kTotal, watch);
  }
  const pawl::bench::Stopwatch watch;
  bench.delivered = 0;
  bench.broker->consumer().set_free_slots(100);
  bench.publish(kTotal);
  while (bench.delivered < kTotal) bench.loop.run_for(Millis(10));
  report("broker_publish_and_deliver", kTotal, watch);
}
