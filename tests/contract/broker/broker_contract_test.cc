// What every broker must do, run on RabbitMQ and on the in-memory twin, so that the twin can't lie.
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>

#include "broker/topology.h"
#include "tests/contract/broker/world.h"

namespace pawl::broker::testing {
namespace {

Uuid make_id(std::uint64_t number) {
  Uuid id;
  id.bytes[0] = 1;
  for (std::size_t i = 0; i < 8; ++i) id.bytes[15 - i] = static_cast<std::uint8_t>(number >> (8 * i));
  return id;
}

class BrokerContract : public ::testing::TestWithParam<std::unique_ptr<World> (*)()> {
 protected:
  BrokerContract() : world(GetParam()()) {
    world->consumer().on_deliveries([this](std::vector<Delivery> batch) {
      batches.push_back(batch);
      got.insert(got.end(), batch.begin(), batch.end());
      if (acks) world->consumer().ack(batch);
    });
  }

  Result<void> publish(std::uint64_t number, bool resume = false,
                       PriorityClass priority = PriorityClass::kNormal) {
    auto outcome = std::make_shared<std::optional<Result<void>>>();
    bool is_inside = true;
    world->publisher().publish({.exec_id = make_id(number),
                                .epoch = 3,
                                .lane = world->lane(),
                                .priority = priority,
                                .resume = resume,
                                .traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
                                .reply_to = "api.one"},
                               [outcome, &is_inside](Result<void> result) {
                                 EXPECT_FALSE(is_inside) << "done must not run inside publish";
                                 EXPECT_FALSE(outcome->has_value()) << "done must run once";
                                 *outcome = std::move(result);
                               });
    is_inside = false;
    if (!world->until([&] { return outcome->has_value(); }))
      return fail(ErrorKind::kInternal, "no_outcome", "no outcome");
    return **outcome;
  }

  bool arrived(std::size_t count) {
    return world->until([&] { return got.size() >= count; });
  }

