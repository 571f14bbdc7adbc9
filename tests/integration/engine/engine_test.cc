// The engine on a real loop with the in-memory twins of store and broker: what it claims, acks, saves, drops
// and hands over.
#include "worker/engine/engine.h"

#include <gtest/gtest.h>

#include <deque>
#include <memory>

#include "broker/fake_broker.h"
#include "common/json/parse.h"
#include "common/model/catalogue.h"
#include "common/plan/parse.h"
#include "common/store/fake_store.h"
#include "worker/tools/basic_tools.h"

namespace pawl::engine {
namespace {

/// A tool whose calls wait until the test ends them.
class HeldTool final : public tools::Tool {
 public:
  struct Call {
    std::function<void(tools::ToolResult)> done;
    bool cancelled = false;
    bool destroyed = false;
    tools::CallIdentity identity;
  };
  explicit HeldTool(Loop& loop) : loop_(loop) { description_.name = "held"; }
  const tools::ToolDescription& describe() const override { return description_; }
  std::vector<Fault> validate(const json::Value&) const override { return {}; }
  std::unique_ptr<tools::RunningCall> start(tools::ToolInput input, std::function<void(json::Value)>,
                                            std::function<void(tools::ToolResult)> done) override {
    calls.push_back(std::make_shared<Call>(Call{std::move(done), false, false, input.identity}));
    return std::make_unique<Running>(calls.back());
  }
  void finish(std::size_t at, json::Value output) {
    loop_.post([call = calls[at], output = std::move(output)] {
      if (!call->destroyed) call->done({output, {}});
    });
  }
  std::vector<std::shared_ptr<Call>> calls;

 private:
  class Running final : public tools::RunningCall {
   public:
    explicit Running(std::shared_ptr<Call> call) : call_(std::move(call)) {}
    ~Running() override { call_->destroyed = true; }
    void cancel() override {
      call_->cancelled = true;
      call_->done({tl::unexpected(make_failure("cancelled", "cancelled")), {}});
    }

   private:
    std::shared_ptr<Call> call_;
  };
  Loop& loop_;
  tools::ToolDescription description_;
};

class EngineTest : public testing::Test {
 protected:
  EngineTest()
      : broker_([this](Millis delay, std::function<void()> fn) { later(delay, std::move(fn)); }),
        database_(std::make_shared<store::FakeDatabase>(
            rng_,
            [this] {
              return WallTime{} + std::chrono::duration_cast<Micros>(loop_.now().time_since_epoch());
            })),
        store_(
            database_, [this](std::function<void()> fn) { loop_.post(std::move(fn)); },
            [this](Millis delay, std::function<void()> fn) { later(delay, std::move(fn)); }),
        publisher_(broker_.make_publisher()),
        consumer_(broker_.make_consumer({"default"})),
        bus_(broker_.make_bus()) {
    auto held = std::make_unique<HeldTool>(loop_);
    tool_ = held.get();
    tools_.add(std::move(held));
    tools_.add(tools::make_echo_tool(loop_));
  }

  void later(Millis delay, std::function<void()> fn) {
    auto timer = std::make_shared<std::unique_ptr<Timer>>(std::make_unique<Timer>(loop_));
    Timer* raw = timer->get();
    timers_.push_back(timer);
    raw->start(delay, std::move(fn));
  }

  void start(int slots = 10, Millis lease = Millis{3000}, std::string worker_id = "w1") {
    Options options;
    options.worker_id = std::move(worker_id);
    options.lanes = {"default"};
    options.slots = slots;
    options.lease = lease;
    options.lease_renew = lease / 3;
    options.drain = Millis{200};
    Observer observer;
    observer.on_phase = [](const core::PhaseChange&) {};
    observer.on_step = [](const StepRecord&) {};
    observer.on_finish = [this](const store::Final& final, Micros) { ends_.push_back(final.status); };
    observer.on_first_start = [](Micros) {};
    engine_ = std::make_unique<Engine>(Ports{loop_, rng_, Log(), store_, store_, store_, store_, *consumer_,
                                             *publisher_, *bus_, tools_, observer},
                                       options);
    engine_->start();
  }

