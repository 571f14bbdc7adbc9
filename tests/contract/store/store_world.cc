#include "tests/contract/store/store_world.h"

#include "common/base/bytes.h"
#include "tests/contract/store/postgres_world.h"

namespace pawl::testing {

std::vector<StoreKind> store_kinds() { return {StoreKind::kFake, StoreKind::kPostgres}; }

std::string kind_name(const ::testing::TestParamInfo<StoreKind>& info) {
  return info.param == StoreKind::kFake ? "Fake" : "Postgres";
}

std::unique_ptr<StoreWorld> make_world(StoreKind kind, Loop& loop, const StoreWorld* like) {
  if (kind == StoreKind::kFake) return make_fake_world(loop, like);
  return like == nullptr ? make_postgres_world(loop) : make_postgres_world(loop, database_of(*like));
}

StoreContract::StoreContract() {
  UuidGenerator ids(rng_);
  tenant_ = ids.next(SystemClock().wall());
  plan_hash_ = sha256("plan of " + tenant_.to_string());
  world_ = make_world(GetParam(), loop_);
}

StoreContract::~StoreContract() {
  world_.reset();
  loop_.run_for(Millis(0));
}

void StoreContract::turn_until(const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + Millis(20'000);
  while (!condition() && std::chrono::steady_clock::now() < end) loop_.run_for(Millis(10));
  EXPECT_TRUE(condition()) << "nothing happened in 20 s";
}

store::NewExecution StoreContract::execution(std::string lane) {
  store::NewExecution e;
  e.tenant = tenant_;
  e.plan_hash = plan_hash_;
  e.plan = json::Value(json::Object{{"steps", json::Array{}}});
  e.input = json::Value(json::Object{{"url", "here"}});
  e.lane = std::move(lane);
  return e;
}

store::Accepted StoreContract::accept(store::NewExecution e) {
  const auto accepted =
      wait<store::Accepted>([&](auto done) { world_->accept().accept(std::move(e), soon(), done); });
  EXPECT_TRUE(accepted) << accepted.error().code << ": " << accepted.error().message;
  return accepted ? *accepted : store::Accepted{};
}

void StoreContract::lease(const std::string& worker, Millis ttl) {
  store::WorkerRow row;
  row.id = worker;
  row.name = worker;
  row.host = "here";
  row.version = "0";
  row.pid = 1;
  row.lanes = {"default"};
  row.slots = 10;
  const auto renewed = wait<bool>([&](auto done) { world_->work().renew(row, ttl, soon(), done); });
  EXPECT_TRUE(renewed && *renewed);
}

std::vector<store::Claimed> StoreContract::claim(std::vector<store::ClaimRequest> tickets,
                                                 const std::string& worker) {
  auto claimed = wait<std::vector<store::Claimed>>(
      [&](auto done) { world_->work().claim(std::move(tickets), worker, soon(), done); });
  EXPECT_TRUE(claimed) << claimed.error().code << ": " << claimed.error().message;
  return claimed ? std::move(*claimed) : std::vector<store::Claimed>{};
}

store::Claimed StoreContract::claimed(std::string worker) {
  lease(worker);
  const auto accepted = accept(execution());
  auto mine = claim({{accepted.exec_id, 0}}, worker);
  EXPECT_EQ(mine.size(), 1u);
  return mine.empty() ? store::Claimed{} : mine.front();
}

store::Saved StoreContract::save(store::Checkpoint entry) {
  const auto saved =
      wait<store::Saved>([&](auto done) { world_->work().checkpoint(std::move(entry), done); });
  EXPECT_TRUE(saved) << saved.error().code << ": " << saved.error().message;
  return saved ? *saved : store::Saved{};
}

store::Checkpoint StoreContract::entry_of(const store::Claimed& claimed) {
  store::Checkpoint entry;
  entry.exec_id = claimed.exec_id;
  entry.tenant = claimed.tenant;
  entry.epoch = claimed.epoch;
  entry.rev = claimed.rev;
  entry.inbox_seen = claimed.inbox;
  return entry;
}

store::Checkpoint StoreContract::finish_of(const store::Claimed& claimed, ExecutionStatus status) {
  store::Checkpoint entry = entry_of(claimed);
  entry.final = store::Final{status, json::Value(json::Object{{"ok", true}}), std::nullopt};
  return entry;
}

StepRecord StoreContract::step(std::string path, json::Value output) {
  StepRecord record;
  record.path = std::move(path);
  record.kind = "tool";
  record.tool = "echo";
  record.output = std::move(output);
  record.worker = "w1";
  return record;
}

store::ExecutionRow StoreContract::row(const Uuid& exec_id) {
  const auto found =
      wait<store::ExecutionRow>([&](auto done) { world_->read().get(tenant_, exec_id, soon(), done); });
  EXPECT_TRUE(found) << found.error().code << ": " << found.error().message;
  return found ? *found : store::ExecutionRow{};
}

std::vector<Event> StoreContract::ledger(const Uuid& exec_id) {
  const auto found = wait<std::vector<Event>>(
      [&](auto done) { world_->read().events(tenant_, exec_id, 0, 1000, soon(), done); });
  EXPECT_TRUE(found) << found.error().code << ": " << found.error().message;
  return found ? *found : std::vector<Event>{};
}

Result<store::ControlOutcome> StoreContract::control(const Uuid& exec_id, store::ControlKind kind) {
  store::ControlRequest request{tenant_, exec_id, kind};
  request.reason = "because";
  return wait<store::ControlOutcome>([&](auto done) { world_->control().control(request, soon(), done); });
}

store::KeeperFinds StoreContract::tick(store::KeeperTick what) {
  const auto finds = wait<store::KeeperFinds>([&](auto done) { world_->keeper().tick(what, soon(), done); });
  EXPECT_TRUE(finds) << finds.error().code << ": " << finds.error().message;
  return finds ? *finds : store::KeeperFinds{};
}

std::vector<std::string> types_of(const std::vector<Event>& events) {
  std::vector<std::string> types;
  for (const Event& event : events) types.emplace_back(to_string(event.type));
  return types;
}

}  // namespace pawl::testing
