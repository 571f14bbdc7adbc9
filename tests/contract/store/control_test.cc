// Control: the table of http-api.md §4 against a store, races with a finish, pauses that run out.
#include "tests/contract/store/store_world.h"

namespace pawl::testing {
namespace {

using store::ControlKind;
using store::Saved;

class Controlling : public StoreContract {
 protected:
  store::Claimed parked(std::optional<Millis> wakes_in, bool compensates = false) {
    const auto mine = claimed();
    auto entry = entry_of(mine);
    entry.compensates = compensates;
    entry.park = store::Park{ExecutionStatus::kWaiting};
    entry.park->waiting_for = json::Value("signal");
    if (wakes_in) entry.park->wake_at = mine.database_now + *wakes_in;
    EXPECT_EQ(save(entry).kind, Saved::Kind::kSaved);
    return mine;
  }
  void expect(const Uuid& id, ControlKind kind, ExecutionStatus status, bool changed) {
    const auto outcome = control(id, kind);
    ASSERT_TRUE(outcome) << outcome.error().code;
    EXPECT_EQ(outcome->status, status);
    EXPECT_EQ(outcome->changed, changed);
  }
  void expect_conflict(const Uuid& id, ControlKind kind) {
    const auto outcome = control(id, kind);
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().kind, ErrorKind::kConflict);
    EXPECT_EQ(outcome.error().code, "invalid_state");
  }
};

TEST_P(Controlling, UnknownAndForeignIdsAreNotFound) {
  const auto mine = accept(execution());
  const auto unknown = control(UuidGenerator(rng_).next(SystemClock().wall()), ControlKind::kCancel);
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, "not_found");
  tenant_ = UuidGenerator(rng_).next(SystemClock().wall());
  const auto foreign = control(mine.exec_id, ControlKind::kCancel);
  ASSERT_FALSE(foreign);
  EXPECT_EQ(foreign.error().code, "not_found");
}

TEST_P(Controlling, CancelOfPendingEndsItHere) {
  const auto accepted = accept(execution());
  expect(accepted.exec_id, ControlKind::kCancel, ExecutionStatus::kCancelled, true);
  EXPECT_EQ(row(accepted.exec_id).status, ExecutionStatus::kCancelled);
  const auto events = ledger(accepted.exec_id);
  EXPECT_EQ(types_of(events), (std::vector<std::string>{"execution.accepted", "execution.cancelled"}));
  EXPECT_EQ(events.back().data.find("reason")->as_string(), "because");
  lease("w1");
  EXPECT_TRUE(claim({{accepted.exec_id, 0}}).empty());
  expect(accepted.exec_id, ControlKind::kCancel, ExecutionStatus::kCancelled, false);
  expect_conflict(accepted.exec_id, ControlKind::kPause);
  expect_conflict(accepted.exec_id, ControlKind::kResume);
}

TEST_P(Controlling, CancelOfRunningIsAskedOfItsOwner) {
  const auto mine = claimed();
  const auto outcome = control(mine.exec_id, ControlKind::kCancel);
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->owner, "w1");
  EXPECT_EQ(outcome->status, ExecutionStatus::kRunning);
  EXPECT_FALSE(outcome->ticket);
  EXPECT_TRUE(row(mine.exec_id).cancel_requested);
  expect_conflict(mine.exec_id, ControlKind::kPause);
  expect_conflict(mine.exec_id, ControlKind::kResume);
  expect(mine.exec_id, ControlKind::kCancel, ExecutionStatus::kRunning, true);
  EXPECT_EQ(ledger(mine.exec_id).size(), 2u) << "the request is in the ledger once";
}

TEST_P(Controlling, CancelOfFinishedIsRefused) {
  const auto mine = claimed();
  save(finish_of(mine));
  expect_conflict(mine.exec_id, ControlKind::kCancel);
  expect_conflict(mine.exec_id, ControlKind::kPause);
  expect_conflict(mine.exec_id, ControlKind::kResume);
}

TEST_P(Controlling, CancelOfWaitingEndsItUnlessThereIsSomethingToCompensate) {
  const auto plain = parked(std::nullopt);
  expect(plain.exec_id, ControlKind::kCancel, ExecutionStatus::kCancelled, true);
  const auto saga = parked(std::nullopt, true);
  const auto outcome = control(saga.exec_id, ControlKind::kCancel);
  ASSERT_TRUE(outcome);
  EXPECT_TRUE(outcome->ticket);
  EXPECT_EQ(outcome->epoch, 1u);
  EXPECT_EQ(outcome->status, ExecutionStatus::kRunning);
  const auto again = claim({{saga.exec_id, 1}});
  ASSERT_EQ(again.size(), 1u);
  EXPECT_TRUE(again[0].cancel_requested);
}

TEST_P(Controlling, CancelAgainstAFinishAtTheSameMomentHasOneEnd) {
  const auto other = make_world(GetParam(), loop_, world_.get());
  for (int round = 0; round < 30; ++round) {
    const auto mine = claimed();
    std::optional<Result<Saved>> saved;
    std::optional<Result<store::ControlOutcome>> cancelled;
    world_->work().checkpoint(finish_of(mine), [&](Result<Saved> s) { saved.emplace(std::move(s)); });
    other->control().control({tenant_, mine.exec_id, ControlKind::kCancel}, soon(),
                             [&](auto c) { cancelled.emplace(std::move(c)); });
    turn_until([&] { return saved && cancelled; });
    ASSERT_TRUE(*saved);
    const bool finished = (*saved)->kind == Saved::Kind::kSaved;
    EXPECT_NE(finished, cancelled->has_value())
        << "202 for the cancel, or the finish: never both, never neither";
    EXPECT_EQ(row(mine.exec_id).status, finished ? ExecutionStatus::kCompleted : ExecutionStatus::kRunning);
  }
}

