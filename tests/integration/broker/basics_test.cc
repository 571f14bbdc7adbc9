// The ports over a real RabbitMQ that does not fail: tickets there and back, order, windows, garbage, control and events.
#include <gtest/gtest.h>

#include "broker/topology.h"
#include "tests/integration/broker/harness.h"
#include "tests/support/rabbitmq.h"

namespace pawl::broker::testing {
namespace {

using pawl::testing::PrivateRabbit;

std::string shared_url() { return PrivateRabbit::shared().url(); }

TEST(AmqpBroker, CarriesATicketThereAndBack) {
  Subject subject(shared_url());
  ASSERT_TRUE(subject.ready());
  subject.broker->consumer().set_free_slots(100);
  ASSERT_TRUE(subject.publish(1));
  ASSERT_TRUE(subject.until([&] { return subject.got.size() == 1; }));
  EXPECT_EQ(subject.got[0].exec_id, make_id(1));
  EXPECT_EQ(subject.got[0].epoch, 1u);
  EXPECT_EQ(subject.got[0].lane, "default");
  EXPECT_FALSE(subject.got[0].resume);
  EXPECT_EQ(subject.broker->counters().publish.confirmed, 1u);
}

}  // namespace
}  // namespace pawl::broker::testing
