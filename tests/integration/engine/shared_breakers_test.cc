// Breakers of two workers over one store: what one decides the other obeys within a second, message or no
// message, and only one of them probes.
#include "worker/engine/shared_breakers.h"

#include <gtest/gtest.h>

#include "broker/fake_broker.h"
#include "common/store/breaker_message.h"
#include "common/store/fake_breaker_store.h"

namespace pawl::engine {
namespace {

class SharedBreakersTest : public testing::Test {
 protected:
  SharedBreakersTest()
      : broker_([this](Millis delay, std::function<void()> fn) {
          timers_.push_back(std::make_unique<Timer>(loop_));
          timers_.back()->start(delay, std::move(fn));
        }),
        bus_(broker_.make_bus()) {
    config_.consecutive_failures = 2;
    config_.open_for = Millis{200};
    config_.jitter = 0;
    config_.half_open_permits = 1;
    config_.permit_expiry = Millis{15'000};
    key_.tool = "http";
    key_.target = "api.example:443";
  }

  store::FakeBreakerStore make_store() {
    return {rows_, [] { return SystemClock().wall(); },
            [this](std::function<void()> fn) { loop_.post(std::move(fn)); }};
  }
  std::unique_ptr<SharedBreakers> make_worker(store::BreakerStore& store, const std::string& id) {
    auto worker = std::make_unique<SharedBreakers>(loop_, rng_, *bus_, &store, Log(), id, config_);
    worker->start();
    return worker;
  }
  bool until(const std::function<bool()>& condition, Millis longest) {
    const auto end = std::chrono::steady_clock::now() + longest;
    bool is_met = condition();  // asked once a round: some conditions ask for a permit
    while (!is_met && std::chrono::steady_clock::now() < end) {
      loop_.run_for(Millis{10});
      is_met = condition();
    }
    return is_met;
  }
  void turn(Millis time) {
    until([] { return false; }, time);
  }
  void fail_twice(SharedBreakers& worker) {
    for (int i = 0; i < 2; ++i) worker.record(key_, worker.try_acquire(key_).value(), true, Millis{1});
  }
  /// Without taking a permit: what the row says.
  std::string row_state() const { return rows_->empty() ? "" : rows_->begin()->second.row.state; }
  static bool is_let_through(SharedBreakers& worker, const store::BreakerKey& key) {
    const auto permit = worker.try_acquire(key);
    if (permit) worker.release(key, *permit);
    return permit.has_value();
  }

  Loop loop_;
  SeededRng rng_{5};
  std::vector<std::unique_ptr<Timer>> timers_;
  broker::FakeBroker broker_;
  std::unique_ptr<broker::Bus> bus_;
  resilience::BreakerConfig config_;
  store::BreakerKey key_;
  std::shared_ptr<store::FakeBreakerStore::Rows> rows_ = std::make_shared<store::FakeBreakerStore::Rows>();
  store::FakeBreakerStore store_a_ = make_store(), store_b_ = make_store();
};

TEST_F(SharedBreakersTest, AnOpeningIsSeenWithoutAnyMessageAndByWhoStartsLater) {
  config_.open_for = Millis{60'000};
  const auto a = make_worker(store_a_, "a"), b = make_worker(store_b_, "b");
  EXPECT_TRUE(is_let_through(*b, key_));
  fail_twice(*a);
  const auto opened = std::chrono::steady_clock::now();
  EXPECT_TRUE(until([&] { return !is_let_through(*b, key_); }, Millis{3000}));
  EXPECT_LT(std::chrono::steady_clock::now() - opened, Millis{1500});
  const auto late = make_worker(store_b_, "late");
  EXPECT_TRUE(until([&] { return !is_let_through(*late, key_); }, Millis{500}));
  const auto wait = late->try_acquire(key_);
  ASSERT_FALSE(wait);
  EXPECT_GT(wait.error(), Millis{50'000}) << "it waits for the end that the first one set";
}

TEST_F(SharedBreakersTest, OnlyOneProbesAndItsVerdictIsForAll) {
  const auto a = make_worker(store_a_, "a"), b = make_worker(store_b_, "b");
  fail_twice(*a);
  EXPECT_TRUE(until([&] { return row_state() == "open" && !is_let_through(*b, key_); }, Millis{3000}));
  turn(Millis{300});
  std::optional<resilience::Permit> probe_a, probe_b;
  EXPECT_TRUE(until(
      [&] {
        if (const auto permit = a->try_acquire(key_); permit) probe_a = *permit;
        if (const auto permit = b->try_acquire(key_); permit) probe_b = *permit;
        return probe_a || probe_b;
      },
      Millis{2000}));
  turn(Millis{200});
  if (const auto permit = a->try_acquire(key_); permit) probe_a = *permit;
  if (const auto permit = b->try_acquire(key_); permit) probe_b = *permit;
  EXPECT_NE(probe_a.has_value(), probe_b.has_value()) << "one of them holds all permits";
  EXPECT_EQ(row_state(), "half_open");
  SharedBreakers& prober = probe_a ? *a : *b;
  prober.record(key_, probe_a ? *probe_a : *probe_b, false, Millis{1});
  EXPECT_TRUE(
      until([&] { return row_state() == "closed" && is_let_through(*a, key_) && is_let_through(*b, key_); },
            Millis{3000}));
}

TEST_F(SharedBreakersTest, AnOperatorsOrderIsObeyedAndNotOverwritten) {
  const auto a = make_worker(store_a_, "a");
  store::BreakerRow order;
  order.key = key_;
  order.state = "forced_open";
  std::optional<store::BreakerRow> row;
  store_b_.order(order, loop_.now(), [&](Result<store::BreakerRow> set) { row = *set; });
  until([&] { return row.has_value(); }, Millis{1000});
  a->on_control(store::breaker_message(*row));
  EXPECT_FALSE(is_let_through(*a, key_));
  // A worker that had never heard of it, and saw failures before its first look was answered.
  SharedBreakers deaf(loop_, rng_, *bus_, &store_b_, Log(), "deaf", config_);
  fail_twice(deaf);
  turn(Millis{100});
  EXPECT_EQ(row_state(), "forced_open");
  turn(Millis{300});
  EXPECT_FALSE(is_let_through(deaf, key_));
  EXPECT_EQ(row_state(), "forced_open");
}

TEST_F(SharedBreakersTest, WhatCouldNotBeWrittenIsWrittenLater) {
  const auto a = make_worker(store_a_, "a");
  store_a_.fail_all(true);
  fail_twice(*a);
  turn(Millis{100});
  EXPECT_TRUE(rows_->empty());
  EXPECT_FALSE(is_let_through(*a, key_)) << "it is open here all the same";
  store_a_.fail_all(false);
  EXPECT_TRUE(until([&] { return row_state() == "open"; }, Millis{2500}));
}

TEST_F(SharedBreakersTest, ForgedMessagesAreIgnored) {
  const auto a = make_worker(store_a_, "a");
  fail_twice(*a);
  until([&] { return row_state() == "open"; }, Millis{1000});
  turn(Millis{30});  // the answer to the write has come
  for (const json::Value& breaker : {json::Value(1), json::Value(json::Object{}),
                                     json::Value(json::Object{{"tenant", "x"}, {"state", "closed"}})})
    a->on_control(json::Object{{"breaker", breaker}});
  store::BreakerRow old;
  old.key = key_;
  old.state = "closed";
  old.generation = 1;
  a->on_control(store::breaker_message(old));
  EXPECT_EQ(a->describe().size(), 1U);
  EXPECT_FALSE(is_let_through(*a, key_)) << "a message of an old generation changes nothing";
}

}  // namespace
}  // namespace pawl::engine