  std::vector<Delivery> got;
  std::vector<std::vector<Delivery>> batches;
  bool acks = true;
  std::unique_ptr<World> world;  // last: while it is taken down, deliveries may still come
};

TEST_P(BrokerContract, CarriesATicketWhole) {
  world->consumer().set_free_slots(20);
  ASSERT_TRUE(publish(1));
  ASSERT_TRUE(arrived(1));
  EXPECT_EQ(got[0].exec_id, make_id(1));
  EXPECT_EQ(got[0].epoch, 3u);
  EXPECT_EQ(got[0].lane, world->lane());
  EXPECT_EQ(got[0].traceparent, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
  EXPECT_EQ(got[0].reply_to, "api.one");
  EXPECT_FALSE(got[0].resume);
  EXPECT_FALSE(got[0].redelivered);
}

TEST_P(BrokerContract, DeliversNothingBeforeSlotsAreOffered) {
  ASSERT_TRUE(publish(1));
  world->settle();
  EXPECT_TRUE(got.empty());
  world->consumer().set_free_slots(10);
  EXPECT_TRUE(arrived(1));
}

TEST_P(BrokerContract, ServesEveryClassAndResumesFirstWithinABatch) {
  for (std::uint64_t i = 0; i < 4; ++i) {
    ASSERT_TRUE(publish(10 + i));
    ASSERT_TRUE(publish(20 + i, false, PriorityClass::kHigh));
    ASSERT_TRUE(publish(30 + i, false, PriorityClass::kLow));
    ASSERT_TRUE(publish(40 + i, true));
  }
  world->consumer().set_free_slots(64);
  ASSERT_TRUE(arrived(16));
  EXPECT_EQ(std::count_if(got.begin(), got.end(), [](const Delivery& d) { return d.resume; }), 4);
  for (const auto& batch : batches) {
    EXPECT_TRUE(std::is_partitioned(batch.begin(), batch.end(), [](const Delivery& d) { return d.resume; }));
  }
}

TEST_P(BrokerContract, NeverHasMoreOutstandingThanHalfTheSlots) {
  acks = false;
  for (std::uint64_t i = 0; i < 20; ++i) ASSERT_TRUE(publish(i, i % 2 == 0));
  world->consumer().set_free_slots(12);
  ASSERT_TRUE(arrived(3));
  world->settle();
  EXPECT_LE(got.size(), 6u);
  std::size_t acked = 0;
  while (acked < 20) {
    ASSERT_TRUE(arrived(acked + 1)) << "stuck after " << acked;
    EXPECT_LE(got.size() - acked, 6u);
    world->consumer().ack({got[acked]});
    ++acked;
  }
}

TEST_P(BrokerContract, ServesAWorkerWithOneSlot) {
  acks = false;
  for (std::uint64_t i = 0; i < 6; ++i)
    ASSERT_TRUE(publish(i, i == 0, i % 2 == 0 ? PriorityClass::kLow : PriorityClass::kHigh));
  world->consumer().set_free_slots(1);
  for (std::size_t i = 0; i < 6; ++i) {
    ASSERT_TRUE(arrived(i + 1));
    world->consumer().set_free_slots(0);
    world->consumer().ack({got[i]});
    world->settle();
    EXPECT_EQ(got.size(), i + 1) << "a full worker got a ticket";
    world->consumer().set_free_slots(1);
  }
}

TEST_P(BrokerContract, FillsEverySlotOfAWorkerThatStaysBusy) {
  constexpr int kSlots = 12;
  for (std::uint64_t i = 0; i < 20; ++i) ASSERT_TRUE(publish(i));
  acks = false;
  world->consumer().on_deliveries([this](std::vector<Delivery> batch) {
    got.insert(got.end(), batch.begin(), batch.end());
    EXPECT_LE(got.size(), static_cast<std::size_t>(kSlots));
    world->consumer().set_free_slots(kSlots - static_cast<int>(got.size()));
    world->consumer().ack(batch);
  });
  world->consumer().set_free_slots(kSlots);
  EXPECT_TRUE(arrived(kSlots));
  world->settle();
  EXPECT_EQ(got.size(), static_cast<std::size_t>(kSlots));
}

TEST_P(BrokerContract, RedeliversWhatWasNotAckedAndForgetsWhatWas) {
  acks = false;
  ASSERT_TRUE(publish(1));
  ASSERT_TRUE(publish(2));
  world->consumer().set_free_slots(40);
  ASSERT_TRUE(arrived(2));
  world->consumer().ack({got[0]});
  world->settle();
  const Delivery old = got[1];
  world->cut();
  ASSERT_TRUE(arrived(3));
  world->consumer().ack({old});  // a stale tag: it must not settle anything on the new channel
  world->settle();
  ASSERT_EQ(got.size(), 3u);
  EXPECT_EQ(got[2].exec_id, old.exec_id);
  EXPECT_TRUE(got[2].redelivered);
  EXPECT_NE(got[2].generation, old.generation);
  world->consumer().ack({got[2]});
  world->settle();
  world->cut();
  world->settle();
  EXPECT_EQ(got.size(), 3u);
}

TEST_P(BrokerContract, WorksAgainAfterALostConnection) {
  world->consumer().set_free_slots(20);
  ASSERT_TRUE(publish(1));
  world->cut();
  ASSERT_TRUE(world->until([&] { return static_cast<bool>(publish(2)); }));
  EXPECT_TRUE(arrived(2));
}

TEST_P(BrokerContract, QuarantinesGarbageAndGoesOn) {
  const int before = std::max(0, world->depth(std::string(kQuarantineQueue)));
  const std::string queue = lane_queue(world->lane(), PriorityClass::kNormal);
  const std::string id = make_id(9).to_string();
  world->inject(queue, "", "");
  world->inject(queue, "not a ticket", "not json");
  world->inject(queue, id + ":1", R"({"exec_id":")" + id + R"(","epoch":2})");
  world->inject(queue, id + ":1", R"({"exec_id":")" + id + R"(","epoch":1,"more":true})");
  world->inject(queue, id + ":01", R"({"exec_id":")" + id + R"(","epoch":1})");
  world->inject(queue, id + ":1", R"([1,2,3])");
  world->inject(queue, "x", std::string(300'000, 'x'));
  world->inject(queue, id + ":1", R"({ "epoch": 1, "exec_id": ")" + id + R"(" })");  // a ticket all the same
  world->consumer().set_free_slots(20);
  ASSERT_TRUE(arrived(1));
  EXPECT_EQ(got[0].exec_id, make_id(9));
  EXPECT_TRUE(world->until([&] { return world->depth(std::string(kQuarantineQueue)) == before + 7; }));
  ASSERT_TRUE(publish(1));
  EXPECT_TRUE(arrived(2));
  world->cut();  // acked: nothing of it comes again
  world->settle();
  EXPECT_EQ(got.size(), 2u);
  EXPECT_EQ(world->depth(std::string(kQuarantineQueue)), before + 7);
}

TEST_P(BrokerContract, StopsConsumingButStillTakesAcks) {
  acks = false;
  ASSERT_TRUE(publish(1));
  world->consumer().set_free_slots(20);
  ASSERT_TRUE(arrived(1));
  world->consumer().stop();
  ASSERT_TRUE(publish(2));
  world->settle();
  EXPECT_EQ(got.size(), 1u);
  world->consumer().ack(got);
  world->consumer().set_free_slots(20);
  world->settle();
  EXPECT_EQ(got.size(), 1u);
  EXPECT_EQ(world->depth(lane_queue(world->lane(), PriorityClass::kNormal)), 1);
}

TEST_P(BrokerContract, CountsWhatWaitsInEachClassOfALane) {
  ASSERT_TRUE(publish(1, false, PriorityClass::kHigh));
  ASSERT_TRUE(publish(2));
  ASSERT_TRUE(publish(3));
  ASSERT_TRUE(publish(4, true));
  world->settle();
  std::optional<Result<std::vector<LaneDepth>>> answer;
  world->depths().depths({world->lane()},
                         [&](Result<std::vector<LaneDepth>> depths) { answer = std::move(depths); });
  EXPECT_FALSE(answer) << "done must not run inside the call";
  ASSERT_TRUE(world->until([&] { return answer.has_value(); }));
  ASSERT_TRUE(*answer);
  ASSERT_EQ((*answer)->size(), 1u);
  const LaneDepth& depth = (*answer)->front();
  EXPECT_EQ(depth.lane, world->lane());
  EXPECT_EQ(std::vector({depth.high, depth.normal, depth.low, depth.resume}),
            (std::vector<std::int64_t>{1, 2, 0, 1}));
}

TEST_P(BrokerContract, BringsControlToThoseWhoListenForTheKey) {
  std::vector<std::string> heard;
  world->bus().listen_control(
      "worker.a", [&](const json::Value& m) { heard.push_back("a" + m.as_object().find("n")->as_string()); });
  world->bus().listen_control(
      "all", [&](const json::Value& m) { heard.push_back("all" + m.as_object().find("n")->as_string()); });
  world->other_bus().listen_control("all", [&](const json::Value&) { heard.push_back("other"); });
  world->settle();
  world->other_bus().send_control("worker.a", json::Object{{"n", "1"}});
  ASSERT_TRUE(world->until([&] { return heard.size() == 1; }));
  world->other_bus().send_control("worker.b", json::Object{{"n", "2"}});
  world->bus().send_control("all", json::Object{{"n", "3"}});
  ASSERT_TRUE(world->until([&] { return heard.size() == 3; }));
  world->settle();
  std::sort(heard.begin(), heard.end());
  EXPECT_EQ(heard, (std::vector<std::string>{"a1", "all3", "other"}));
}

TEST_P(BrokerContract, BringsEventsOfWatchedExecutionsOnly) {
  std::vector<std::int64_t> seen;
  world->bus().watch(
      "one", [&](const json::Value& event) { seen.push_back(event.as_object().find("seq")->as_int()); });
  world->settle();
  world->other_bus().send_event("one", json::Object{{"seq", 1}});
  world->other_bus().send_event("two", json::Object{{"seq", 2}});
  ASSERT_TRUE(world->until([&] { return seen.size() == 1; }));
  world->bus().unwatch("one");
  world->settle();
  world->other_bus().send_event("one", json::Object{{"seq", 3}});
  world->settle();
  EXPECT_EQ(seen, std::vector<std::int64_t>{1});
}

TEST_P(BrokerContract, ListensAgainAfterALostConnectionAndSaysSo) {
  int heard = 0;
  int resubscribed = 0;
  world->bus().watch("one", [&](const json::Value&) { ++heard; });
  world->bus().on_resubscribed([&] { ++resubscribed; });
  world->settle();
  world->cut();
  ASSERT_TRUE(world->until([&] { return resubscribed > 0; }));
  world->other_bus().send_event("one", json::Object{{"seq", 1}});
  EXPECT_TRUE(world->until([&] { return heard == 1; }));
}

INSTANTIATE_TEST_SUITE_P(Fake, BrokerContract, ::testing::Values(&make_fake_world));
INSTANTIATE_TEST_SUITE_P(RabbitMq, BrokerContract, ::testing::Values(&make_real_world));

}  // namespace
}  // namespace pawl::broker::testing
