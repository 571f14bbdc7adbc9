// The accepting half of the null engine: Pawl's own HTTP server, one row per request, one confirmed ticket,
// 202. It checks nothing and knows nobody.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>

#include "broker/broker.h"
#include "common/base/ids.h"
#include "common/db/batcher.h"
#include "common/db/pool.h"
#include "common/http/server.h"

namespace pawl::null_engine {

/// Answers the routes the load generator uses: POST …/tasks/<name>-<steps>/executions[/async] and PUT of
/// tasks.
class NullApi final : public http::Application {
 public:
  NullApi(Loop& loop, Rng& rng, db::Pool& pool, broker::AmqpBroker& broker);

  void on_head(const http::ExchangePtr& exchange) override;
  void on_request(const http::ExchangePtr& exchange) override;
  http::Response on_bad_request(int status, std::string_view code, std::string_view message) override;

 private:
  struct Entry {
    Uuid exec_id;
    int steps = 1;
    bool is_sync = false;
    http::ExchangePtr exchange;
  };

  void flush(std::vector<Entry> batch, std::function<void()> finished);
  void accepted(const Entry& entry);
  void finished(const json::Value& message);

  UuidGenerator ids_;
  SystemClock clock_;
  db::Pool& pool_;
  broker::AmqpBroker& broker_;
  db::Batcher<Entry> batcher_;
  std::string control_key_;
  std::unordered_map<std::string, http::ExchangePtr> waiting_;  // synchronous requests by exec_id
};

}  // namespace pawl::null_engine
