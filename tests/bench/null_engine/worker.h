// The working half of the null engine: claim what was delivered, ack, one event row for each step, one finish
// update. A step does nothing; its row is committed before the next step, all rows that are ready go out as
// one transaction.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "broker/broker.h"
#include "common/base/ids.h"
#include "common/db/batcher.h"
#include "common/db/pool.h"
#include "common/loop/loop.h"

namespace pawl::null_engine {

class NullWorker {
 public:
  NullWorker(Loop& loop, db::Pool& pool, broker::AmqpBroker& broker);

  void start();

 private:
  /// An execution at its next step boundary. After the last step the boundary is the finish.
  struct Boundary {
    Uuid exec_id;
    int steps = 0;
    int next = 1;
    std::string reply_to;
  };

  void claim(std::vector<broker::Delivery> deliveries);
  void claimed(const std::vector<broker::Delivery>& deliveries, const db::Rows& rows);
  void flush(std::vector<Boundary> batch, std::function<void()> finished);
  void committed(Boundary boundary);

  Loop& loop_;
  db::Pool& pool_;
  broker::AmqpBroker& broker_;
  db::Batcher<Boundary> batcher_;
  int free_slots_;
  std::string owner_;
};

}  // namespace pawl::null_engine
