// The in-memory twin on the test's loop; its clock is the system's, moved ahead by `age`.
#include "common/store/fake_breaker_store.h"
#include "common/store/fake_store.h"
#include "tests/contract/store/store_world.h"

namespace pawl::testing {
namespace {

class FakeWorld final : public StoreWorld {
 public:
  using BreakerRows = std::shared_ptr<store::FakeBreakerStore::Rows>;

  FakeWorld(Loop& loop, std::shared_ptr<store::FakeDatabase> database, BreakerRows breaker_rows,
            std::shared_ptr<Rng> rng)
      : rng_(std::move(rng)),
        database_(std::move(database)),
        breaker_rows_(std::move(breaker_rows)),
        store_(database_, [&loop](std::function<void()> fn) { loop.post(std::move(fn)); }),
        breakers_(
            breaker_rows_, [] { return SystemClock().wall(); },
            [&loop](std::function<void()> fn) { loop.post(std::move(fn)); }) {}

  store::AcceptStore& accept() override { return store_; }
  store::TaskStore& tasks() override { return store_; }
  store::PlanStore& plans() override { return store_; }
  store::ReadStore& read() override { return store_; }
  store::ControlStore& control() override { return store_; }
  store::WorkStore& work() override { return store_; }
  store::KeeperStore& keeper() override { return store_; }
  store::KeyStore& keys() override { return store_; }
  store::BreakerStore& breakers() override { return breakers_; }
  void age(Millis by) override { database_->skip(by); }

  std::shared_ptr<Rng> rng_;
  std::shared_ptr<store::FakeDatabase> database_;
  BreakerRows breaker_rows_;

 private:
  store::FakeStore store_;
  store::FakeBreakerStore breakers_;
};

}  // namespace

std::unique_ptr<StoreWorld> make_fake_world(Loop& loop, const StoreWorld* like) {
  if (like != nullptr) {
    const auto& other = dynamic_cast<const FakeWorld&>(*like);
    return std::make_unique<FakeWorld>(loop, other.database_, other.breaker_rows_, other.rng_);
  }
  auto rng = std::make_shared<SeededRng>(11);
  auto database = std::make_shared<store::FakeDatabase>(*rng, [] { return SystemClock().wall(); });
  return std::make_unique<FakeWorld>(loop, std::move(database),
                                     std::make_shared<store::FakeBreakerStore::Rows>(), std::move(rng));
}

}  // namespace pawl::testing
