// Everything the handlers ask for, over in-memory twins; for unit tests of the API. Nothing of it opens a
// socket.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "api/services.h"
#include "broker/fake_broker.h"
#include "common/json/parse.h"
#include "common/plan/parse.h"
#include "common/store/fake_store.h"
#include "common/store/pg_breaker_store.h"
#include "common/store/pg_log_store.h"
#include "common/store/pg_news_store.h"
#include "common/store/pg_queue_store.h"
#include "common/store/pg_stream_store.h"

namespace pawl::api {

inline json::Value parsed(std::string_view text) { return json::parse(text).value(); }

/// A Postgres that is away: for the stores that have no twin in memory. The tests of the API's parts never
/// need their answers.
class AwayPool final : public db::Pool {
 public:
  explicit AwayPool(Loop& loop) : loop_(loop) {}
  void run(std::vector<db::Call>, std::vector<Uuid>, MonoTime, Done<std::vector<db::RowsPtr>> done) override {
    loop_.post(
        [done = std::move(done)] { done(fail(ErrorKind::kUnavailable, "postgres_unavailable", "away")); });
  }
  [[nodiscard]] bool healthy() const override { return false; }
  void on_health(std::function<void(bool)>) override {}

 private:
  Loop& loop_;
};

class ApiWorld {
 public:
  Loop loop;
  SeededRng rng{7};
  store::FakeStore store{
      std::make_shared<store::FakeDatabase>(rng, [] { return WallTime{Micros{1'800'000'000'000'000}}; }),
      [this](std::function<void()> fn) { loop.post(std::move(fn)); }};
  broker::FakeBroker broker{[this](Millis, std::function<void()> fn) { loop.post(std::move(fn)); }};
  std::unique_ptr<broker::TicketPublisher> publisher = broker.make_publisher();
  std::unique_ptr<broker::Bus> bus = broker.make_bus();
  std::unique_ptr<broker::LaneDepths> depths = broker.make_depths();
  Authenticator authenticator{loop, store};
  std::vector<std::string> lanes{"default", "llm"};
  TaskCache task_cache{loop, store, lanes};
  AwayPool pool{loop};
  store::PgNewsStore news{pool};
  store::PgQueueStore queues{pool};
  store::PgBreakerStore breakers{pool};
  store::PgStreamStore stream_store{pool};
  store::PgLogStore logs{pool};
  stream::LiveTap tap{loop, *bus};
  stream::Registry streams{loop, authenticator};
  stream::Hub hub{loop, streams, tap, store, stream_store};
  stream::Tickets tickets{loop, authenticator, stream_store};
  stream::Overview overview{loop, streams, stream_store};
  Waiter waiter{loop, store, tap};
  CursorCodec cursors{"a secret of some length"};
  ToolCatalogue tools;
  egress::Policy egress;
  std::vector<std::string> origins;
  Services services{loop,          rng,        Log(),
                    store,         store,      store,
                    store,         store,      news,
                    queues,        store,      breakers,
                    *publisher,    *bus,       *depths,
                    authenticator, task_cache, waiter,
                    stream_store,  streams,    tap,
                    hub,           tickets,    overview,
                    logs,          cursors,    {lanes, tools, egress},
                    lanes,         origins,    "api.test"};

  /// A task as the cache would hand it over.
  static CachedTask task(std::string_view document) {
    return {"t", 1,
            plan::parse(parsed(document), {.id_required = false, .lanes = {"default", "llm"}}).value()};
  }
};

}  // namespace pawl::api
