// The broker troubles of reliability.md §2 and §3 with a RabbitMQ of our own that is killed, stopped, frozen,
// starved and wiped. Each ends with the same question: do publishing and consuming work again, without
// anybody's help?
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/integration/broker/harness.h"
#include "tests/support/rabbitmq.h"

namespace pawl::broker::testing {
namespace {

using pawl::testing::PrivateRabbit;

/// One node for all of them: each test leaves it running.
PrivateRabbit& node() {
  static PrivateRabbit rabbit;
  static const bool started = (rabbit.start(), true);
  static_cast<void>(started);
  return rabbit;
}

/// Longest gap between two ticks of a 5 ms timer: what blocked the loop shows here.
class StallWatch {
 public:
  explicit StallWatch(Loop& loop) : timer_(loop) {
    last_ = std::chrono::steady_clock::now();
    timer_.every(Millis{5}, [this] { tick(); });
  }
  void reset() {
    longest_ = Millis{0};
    last_ = std::chrono::steady_clock::now();
  }
  [[nodiscard]] Millis longest() const { return longest_; }

 private:
  void tick() {
    const auto now = std::chrono::steady_clock::now();
    longest_ = std::max(longest_, std::chrono::duration_cast<Millis>(now - last_));
    last_ = now;
  }
  Timer timer_;
  MonoTime last_;
  Millis longest_{0};
};

/// A subject that is up and consuming.
struct Running : Subject {
  explicit Running(Millis heartbeat = Millis{10'000}) : Subject(node().url(), {"default"}, heartbeat) {
    EXPECT_TRUE(ready());
    broker->consumer().set_free_slots(100);
    EXPECT_TRUE(works());
  }
};

TEST(BrokerTrouble, StartsWithNoBrokerThereAndFindsItLater) {
  node().stop();
  Subject subject(node().url());
  run_for(subject.loop, Millis{300});
  EXPECT_FALSE(subject.broker->health().can_publish);
  EXPECT_EQ(subject.publish(1).error().code, "not_connected");
  node().start();
  ASSERT_TRUE(subject.ready());
  subject.broker->consumer().set_free_slots(100);
  EXPECT_TRUE(subject.works());
}

TEST(BrokerTrouble, KillAndRestart) {
  Running subject;
  node().kill9();
  ASSERT_TRUE(subject.until([&] { return !subject.broker->health().can_publish; }));
  node().start();
  EXPECT_TRUE(subject.works());
  EXPECT_GE(subject.broker->counters().reconnects, 2u);
}

TEST(BrokerTrouble, StopAppAndStartApp) {
  Running subject;
  node().ctl({"stop_app"});
  ASSERT_TRUE(subject.until([&] { return !subject.broker->health().can_publish; }));
  node().ctl({"start_app"});
  EXPECT_TRUE(subject.works());
}

TEST(BrokerTrouble, AllConnectionsClosed) {
  Running subject;
  for (int i = 0; i < 3; ++i) {
    node().ctl({"close_all_connections", "test"});
    EXPECT_TRUE(subject.works());
  }
}

TEST(BrokerTrouble, WipedDataGetsItsTopologyAgain) {
  Running subject;
  node().wipe();
  node().start();
  EXPECT_TRUE(subject.works());
  EXPECT_NE(node().ctl({"list_queues", "--silent", "name"}).find("lane.default.resume"), std::string::npos);
}

TEST(BrokerTrouble, QueueDeletedUnderItsConsumer) {
  Running subject;
  {
    Bare bare(node().url());
    for (const char* queue : {"lane.default.normal", "lane.default.resume", "pawl.quarantine"})
      bare.delete_queue(queue);
  }
  EXPECT_TRUE(subject.works());
  EXPECT_GE(subject.broker->counters().consume.cancelled_by_broker, 1u);
  ASSERT_TRUE(subject.until([&] { return static_cast<bool>(subject.publish(5, true)); }));
  EXPECT_TRUE(subject.until([&] {
    return std::any_of(subject.got.begin(), subject.got.end(), [](const Delivery& d) { return d.resume; });
  }));
}

TEST(BrokerTrouble, GarbageWaitsUntilTheQuarantineIsThereAgain) {
  Running subject;
  Bare bare(node().url());
  bare.delete_queue("pawl.quarantine");
  bare.publish("", "lane.default.normal", "bad", "bad");
  ASSERT_TRUE(subject.until([&] { return subject.broker->counters().consume.quarantined == 1; }));
  EXPECT_EQ(bare.depth("pawl.quarantine"), 1);
  bare.purge("pawl.quarantine");
}

TEST(BrokerTrouble, Purge) {
  Running subject;
  subject.broker->consumer().set_free_slots(0);
  ASSERT_TRUE(subject.until([&] { return subject.broker->consume_window() == 0; }));
  for (std::uint64_t i = 0; i < 10; ++i) ASSERT_TRUE(subject.publish(i));
  Bare(node().url()).purge("lane.default.normal");
  subject.broker->consumer().set_free_slots(100);
  EXPECT_TRUE(subject.works());
}

TEST(BrokerTrouble, MemoryAlarmBlocksPublishesOnly) {
  Running subject(Millis{2'000});
  for (std::uint64_t i = 0; i < 5; ++i) ASSERT_TRUE(subject.publish(i));
  StallWatch stalls(subject.loop);
  node().ctl({"set_vm_memory_high_watermark", "absolute", "1000"});
  // The broker says so at the first publish, and confirms that one when the alarm is over.
  bool was_confirmed = false;
  subject.broker->publisher().publish({.exec_id = make_id(100), .epoch = 1}, [&](const Result<void>& result) {
    was_confirmed = result.has_value();
  });
  ASSERT_TRUE(subject.until([&] { return subject.broker->health().is_blocked; }));
  const auto reconnects = subject.broker->counters().reconnects;
  EXPECT_EQ(subject.publish(101).error().code, "broker_blocked");
  stalls.reset();
  run_for(subject.loop, Millis{7'000});  // over three heartbeat intervals
  EXPECT_TRUE(subject.broker->health().is_blocked);
  EXPECT_EQ(subject.broker->counters().reconnects, reconnects) << "heartbeats went on both ways";
  EXPECT_LT(stalls.longest(), Millis{250}) << "the loop was never blocked";
  node().ctl({"set_vm_memory_high_watermark", "absolute", "2GiB"});
  EXPECT_TRUE(subject.works());
  EXPECT_FALSE(subject.broker->health().is_blocked);
  EXPECT_TRUE(was_confirmed);
  EXPECT_GE(subject.broker->counters().blocked, Millis{7'000});
}

TEST(BrokerTrouble, FrozenBrokerIsNoticedByItsSilence) {
  Running subject(Millis{2'000});
  StallWatch stalls(subject.loop);
  node().sigstop();
  const auto since = std::chrono::steady_clock::now();
  ASSERT_TRUE(subject.until(
      [&] { return !subject.broker->health().can_consume && !subject.broker->health().can_publish; }));
  EXPECT_LT(std::chrono::steady_clock::now() - since, Millis{7'000}) << "two intervals and a tick";
  EXPECT_LT(stalls.longest(), Millis{250});
  node().sigcont();
  EXPECT_TRUE(subject.works());
}

TEST(BrokerTrouble, PublishesToAFrozenBrokerAreBoundedAndEnd) {
  Running subject(Millis{2'000});
  node().sigstop();
  int outcomes = 0;
  int overloaded = 0;
  constexpr int kPublishes = 40'000;
  for (std::uint64_t i = 0; i < kPublishes; ++i) {
    subject.broker->publisher().publish({.exec_id = make_id(i), .epoch = 1}, [&](const Result<void>& result) {
      ++outcomes;
      if (!result && result.error().kind == ErrorKind::kOverloaded) ++overloaded;
    });
  }
  EXPECT_TRUE(subject.until([&] { return outcomes == kPublishes; }, Millis{20'000}));
  EXPECT_GE(overloaded, kPublishes - 20'000);
  node().sigcont();
  EXPECT_TRUE(subject.works());
}

// RabbitMQ 3.10 answered a cancel that overtook the consume-ok by ending the connection with 541.
TEST(BrokerTrouble, WindowClosesWhileItsConsumersAreNotConfirmedYet) {
  Running subject;
  subject.broker->consumer().set_free_slots(0);
  run_for(subject.loop, Millis{200});
  const auto before = subject.broker->counters().reconnects;
  for (int round = 0; round < 5; ++round) {
    node().sigstop();
    subject.broker->consumer().set_free_slots(100);
    run_for(subject.loop, Millis{5});
    subject.broker->consumer().set_free_slots(0);
    run_for(subject.loop, Millis{60});
    node().sigcont();
    run_for(subject.loop, Millis{200});
  }
  subject.broker->consumer().set_free_slots(100);
  EXPECT_TRUE(subject.works());
  EXPECT_EQ(subject.broker->counters().reconnects, before);
}

TEST(BrokerTrouble, UnackedTicketsComeAgainAndStaleAcksAreDropped) {
  Running subject;
  subject.acks = false;
  subject.got.clear();
  for (std::uint64_t i = 0; i < 5; ++i) ASSERT_TRUE(subject.publish(i));
  ASSERT_TRUE(subject.until([&] { return subject.got.size() == 5; }));
  const auto old = subject.got;
  const auto before = subject.broker->counters().reconnects;
  subject.got.clear();
  node().ctl({"close_all_connections", "test"});
  ASSERT_TRUE(subject.until([&] { return subject.got.size() == 5; }));
  EXPECT_TRUE(
      std::all_of(subject.got.begin(), subject.got.end(), [](const Delivery& d) { return d.redelivered; }));
  const auto reconnects = before + 2;  // both connections were closed
  ASSERT_TRUE(subject.until([&] { return subject.broker->counters().reconnects == reconnects; }));
  subject.broker->consumer().ack(old);
  EXPECT_EQ(subject.broker->counters().consume.stale_acks, 5u);
  subject.acks = true;
  subject.broker->consumer().ack(subject.got);
  EXPECT_TRUE(subject.works());
  EXPECT_EQ(subject.broker->counters().reconnects, reconnects) << "a stale tag would have closed the channel";
}

}  // namespace
}  // namespace pawl::broker::testing
