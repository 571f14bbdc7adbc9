// Claiming and checkpoints: one owner at a time, nothing written twice, the inbox rule.
#include "tests/contract/store/store_world.h"

namespace pawl::testing {
namespace {

using store::Saved;

class Working : public StoreContract {};

TEST_P(Working, AClaimHasAllThatIsNeededToStart) {
  lease("w1");
  auto e = execution();
  e.task_id = "report";
  e.timeout = Millis(90'000);
  e.traceparent = "00-a-b-01";
  const auto accepted = accept(e);
  const auto mine = claim({{accepted.exec_id, 0}});
  ASSERT_EQ(mine.size(), 1u);
  EXPECT_EQ(mine[0].tenant, tenant_);
  EXPECT_EQ(mine[0].task_id, "report");
  EXPECT_EQ(mine[0].plan_hash, plan_hash_);
  EXPECT_EQ(mine[0].input, e.input);
  EXPECT_EQ(mine[0].traceparent, "00-a-b-01");
  EXPECT_EQ(mine[0].epoch, 1u);
  EXPECT_EQ(mine[0].rev, 0u);
  EXPECT_EQ(mine[0].next_seq, 2u);
  EXPECT_TRUE(mine[0].first);
  EXPECT_FALSE(mine[0].backlog);
  EXPECT_EQ(mine[0].timeout, Millis(90'000));
  ASSERT_TRUE(mine[0].started_at);
  EXPECT_EQ(row(accepted.exec_id).status, ExecutionStatus::kRunning);
}

TEST_P(Working, ATicketIsGoodForOneClaim) {
  lease("w1");
  lease("w2");
  const auto accepted = accept(execution());
  EXPECT_EQ(claim({{accepted.exec_id, 0}, {accepted.exec_id, 0}}).size(), 1u);
  EXPECT_TRUE(claim({{accepted.exec_id, 0}}, "w2").empty());
  EXPECT_TRUE(claim({{accepted.exec_id, 1}}, "w2").empty()) << "nor is the new epoch, while it is owned";
}

TEST_P(Working, TwoClaimsAtTheSameMomentHaveOneWinner) {
  lease("w1");
  lease("w2");
  const auto other = make_world(GetParam(), loop_, world_.get());
  for (int round = 0; round < 20; ++round) {
    const auto accepted = accept(execution());
    std::size_t claims = 0;
    int answers = 0;
    const auto count = [&](const Result<std::vector<store::Claimed>>& c) {
      claims += c ? c->size() : 0;
      ++answers;
    };
    world_->work().claim({{accepted.exec_id, 0}}, "w1", soon(), count);
    other->work().claim({{accepted.exec_id, 0}}, "w2", soon(), count);
    turn_until([&] { return answers == 2; });
    EXPECT_EQ(claims, 1u);
  }
}

TEST_P(Working, UnknownAndFinishedExecutionsAreForgotten) {
  const auto mine = claimed();
  save(finish_of(mine));
  EXPECT_TRUE(
      claim({{mine.exec_id, 0}, {mine.exec_id, 1}, {UuidGenerator(rng_).next(SystemClock().wall()), 0}})
          .empty());
}

TEST_P(Working, WithoutALeaseNothingIsClaimed) {
  const auto accepted = accept(execution());
  EXPECT_TRUE(claim({{accepted.exec_id, 0}}, "nobody").empty());
  lease("w1");
  world_->age(Millis(20'000));
  EXPECT_TRUE(claim({{accepted.exec_id, 0}}, "w1").empty());
}

TEST_P(Working, WhatIsOwnedAlreadyIsClaimedAgain) {
  const auto mine = claimed();
  const auto again = claim({{mine.exec_id, mine.epoch}});
  ASSERT_EQ(again.size(), 1u);
  EXPECT_EQ(again[0].epoch, 2u);
  EXPECT_EQ(save(finish_of(mine)).kind, Saved::Kind::kFenced);
}

TEST_P(Working, ACheckpointNumbersItsEventsWithoutGaps) {
  const auto mine = claimed();
  auto entry = entry_of(mine);
  entry.onward = {{EventType::kExecutionStarted},
                  {EventType::kStepStarted, "a", 1, json::Object{{"k", "v"}}}};
  entry.progress = json::Object{{"percent", 10}};
  const Saved first = save(entry);
  EXPECT_EQ(first.kind, Saved::Kind::kSaved);
  EXPECT_EQ(first.rev, 1u);
  EXPECT_EQ(first.next_seq, 4u);
  entry = entry_of(mine);
  entry.rev = first.rev;
  entry.settled = {{EventType::kStepProgress, "a", 1},
                   {EventType::kStepCommitted, "a", 1}};  // progress is live only
  entry.steps = {step("a", json::Object{{"x", 1}})};
  entry.onward = {{EventType::kStepStarted, "b", 1}};
  EXPECT_EQ(save(entry).next_seq, 6u);
  const auto events = ledger(mine.exec_id);
  EXPECT_EQ(types_of(events), (std::vector<std::string>{"execution.accepted", "execution.started",
                                                        "step.started", "step.committed", "step.started"}));
  for (std::size_t i = 0; i < events.size(); ++i) EXPECT_EQ(events[i].seq, i + 1);
  EXPECT_EQ(events[2].step, "a");
  EXPECT_EQ(events[2].attempt, 1);
  EXPECT_EQ(events[2].epoch, 1u);
  EXPECT_EQ(events[2].data, json::Value(json::Object{{"k", "v"}}));
  EXPECT_EQ(row(mine.exec_id).progress, json::Value(json::Object{{"percent", 10}}));
}

TEST_P(Working, AFinishIsTheEnd) {
  const auto mine = claimed();
  auto entry = finish_of(mine, ExecutionStatus::kFailed);
  entry.final->failure = make_failure("timeout", "too slow");
  entry.settled = {{EventType::kStepFailed, "a", 4}};
  EXPECT_EQ(save(entry).kind, Saved::Kind::kSaved);
  const auto ended = row(mine.exec_id);
  EXPECT_EQ(ended.status, ExecutionStatus::kFailed);
  EXPECT_EQ(ended.phase, Phase::kFailed);
  ASSERT_TRUE(ended.failure);
  EXPECT_EQ(ended.failure->code, "timeout");
  EXPECT_EQ(ended.output, entry.final->output);
  EXPECT_TRUE(ended.finished_at && ended.started_at);
  EXPECT_EQ(types_of(ledger(mine.exec_id)),
            (std::vector<std::string>{"execution.accepted", "step.failed", "execution.failed"}));
  auto late = entry_of(mine);
  late.rev = 1;
  EXPECT_EQ(save(late).kind, Saved::Kind::kFenced);
}

TEST_P(Working, AZombieWritesNothing) {
  const auto zombie = claimed("w1");
  world_->age(Millis(20'000));
  lease("w2");
  const auto found = tick();
  ASSERT_EQ(found.orphans.size(), 1u);
  EXPECT_TRUE(found.orphans[0].resume);
  const auto heir = claim({{zombie.exec_id, found.orphans[0].epoch}}, "w2");
  ASSERT_EQ(heir.size(), 1u);
  auto entry = entry_of(zombie);
  entry.steps = {step("a")};
  entry.settled = {{EventType::kStepCommitted, "a", 1}};
  EXPECT_EQ(save(entry).kind, Saved::Kind::kFenced);
  EXPECT_EQ(save(finish_of(zombie)).kind, Saved::Kind::kFenced);
  EXPECT_EQ(ledger(zombie.exec_id).size(), 1u);
  EXPECT_EQ(save(finish_of(heir[0])).kind, Saved::Kind::kSaved);
}

TEST_P(Working, OnesOwnRepeatIsToldFromAFencing) {
  const auto mine = claimed();
  auto entry = entry_of(mine);
  entry.steps = {step("a")};
  entry.settled = {{EventType::kStepCommitted, "a", 1}};
  const Saved first = save(entry);
  const Saved again = save(entry);  // as after a commit in doubt
  EXPECT_EQ(again.kind, Saved::Kind::kSaved);
  EXPECT_EQ(again.rev, first.rev);
  EXPECT_EQ(again.next_seq, first.next_seq);
  EXPECT_EQ(ledger(mine.exec_id).size(), 2u);
  auto last = finish_of(mine);
  last.rev = first.rev;
  EXPECT_EQ(save(last).kind, Saved::Kind::kSaved);
  EXPECT_EQ(save(last).kind, Saved::Kind::kSaved);
  EXPECT_EQ(ledger(mine.exec_id).size(), 3u);
}

TEST_P(Working, AnotherInboxHoldsBackAllButTheSettledPart) {
  const auto mine = claimed();
  ASSERT_TRUE(control(mine.exec_id, store::ControlKind::kCancel));
  auto entry = finish_of(mine);
  entry.settled = {{EventType::kStepCommitted, "a", 1}};
  entry.steps = {step("a")};
  const Saved held = save(entry);
  EXPECT_EQ(held.kind, Saved::Kind::kInboxChanged);
  EXPECT_EQ(held.inbox, 1u);
  EXPECT_EQ(save(entry).kind, Saved::Kind::kInboxChanged) << "also when it is looked up";
  EXPECT_EQ(row(mine.exec_id).status, ExecutionStatus::kRunning);
  EXPECT_EQ(types_of(ledger(mine.exec_id)),
            (std::vector<std::string>{"execution.accepted", "execution.cancel_requested", "step.committed"}));
  auto end = finish_of(mine, ExecutionStatus::kCancelled);
  end.rev = held.rev;
  end.inbox_seen = held.inbox;
  EXPECT_EQ(save(end).kind, Saved::Kind::kSaved);
  EXPECT_EQ(row(mine.exec_id).status, ExecutionStatus::kCancelled);
}

TEST_P(Working, RefusedDataFailsAloneInItsBatch) {
  lease("w1");
  std::vector<store::Claimed> mine;
  for (int i = 0; i < 9; ++i) {
    const auto one = claim({{accept(execution()).exec_id, 0}});
    ASSERT_EQ(one.size(), 1u);
    mine.push_back(one[0]);
  }
  std::vector<Result<Saved>> answers(9, Saved{});
  int count = 0;
  for (std::size_t i = 0; i < 9; ++i) {
    auto entry = entry_of(mine[i]);
    entry.steps = {step("a")};
    if (i == 4) entry.steps.push_back(step("a"));  // one path twice
    world_->work().checkpoint(entry, [&, i](Result<Saved> saved) {
      answers[i] = std::move(saved);
      ++count;
    });
  }
  turn_until([&] { return count == 9; });
  for (std::size_t i = 0; i < 9; ++i) {
    if (i == 4) {
      ASSERT_FALSE(answers[i]);
      EXPECT_EQ(answers[i].error().kind, ErrorKind::kInvalid);
      EXPECT_EQ(answers[i].error().code, "23505");
    } else {
      ASSERT_TRUE(answers[i]);
      EXPECT_EQ(answers[i]->kind, Saved::Kind::kSaved);
    }
  }
}

TEST_P(Working, AStepCommitsOnce) {
  const auto mine = claimed();
  auto entry = entry_of(mine);
  entry.steps = {step("a", json::Value(1))};
  const Saved first = save(entry);
  entry.rev = first.rev;
  entry.steps = {step("a", json::Value(2))};
  const auto again = wait<Saved>([&](auto done) { world_->work().checkpoint(entry, done); });
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().kind, ErrorKind::kInvalid);
}

TEST_P(Working, LoadBringsBackEverythingInOrder) {
  const auto mine = claimed();
  auto entry = entry_of(mine);
  StepRecord second = step("b", json::Value(std::string(200'000, 'x') + "\u00e4"));
  second.position = 2;
  StepRecord first = step("a", json::Object{{"n", 7}});
  first.position = 1;
  first.input = json::Object{{"in", true}};
  first.failure = make_failure("timeout", "slow");
  first.status = StepStatus::kFailed;
  first.attempt = 4;
  first.max_attempts = 4;
  first.started_at = mine.database_now;
  first.resources = {5, 6, 7, 8};
  entry.steps = {second, first};
  entry.settled = {{EventType::kStepCommitted, "b", 1}};
  save(entry);
  const auto history =
      wait<store::History>([&](auto done) { world_->work().load(tenant_, mine.exec_id, soon(), done); });
  ASSERT_TRUE(history) << history.error().message;
  EXPECT_EQ(types_of(history->events), (std::vector<std::string>{"execution.accepted", "step.committed"}));
  ASSERT_EQ(history->steps.size(), 2u);
  const StepRecord& a = history->steps[0];
  EXPECT_EQ(a.path, "a");
  EXPECT_EQ(a.status, StepStatus::kFailed);
  EXPECT_EQ(a.attempt, 4);
  EXPECT_EQ(a.input, first.input);
  EXPECT_EQ(a.output, first.output);
  EXPECT_EQ(a.failure->code, "timeout");
  EXPECT_EQ(a.started_at, first.started_at);
  EXPECT_EQ(a.resources.bytes_out, 8);
  EXPECT_EQ(history->steps[1].output, second.output) << "kept beside, and whole again";
}

TEST_P(Working, AParkedOneHasNoOwnerAndWakesInTime) {
  const auto mine = claimed();
  auto entry = entry_of(mine);
  entry.onward = {{EventType::kExecutionWaiting}};
  entry.park = store::Park{ExecutionStatus::kWaiting, mine.database_now + std::chrono::seconds(60),
                           json::Value("timer")};
  EXPECT_EQ(save(entry).kind, Saved::Kind::kSaved);
  const auto parked = row(mine.exec_id);
  EXPECT_EQ(parked.status, ExecutionStatus::kWaiting);
  EXPECT_TRUE(parked.wake_at);
  EXPECT_EQ(parked.waiting_for, json::Value("timer"));
  EXPECT_TRUE(tick().due.empty());
  EXPECT_TRUE(claim({{mine.exec_id, 1}}).empty()) << "never early";
  world_->age(std::chrono::seconds(61));
  lease("w1");
  const auto due = tick().due;
  ASSERT_EQ(due.size(), 1u);
  EXPECT_TRUE(due[0].resume);
  EXPECT_EQ(due[0].epoch, 1u);
  EXPECT_TRUE(tick().due.empty()) << "its next ticket backs off";
  world_->age(std::chrono::seconds(6));
  EXPECT_EQ(tick().due.size(), 1u) << "but comes, as long as nobody took it";
  const auto again = claim({{mine.exec_id, 1}});
  ASSERT_EQ(again.size(), 1u);
  EXPECT_FALSE(again[0].first);
  EXPECT_EQ(again[0].rev, 1u);
}

TEST_P(Working, AFrozenOneIsPausedAndKept) {
  const auto mine = claimed();
  auto entry = entry_of(mine);
  entry.onward = {{EventType::kStepFrozen, "a", 1}, {EventType::kExecutionPaused}};
  entry.park = store::Park{ExecutionStatus::kPaused};
  entry.park->keep = true;
  const Saved frozen = save(entry);
  EXPECT_EQ(row(mine.exec_id).status, ExecutionStatus::kPaused);
  entry = entry_of(mine);
  entry.rev = frozen.rev;
  EXPECT_EQ(save(entry).kind, Saved::Kind::kSaved);
  EXPECT_EQ(row(mine.exec_id).status, ExecutionStatus::kRunning);
}

TEST_P(Working, InboxesTellOfChangesAndLosses) {
  const auto kept = claimed();
  const auto changed = claimed();
  const auto lost = claimed();
  save(finish_of(lost));
  ASSERT_TRUE(control(changed.exec_id, store::ControlKind::kPause));
  const auto inboxes = wait<std::vector<store::Inbox>>([&](auto done) {
    world_->work().inboxes("w1", {{kept.exec_id, 1}, {changed.exec_id, 1}, {lost.exec_id, 1}}, {0, 0, 0},
                           soon(), done);
  });
  ASSERT_TRUE(inboxes);
  ASSERT_EQ(inboxes->size(), 2u);
  for (const auto& inbox : *inboxes) {
    EXPECT_FALSE(inbox.stray);
    if (inbox.exec_id == changed.exec_id) {
      EXPECT_EQ(inbox.epoch, 1u);
      EXPECT_EQ(inbox.inbox, 1u);
      EXPECT_TRUE(inbox.pause_requested);
    } else {
      EXPECT_EQ(inbox.exec_id, lost.exec_id);
      EXPECT_EQ(inbox.epoch, 0u);
    }
  }
}

TEST_P(Working, ReadInboxBringsTheEventsOfControl) {
  const auto mine = claimed();
  auto entry = entry_of(mine);
  entry.onward = {{EventType::kStepStarted, "a", 1}};
  save(entry);
  ASSERT_TRUE(control(mine.exec_id, store::ControlKind::kCancel));
  const auto inbox = wait<store::Inbox>([&](auto done) {
    world_->work().read_inbox({mine.exec_id, 1}, 1, soon(), done);
  });
  ASSERT_TRUE(inbox);
  EXPECT_TRUE(inbox->cancel_requested);
  EXPECT_EQ(inbox->inbox, 1u);
  EXPECT_EQ(types_of(inbox->events), std::vector<std::string>{"execution.cancel_requested"});
  EXPECT_NE(inbox->control.find("because"), std::string::npos);
  const auto later = wait<store::Inbox>([&](auto done) {
    world_->work().read_inbox({mine.exec_id, 1}, 3, soon(), done);
  });
  EXPECT_TRUE(later->events.empty());
  const auto foreign = wait<store::Inbox>([&](auto done) {
    world_->work().read_inbox({mine.exec_id, 9}, 1, soon(), done);
  });
  EXPECT_EQ(foreign->epoch, 0u);
}

TEST_P(Working, ReleaseHandsBackAtOnceAndIsNoCrash) {
  const auto mine = claimed("w1");
  const auto released = wait<std::vector<Uuid>>([&](auto done) {
    world_->work().release({{mine.exec_id, 1}}, "w1", soon(), done);
  });
  ASSERT_TRUE(released);
  EXPECT_EQ(*released, std::vector<Uuid>{mine.exec_id});
  lease("w2");
  const auto heir = claim({{mine.exec_id, 1}}, "w2");
  ASSERT_EQ(heir.size(), 1u);
  EXPECT_EQ(heir[0].epoch, 2u);
  EXPECT_EQ(heir[0].crashes, 0);
}

TEST_P(Working, ADeadWorkerCannotRenewAndOneThatLeftIsNoCrash) {
  const auto mine = claimed("w1");
  ASSERT_TRUE(wait<void>([&](auto done) { world_->work().unregister("w1", soon(), done); }));
  store::WorkerRow again;
  again.id = "w1";
  const auto renewed =
      wait<bool>([&](auto done) { world_->work().renew(again, Millis(15'000), soon(), done); });
  ASSERT_TRUE(renewed);
  EXPECT_FALSE(*renewed);
  ASSERT_EQ(tick().orphans.size(), 1u);
  lease("w2");
  EXPECT_EQ(claim({{mine.exec_id, 1}}, "w2").at(0).crashes, 0);
}

TEST_P(Working, AWorkerThatKnowsItWasDeadLivesAgainOnceItsExecutionsAreGivenAway) {
  const auto mine = claimed("w1");
  ASSERT_TRUE(wait<void>([&](auto done) { world_->work().unregister("w1", soon(), done); }));
  store::WorkerRow row;
  row.id = "w1";
  const auto renew = [&] {
    const auto renewed =
        wait<bool>([&](auto done) { world_->work().renew(row, Millis(15'000), soon(), done); });
    return renewed && *renewed;
  };
  row.again = true;
  EXPECT_FALSE(renew()) << "what it held is not given away yet";
  ASSERT_EQ(tick().orphans.size(), 1u);
  tick();
  row.again = false;
  EXPECT_FALSE(renew()) << "one that believes it lives must be told";
  row.again = true;
  EXPECT_TRUE(renew());
  row.again = false;
  EXPECT_TRUE(renew());
  EXPECT_EQ(claim({{mine.exec_id, 1}}, "w1").size(), 1u);
}

INSTANTIATE_TEST_SUITE_P(Stores, Working, ::testing::ValuesIn(store_kinds()), kind_name);

}  // namespace
}  // namespace pawl::testing
