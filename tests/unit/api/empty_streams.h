// A store of streams in which nothing ever happened; for tests of handlers that have nothing to do with
// streams.
#pragma once

#include <utility>

#include "common/loop/loop.h"
#include "common/store/log_store.h"
#include "common/store/stream_store.h"

namespace pawl::api {

class EmptyStreams final : public store::StreamStore, public store::LogReader {
 public:
  explicit EmptyStreams(Loop& loop) : loop_(loop) {}

  void position(Uuid, Uuid, MonoTime, Done<store::LedgerPosition> done) override {
    answer(std::move(done), nothing());
  }
  void tails(std::vector<store::LedgerTail>, int, MonoTime, Done<std::vector<Event>> done) override {
    answer(std::move(done), std::vector<Event>());
  }
  void recent(Uuid, WallTime, int, MonoTime, Done<std::vector<store::TenantEvent>> done) override {
    answer(std::move(done), std::vector<store::TenantEvent>());
  }
  void now(MonoTime, Done<WallTime> done) override { answer(std::move(done), WallTime{}); }
  void make_ticket(Sha256, Uuid, Millis, int, MonoTime, Done<void> done) override {
    loop_.post([done = std::move(done)] { done({}); });
  }
  void use_ticket(Sha256, MonoTime, Done<Sha256> done) override { answer(std::move(done), nothing()); }
  void read(Uuid, Uuid, std::string, store::LogPosition, MonoTime, Done<store::LogPage> done) override {
    answer(std::move(done), nothing());
  }

 private:
  static tl::unexpected<Error> nothing() {
    return fail(ErrorKind::kNotFound, "not_found", "nothing is here");
  }
  template <typename T, typename Answer>
  void answer(Done<T> done, Answer value) {
    loop_.post([done = std::move(done), value = std::move(value)] { done(Result<T>(value)); });
  }

  Loop& loop_;
};

}  // namespace pawl::api
