// AmqpBroker against a healthy RabbitMQ: what the contract suite can't see from outside the ports.
#include <gtest/gtest.h>

#include <set>

#include "broker/topology.h"
#include "tests/integration/broker/harness.h"
#include "tests/support/rabbitmq.h"

namespace pawl::broker::testing {
namespace {

using pawl::testing::PrivateRabbit;

std::string shared_url() { return PrivateRabbit::shared().url(); }

TEST(AmqpBroker, DeclaresTheTopologyAtStart) {
  Subject subject(shared_url());
  ASSERT_TRUE(subject.ready());
  const std::string queues =
      PrivateRabbit::shared().ctl({"list_queues", "--silent", "name", "type", "durable", "arguments"});
  for (const char* name :
       {"lane.default.high", "lane.default.normal", "lane.default.low", "lane.default.resume"}) {
    const auto line = queues.substr(queues.find(name), queues.substr(queues.find(name)).find('\n'));
    EXPECT_NE(line.find("quorum\ttrue"), std::string::npos) << line;
    EXPECT_NE(line.find("{\"x-delivery-limit\",20}"), std::string::npos) << line;
  }
  EXPECT_NE(queues.find("pawl.quarantine"), std::string::npos);
  const std::string exchanges =
      PrivateRabbit::shared().ctl({"list_exchanges", "--silent", "name", "type", "durable"});
  EXPECT_NE(exchanges.find("pawl.jobs\tdirect\ttrue"), std::string::npos);
  EXPECT_NE(exchanges.find("pawl.control\ttopic\ttrue"), std::string::npos);
  EXPECT_NE(exchanges.find("pawl.events\ttopic\ttrue"), std::string::npos);
}

TEST(AmqpBroker, PipelinesPublishesAndConfirmsEachOnce) {
  Subject subject(shared_url());
  ASSERT_TRUE(subject.ready());
  subject.broker->consumer().set_free_slots(100);
  int confirmed = 0;
  for (std::uint64_t i = 0; i < 5'000; ++i) {
    subject.broker->publisher().publish({.exec_id = make_id(i), .epoch = 1}, [&](const Result<void>& result) {
      EXPECT_TRUE(result);
      ++confirmed;
    });
  }
  ASSERT_TRUE(subject.until([&] { return confirmed == 5'000 && subject.got.size() == 5'000; }));
  std::set<Uuid> distinct;
  for (const auto& delivery : subject.got) distinct.insert(delivery.exec_id);
  EXPECT_EQ(distinct.size(), 5'000u);
  const auto counters = subject.broker->counters();
  EXPECT_EQ(counters.publish.confirmed, 5'000u);
  EXPECT_EQ(counters.consume.acked, 5'000u);
  EXPECT_LT(subject.batches.size(), 4'000u) << "deliveries of one read come together";
  EXPECT_TRUE(subject.until([&] { return Bare(shared_url()).depth("lane.default.normal") == 0; }));
}

TEST(AmqpBroker, PrefetchesHalfTheSlotsInAll) {
  Subject subject(shared_url());
  ASSERT_TRUE(subject.ready());
  subject.broker->consumer().set_free_slots(100);
  run_for(subject.loop, Millis{200});
  EXPECT_EQ(subject.broker->consume_window(), 50);
  const std::string consumers =
      PrivateRabbit::shared().ctl({"list_consumers", "--silent", "queue_name", "prefetch_count"});
  EXPECT_NE(consumers.find("lane.default.resume\t13"), std::string::npos) << consumers;
  EXPECT_NE(consumers.find("lane.default.low\t12"), std::string::npos) << consumers;
  subject.broker->consumer().set_free_slots(40);
  ASSERT_TRUE(subject.until([&] { return subject.broker->consume_window() == 20; }));
  subject.broker->consumer().set_free_slots(0);
  ASSERT_TRUE(subject.until([&] { return subject.broker->consume_window() == 0; }));
  subject.broker->consumer().set_free_slots(100);
  ASSERT_TRUE(subject.until([&] { return subject.broker->consume_window() == 50; }));
}

TEST(AmqpBroker, TellsWhatIsUnroutableAndDeclaresAgain) {
  Subject subject(shared_url(), {});
  ASSERT_TRUE(subject.until([&] { return subject.broker->health().can_publish; }));
  Bare(shared_url()).delete_queue("lane.default.low");
  const auto result = subject.publish(1, false, PriorityClass::kLow);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, "unroutable");
  EXPECT_EQ(subject.broker->counters().publish.returned, 1u);
  EXPECT_TRUE(
      subject.until([&] { return static_cast<bool>(subject.publish(2, false, PriorityClass::kLow)); }));
  Bare(shared_url()).purge("lane.default.low");
}

TEST(AmqpBroker, SurvivesALostExchange) {
  Subject subject(shared_url());
  ASSERT_TRUE(subject.ready());
  subject.broker->consumer().set_free_slots(100);
  Bare(shared_url()).delete_exchange("pawl.jobs");
  EXPECT_FALSE(subject.publish(1));
  EXPECT_TRUE(subject.works());
  EXPECT_EQ(subject.broker->counters().reconnects, 0u) << "a channel error is no reason to reconnect";
}

TEST(AmqpBroker, CopiesGarbageUnchangedAndOversizedOnesCutShort) {
  Bare bare(shared_url());
  Subject subject(shared_url());
  ASSERT_TRUE(subject.ready());
  bare.purge("pawl.quarantine");
  bare.publish("", "lane.default.normal", "what is this", "garbage body");
  bare.publish("pawl.jobs", "lane.default.high", "big", std::string(16 << 20, 'x'));
  subject.broker->consumer().set_free_slots(100);
  ASSERT_TRUE(subject.until([&] { return subject.broker->counters().consume.quarantined == 2; }));
  EXPECT_EQ(bare.depth("pawl.quarantine"), 2);
  EXPECT_EQ(bare.depth("lane.default.normal"), 0);
  EXPECT_EQ(bare.depth("lane.default.high"), 0);
  EXPECT_TRUE(subject.works());
  bare.purge("pawl.quarantine");
}

TEST(AmqpBroker, QuarantinesAThousandCopiesOfOneBadMessage) {
  Bare bare(shared_url());
  Subject subject(shared_url());
  ASSERT_TRUE(subject.ready());
  bare.purge("pawl.quarantine");
  subject.broker->consumer().set_free_slots(100);
  for (int i = 0; i < 1'000; ++i) bare.publish("", "lane.default.normal", "bad", "bad");
  ASSERT_TRUE(subject.until([&] { return bare.depth("pawl.quarantine") == 1'000; }));
  EXPECT_EQ(subject.broker->counters().consume.garbage, 1'000u) << "none was requeued";
  EXPECT_TRUE(subject.works());
  bare.purge("pawl.quarantine");
}

TEST(AmqpBroker, NamesWrongCredentialsAndUnknownVhosts) {
  auto url = PrivateRabbit::shared().url();
  const auto at = url.find('@');
  {
    Subject subject("amqp://guest:wrong" + url.substr(at), {});
    ASSERT_TRUE(subject.until([&] { return !subject.broker->health().last_error.empty(); }));
    EXPECT_NE(subject.broker->health().last_error.find("ACCESS_REFUSED"), std::string::npos)
        << subject.broker->health().last_error;
  }
  Subject subject(PrivateRabbit::shared().url("no-such-vhost"), {});
  ASSERT_TRUE(subject.until([&] { return !subject.broker->health().last_error.empty(); }));
  EXPECT_NE(subject.broker->health().last_error.find("vhost"), std::string::npos)
      << subject.broker->health().last_error;
}

TEST(AmqpBroker, LivesWithAQueueThatHasOtherArguments) {
  PrivateRabbit::shared().ctl({"add_vhost", "odd"});
  PrivateRabbit::shared().ctl({"set_permissions", "-p", "odd", "guest", ".*", ".*", ".*"});
  const std::string url = PrivateRabbit::shared().url("odd");
  Bare(url).declare_classic_queue("lane.default.high");
  Subject subject(url);
  ASSERT_TRUE(subject.ready());
  subject.broker->consumer().set_free_slots(100);
  EXPECT_TRUE(subject.publish(1, false, PriorityClass::kHigh));
  EXPECT_TRUE(subject.until([&] { return subject.got.size() == 1; }));
}

}  // namespace
}  // namespace pawl::broker::testing