TEST_P(Controlling, PauseOfPendingHoldsItUntilResume) {
  const auto accepted = accept(execution());
  expect(accepted.exec_id, ControlKind::kPause, ExecutionStatus::kPaused, true);
  expect(accepted.exec_id, ControlKind::kPause, ExecutionStatus::kPaused, false);
  lease("w1");
  EXPECT_TRUE(claim({{accepted.exec_id, 0}}).empty());
  expect(accepted.exec_id, ControlKind::kResume, ExecutionStatus::kPending, true);
  expect(accepted.exec_id, ControlKind::kResume, ExecutionStatus::kPending, false);
  const auto fed = tick().fed;
  ASSERT_EQ(fed.size(), 1u);
  EXPECT_EQ(claim({{accepted.exec_id, fed[0].epoch}}).size(), 1u);
  EXPECT_EQ(types_of(ledger(accepted.exec_id)),
            (std::vector<std::string>{"execution.accepted", "execution.paused", "execution.resumed"}));
}

TEST_P(Controlling, APauseThatDidNotTakeEffectIsWithdrawnWithoutATrace) {
  const auto mine = claimed();
  expect(mine.exec_id, ControlKind::kPause, ExecutionStatus::kRunning, true);
  EXPECT_TRUE(row(mine.exec_id).pause_requested);
  expect(mine.exec_id, ControlKind::kResume, ExecutionStatus::kRunning, true);
  EXPECT_FALSE(row(mine.exec_id).pause_requested);
  EXPECT_EQ(ledger(mine.exec_id).size(), 1u);
  auto entry = entry_of(mine);
  EXPECT_EQ(save(entry).kind, Saved::Kind::kInboxChanged) << "the owner reads what was asked in between";
}

TEST_P(Controlling, APauseStopsTheTimerOfAWait) {
  const auto mine = parked(Millis(60'000));
  expect(mine.exec_id, ControlKind::kPause, ExecutionStatus::kPaused, true);
  world_->age(Millis(120'000));
  lease("w1");
  EXPECT_TRUE(tick().due.empty());
  expect(mine.exec_id, ControlKind::kResume, ExecutionStatus::kWaiting, true);
  EXPECT_TRUE(tick().due.empty()) << "what was left of the timer is left";
  world_->age(Millis(61'000));
  lease("w1");
  EXPECT_EQ(tick().due.size(), 1u);
}

TEST_P(Controlling, AnOwnersPauseIsResumedByATicket) {
  const auto mine = claimed();
  ASSERT_TRUE(control(mine.exec_id, ControlKind::kPause));
  auto entry = entry_of(mine);
  entry.inbox_seen = 1;
  entry.onward = {{EventType::kExecutionPaused}};
  entry.park = store::Park{ExecutionStatus::kPaused};
  EXPECT_EQ(save(entry).kind, Saved::Kind::kSaved);
  EXPECT_EQ(row(mine.exec_id).status, ExecutionStatus::kPaused);
  const auto outcome = control(mine.exec_id, ControlKind::kResume);
  ASSERT_TRUE(outcome);
  EXPECT_TRUE(outcome->ticket);
  const auto again = claim({{mine.exec_id, 1}});
  ASSERT_EQ(again.size(), 1u);
  EXPECT_FALSE(again[0].pause_requested);
  EXPECT_GT(again[0].paused_total.count(), 0);
}

TEST_P(Controlling, APauseRunsOutAsItWasAsked) {
  const auto accepted = accept(execution());
  store::ControlRequest request{tenant_, accepted.exec_id, ControlKind::kPause};
  request.pause_timeout = Millis(30'000);
  request.cancel_on_timeout = true;
  ASSERT_TRUE(
      wait<store::ControlOutcome>([&](auto done) { world_->control().control(request, soon(), done); }));
  tick();
  EXPECT_EQ(row(accepted.exec_id).status, ExecutionStatus::kPaused);
  world_->age(Millis(31'000));
  tick();
  EXPECT_EQ(row(accepted.exec_id).status, ExecutionStatus::kCancelled);
}

TEST_P(Controlling, IfMatchMustBeTheCurrentOne) {
  const auto accepted = accept(execution());
  store::ControlRequest request{tenant_, accepted.exec_id, ControlKind::kPause};
  request.if_match = row(accepted.exec_id).rev + 1;
  const auto stale =
      wait<store::ControlOutcome>([&](auto done) { world_->control().control(request, soon(), done); });
  ASSERT_FALSE(stale);
  EXPECT_EQ(stale.error().code, "precondition_failed");
  request.if_match = row(accepted.exec_id).rev;
  EXPECT_TRUE(
      wait<store::ControlOutcome>([&](auto done) { world_->control().control(request, soon(), done); }));
}

INSTANTIATE_TEST_SUITE_P(Stores, Controlling, ::testing::ValuesIn(store_kinds()), kind_name);

}  // namespace
}  // namespace pawl::testing
