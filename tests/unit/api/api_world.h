// Everything the handlers ask for, over in-memory twins; for unit tests of the API. Nothing of it opens a socket.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "api/services.h"
#include "broker/fake_broker.h"
#include "common/plan/parse.h"
#include "common/json/parse.h"
#include "common/store/fake_store.h"
#include "tests/unit/api/empty_streams.h"

namespace pawl::api {

inline json::Value parsed(std::string_view text) { return json::parse(text).value(); }

class ApiWorld {
 public:
  Loop loop;
  SeededRng rng{7};
  store::FakeStore store{std::make_shared<store::FakeDatabase>(rng, [] { return WallTime{Micros{1'800'000'000'000'000}}; }), [this](std::function<void()> fn) { loop.post(std::move(fn)); }};
  broker::FakeBroker broker{[this](Millis, std::function<void()> fn) { loop.post(std::move(fn)); }};
  std::unique_ptr<broker::TicketPublisher> publisher = broker.make_publisher();
  std::unique_ptr<broker::Bus> bus = broker.make_bus();
  std::unique_ptr<broker::LaneDepths> depths = broker.make_depths();
  Authenticator authenticator{loop, store};
  std::vector<std::string> lanes{"default", "llm"};
  TaskCache task_cache{loop, store, lanes};
  EmptyStreams empty{loop};
  stream::LiveTap tap{loop, *bus};
  stream::Registry streams{loop, authenticator};
  stream::Hub hub{loop, streams, tap, store, empty};
  stream::Tickets tickets{loop, authenticator, empty};
  stream::Overview overview{loop, streams, empty};
  Waiter waiter{loop, store, tap};
  std::vector<std::string> allowed_origins;
  CursorCodec cursors{"a secret of some length"};
  ToolCatalogue tools;
  egress::Policy egress;
  Services services{loop, rng, Log(), store, store, store, store, store, store, *publisher, *bus, *depths, authenticator, task_cache,
                    waiter, empty, streams, tap, hub, tickets, overview, empty, cursors, {lanes, tools, egress}, lanes, allowed_origins, "api.test"};

  /// A task as the cache would hand it over.
  static CachedTask task(std::string_view document) {
    return {"t", 1, plan::parse(parsed(document), {.id_required = false, .lanes = {"default", "llm"}}).value()};
  }
};

}  // namespace pawl::api
