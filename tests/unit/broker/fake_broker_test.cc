// The fault switches of the in-memory twin, with time driven by hand. What it has in common with RabbitMQ is
// in the contract suite.
#include "broker/fake_broker.h"

#include <gtest/gtest.h>

#include <deque>

namespace pawl::broker {
namespace {

class FakeBrokerTest : public ::testing::Test {
 protected:
  FakeBrokerTest()
      : broker([this](Millis delay, std::function<void()> fn) {
          delays.push_back(delay);
          later.push_back(std::move(fn));
        }),
        publisher(broker.make_publisher()),
        consumer(broker.make_consumer({"default"})) {
    consumer->on_deliveries(
        [this](std::vector<Delivery> batch) { got.insert(got.end(), batch.begin(), batch.end()); });
    consumer->set_free_slots(100);
  }

  void run() {
    while (!later.empty()) {
      auto fn = std::move(later.front());
      later.pop_front();
      fn();
    }
  }

  /// The outcome's code, "" for a success.
  std::string publish() {
    std::string code = "none";
    publisher->publish({.exec_id = *Uuid::parse("0190a5e4-7c1e-7d6b-8a3f-2f8d1c0e9b77"), .epoch = 1},
                       [&code](const Result<void>& result) { code = result ? "" : result.error().code; });
    run();
    return code;
  }

  std::deque<std::function<void()>> later;
  std::vector<Millis> delays;
  FakeBroker broker;
  std::unique_ptr<TicketPublisher> publisher;
  std::unique_ptr<TicketConsumer> consumer;
  std::vector<Delivery> got;
};

TEST_F(FakeBrokerTest, FaultsStrikeOnceEach) {
  broker.faults().nack = 1;
  EXPECT_EQ(publish(), "nacked");
  broker.faults().unroutable = 1;
  EXPECT_EQ(publish(), "unroutable");
  EXPECT_TRUE(got.empty());
  EXPECT_EQ(publish(), "");
  EXPECT_EQ(got.size(), 1u);
}

TEST_F(FakeBrokerTest, LosesMessagesThatWereConfirmed) {
  broker.faults().lose_message = 1;
  EXPECT_EQ(publish(), "");
  EXPECT_TRUE(got.empty());
}

TEST_F(FakeBrokerTest, LosesConfirmsOfMessagesThatArrive) {
  broker.faults().lose_confirm = 1;
  EXPECT_EQ(publish(), "confirm_timeout");
  EXPECT_EQ(got.size(), 1u);
}

TEST_F(FakeBrokerTest, Duplicates) {
  broker.faults().duplicate = 1;
  EXPECT_EQ(publish(), "");
  EXPECT_EQ(got.size(), 2u);
}

TEST_F(FakeBrokerTest, RefusesWhileBlockedAndFailsWhatWasInFlightAtACut) {
  broker.set_blocked(true);
  EXPECT_FALSE(publisher->connected());
  EXPECT_EQ(publish(), "broker_blocked");
  broker.set_blocked(false);
  std::string code;
  publisher->publish({.exec_id = *Uuid::parse("0190a5e4-7c1e-7d6b-8a3f-2f8d1c0e9b77")},
                     [&code](const Result<void>& result) { code = result ? "" : result.error().code; });
  broker.disconnect();
  run();
  EXPECT_EQ(code, "not_connected");
  EXPECT_EQ(publish(), "not_connected");
  broker.reconnect();
  EXPECT_EQ(publish(), "");
}

TEST_F(FakeBrokerTest, DelaysByTheCallersClock) {
  broker.faults().delay = Millis{70};
  delays.clear();
  EXPECT_EQ(publish(), "");
  EXPECT_EQ(delays.front(), Millis{70});
}

TEST_F(FakeBrokerTest, DropsAMessageThatIsDeliveredTooOften) {
  EXPECT_EQ(publish(), "");
  for (int i = 0; i < 40; ++i) {
    broker.disconnect();
    broker.reconnect();
    run();
  }
  EXPECT_EQ(got.size(), 21u) << "the first and twenty more";
  EXPECT_EQ(broker.depth("lane.default.normal"), 0u);
}

TEST_F(FakeBrokerTest, GivesBackWhatADeadConsumerHeld) {
  EXPECT_EQ(publish(), "");
  EXPECT_EQ(broker.unacked(), 1u);
  consumer.reset();
  EXPECT_EQ(broker.unacked(), 0u);
  EXPECT_EQ(broker.depth("lane.default.normal"), 1u);
}

}  // namespace
}  // namespace pawl::broker