  Uuid accept(std::string_view steps) {
    const auto document = json::parse(R"({"steps":)" + std::string(steps) + "}").value();
    const auto plan = plan::parse(document, {.id_required = false, .lanes = {}}).value();
    store::NewExecution execution;
    execution.plan = plan->source;
    execution.plan_hash = plan->hash;
    execution.input = json::Object{};
    Uuid id;
    bool known = false;
    store_.accept(std::move(execution), loop_.now() + Millis{1000}, [&](Result<store::Accepted> accepted) {
      id = accepted->exec_id;
      known = true;
    });
    until([&] { return known; });
    publish(id, 0, false);
    return id;
  }
  void publish(const Uuid& id, std::uint32_t epoch, bool resume) {
    broker::TicketMessage ticket;
    ticket.exec_id = id;
    ticket.epoch = epoch;
    ticket.resume = resume;
    publisher_->publish(ticket, [](const Result<void>&) {});
  }
  ExecutionStatus status(const Uuid& id) {
    std::optional<ExecutionStatus> found;
    store_.get(Uuid{}, id, loop_.now() + Millis{1000},
               [&](Result<store::ExecutionRow> row) { found = row->status; });
    until([&] { return found.has_value(); });
    return *found;
  }
  std::vector<Event> events(const Uuid& id) {
    std::optional<std::vector<Event>> found;
    store_.events(Uuid{}, id, 0, 1000, loop_.now() + Millis{1000},
                  [&](Result<std::vector<Event>> all) { found = std::move(*all); });
    until([&] { return found.has_value(); });
    return *found;
  }
  template <typename Fn>
  bool until(Fn condition, Millis longest = Millis{5000}) {
    const auto deadline = std::chrono::steady_clock::now() + longest;
    while (!condition() && std::chrono::steady_clock::now() < deadline) loop_.run_for(Millis{5});
    return condition();
  }
  void TearDown() override {
    engine_.reset();
    consumer_.reset();
    publisher_.reset();
    bus_.reset();
    timers_.clear();
    loop_.run_for(Millis{5});
  }

  Loop loop_;
  SeededRng rng_{7};

