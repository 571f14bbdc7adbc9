// Everything the handlers touch: ports of the store and the broker, caches, configuration. Stitched together
// in wire.cc.
#pragma once

#include <string>
#include <vector>

#include "api/auth/authenticator.h"
#include "api/cursor.h"
#include "api/plan_check.h"
#include "api/stream/hub.h"
#include "api/stream/overview.h"
#include "api/stream/tickets.h"
#include "api/task_cache.h"
#include "api/waiter.h"
#include "broker/ports.h"
#include "common/base/log.h"
#include "common/base/rng.h"
#include "common/loop/loop.h"
#include "common/store/accept_store.h"
#include "common/store/breaker_store.h"
#include "common/store/control_store.h"
#include "common/store/key_store.h"
#include "common/store/log_store.h"
#include "common/store/news_store.h"
#include "common/store/queue_store.h"
#include "common/store/read_store.h"
#include "common/store/stream_store.h"
#include "common/store/task_store.h"

namespace pawl::api {

struct Services {
  Loop& loop;
  Rng& rng;
  Log log;
  store::AcceptStore& accepts;
  store::TaskStore& tasks;
  store::PlanStore& plans;
  store::ReadStore& reads;
  store::ControlStore& controls;
  store::NewsStore& news;
  store::QueueStore& queues;
  store::KeyStore& keys;
  store::BreakerStore& breakers;
  broker::TicketPublisher& publisher;
  broker::Bus& bus;
  broker::LaneDepths& depths;
  Authenticator& authenticator;
  TaskCache& task_cache;
  Waiter& waiter;
  store::StreamStore& stream_store;
  stream::Registry& streams;
  stream::LiveTap& live;
  stream::Hub& hub;
  stream::Tickets& tickets;
  stream::Overview& overview;
  store::LogReader& logs;
  CursorCodec& cursors;
  CheckRules rules;
  const std::vector<std::string>& lanes;
  const std::vector<std::string>& allowed_origins;
  std::string reply_key;  ///< this process on pawl.control: "api.<id>"
};

}  // namespace pawl::api