  std::vector<std::shared_ptr<std::unique_ptr<Timer>>> timers_;
  broker::FakeBroker broker_;
  std::shared_ptr<store::FakeDatabase> database_;
  store::FakeStore store_;
  std::unique_ptr<broker::TicketPublisher> publisher_;
  std::unique_ptr<broker::TicketConsumer> consumer_;
  std::unique_ptr<broker::Bus> bus_;
  tools::ToolRegistry tools_;
  HeldTool* tool_ = nullptr;
  std::unique_ptr<Engine> engine_;
  std::vector<ExecutionStatus> ends_;
};

constexpr std::string_view kOneHeld = R"([{"id":"a","tool":"held"},{"id":"b","tool":"echo","with":{"x":1}}])";

TEST_F(EngineTest, RunsAnExecutionToItsEndAndAcksItsTicketBeforeTheWork) {
  start();
  const Uuid id = accept(kOneHeld);
  ASSERT_TRUE(until([&] { return tool_->calls.size() == 1; }));
  EXPECT_EQ(broker_.unacked(), 0u);
  EXPECT_EQ(tool_->calls[0]->identity.epoch, 1u);
  tool_->finish(0, json::Object{{"n", 1}});
  ASSERT_TRUE(until([&] { return ends_.size() == 1; }));
  EXPECT_EQ(status(id), ExecutionStatus::kCompleted);
  EXPECT_TRUE(until([&] { return engine_->stats().held == 0; }));
}

TEST_F(EngineTest, ForgetsADuplicateTicket) {
  start();
  const Uuid id = accept(kOneHeld);
  ASSERT_TRUE(until([&] { return tool_->calls.size() == 1; }));
  publish(id, 0, false);
  publish(id, 1, true);
  until([&] { return false; }, Millis{100});
  EXPECT_EQ(tool_->calls.size(), 1u);
  EXPECT_EQ(broker_.unacked(), 0u);
}

TEST_F(EngineTest, TakesNoMoreThanItsSlots) {
  start(2);
  for (int i = 0; i < 6; ++i) accept(kOneHeld);
  ASSERT_TRUE(until([&] { return tool_->calls.size() == 2; }));
  until([&] { return false; }, Millis{150});
  EXPECT_EQ(tool_->calls.size(), 2u);
  EXPECT_LE(engine_->stats().held + broker_.unacked(), 2u);
  tool_->finish(0, nullptr);
  EXPECT_TRUE(until([&] { return tool_->calls.size() == 3; }));
}

TEST_F(EngineTest, DropsEverythingWhenItsLeaseCannotBeRenewed) {
  start(10, Millis{600});
  accept(kOneHeld);
  ASSERT_TRUE(until([&] { return tool_->calls.size() == 1; }));
  for (int i = 0; i < 50; ++i) store_.fault_next("renew", store::StoreFault::kUnavailable);
  ASSERT_TRUE(until([&] { return tool_->calls[0]->destroyed || tool_->calls[0]->cancelled; }));
  EXPECT_TRUE(until([&] { return engine_->stats().held == 0; }));
  EXPECT_EQ(engine_->stats().lost, 1u);
  EXPECT_TRUE(ends_.empty());
}

TEST_F(EngineTest, AnOwnerThatWasFencedWritesNothing) {
  start();
  const Uuid id = accept(kOneHeld);
  ASSERT_TRUE(until([&] { return tool_->calls.size() == 1; }));
  store_.fence(id);
  tool_->finish(0, json::Object{{"late", true}});
  ASSERT_TRUE(until([&] { return engine_->stats().lost == 1; }));
  for (const Event& event : events(id)) EXPECT_NE(event.type, EventType::kStepCommitted);
}

TEST_F(EngineTest, RepeatsACheckpointWhoseAnswerWasLost) {
  start();
  const Uuid id =
      accept(R"([{"id":"a","tool":"echo","with":{"x":1}},{"id":"b","tool":"echo","with":{"y":2}}])");
  store_.fault_next("checkpoint", store::StoreFault::kAnswerLost);
  store_.fault_next("checkpoint", store::StoreFault::kUnavailable);
  ASSERT_TRUE(until([&] { return ends_.size() == 1; }));
  int committed = 0;
  for (const Event& event : events(id)) committed += event.type == EventType::kStepCommitted ? 1 : 0;
  EXPECT_EQ(committed, 2);
}

TEST_F(EngineTest, ClaimsAgainWhenTheAnswerOfAClaimWasLost) {
  start();
  store_.fault_next("claim", store::StoreFault::kAnswerLost);
  const Uuid id = accept(R"([{"id":"a","tool":"echo","with":{"x":1}}])");
  ASSERT_TRUE(until([&] { return ends_.size() == 1; }));
  EXPECT_EQ(status(id), ExecutionStatus::kCompleted);
}

TEST_F(EngineTest, CancelKillsTheRunningCallAndEndsAsCancelled) {
  start();
  const Uuid id = accept(kOneHeld);
  ASSERT_TRUE(until([&] { return tool_->calls.size() == 1; }));
  store::ControlRequest request;
  request.exec_id = id;
  store_.control(request, loop_.now() + Millis{1000}, [&](const Result<store::ControlOutcome>& outcome) {
    bus_->send_control("worker." + outcome->owner, json::Object{{"exec_id", id.to_string()}});
  });
  ASSERT_TRUE(until([&] { return ends_.size() == 1; }));
  EXPECT_TRUE(tool_->calls[0]->cancelled);
  EXPECT_EQ(status(id), ExecutionStatus::kCancelled);
}

TEST_F(EngineTest, ALostControlMessageCostsASecondAtMost) {
  start();
  const Uuid id = accept(kOneHeld);
  ASSERT_TRUE(until([&] { return tool_->calls.size() == 1; }));
  store::ControlRequest request;
  request.exec_id = id;
  store_.control(request, loop_.now() + Millis{1000}, [](const Result<store::ControlOutcome>&) {});
  EXPECT_TRUE(until([&] { return ends_.size() == 1; }, Millis{2500}));
}

TEST_F(EngineTest, ADrainHandsOverAndTheStepRunsAgainUnderTheSameAttempt) {
  start();
  const Uuid id = accept(kOneHeld);
  ASSERT_TRUE(until([&] { return tool_->calls.size() == 1; }));
  bool drained = false;
  engine_->drain([&] { drained = true; });
  ASSERT_TRUE(until([&] { return drained; }));
  EXPECT_TRUE(tool_->calls[0]->destroyed);
  EXPECT_EQ(engine_->stats().handed_over, 1u);
  ASSERT_EQ(broker_.published().size(), 2u);
  EXPECT_TRUE(broker_.published()[1].resume);
  engine_.reset();
  consumer_ = broker_.make_consumer({"default"});
  bus_ = broker_.make_bus();
  start(10, Millis{3000}, "w2");
  ASSERT_TRUE(until([&] { return tool_->calls.size() == 2; }));
  EXPECT_EQ(tool_->calls[1]->identity.attempt, 1);
  EXPECT_EQ(tool_->calls[1]->identity.epoch, 2u);
  EXPECT_EQ(tool_->calls[1]->identity.idempotency_key(), tool_->calls[0]->identity.idempotency_key());
  static_cast<void>(id);
}

TEST_F(EngineTest, TellsTheProcessThatWaitsForTheEnd) {
  start();
  std::string ended;
  bus_->listen_control("api.x",
                       [&](const json::Value& message) { ended = message.find("ended")->as_string(); });
  const Uuid id = accept(R"([{"id":"a","tool":"unheard-of"}])");
  static_cast<void>(id);
  ASSERT_TRUE(until([&] { return ends_.size() == 1; }));
  EXPECT_EQ(ends_[0], ExecutionStatus::kFailed);
  EXPECT_TRUE(ended.empty());  // its ticket named nobody
}

}  // namespace
}  // namespace pawl::engine
