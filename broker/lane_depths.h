// The depths of lanes: passive declares on a short-lived channel, so that a missing queue harms nothing else.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "broker/connection.h"
#include "broker/ports.h"
#include "common/loop/loop.h"

namespace pawl::broker {

class AmqpLaneDepths final : public LaneDepths {
 public:
  /// `connection` answers the open connection, or null while there is none.
  AmqpLaneDepths(Loop& loop, std::function<Connection*()> connection)
      : loop_(loop), connection_(std::move(connection)) {}

  void depths(std::vector<std::string> lanes, Done<std::vector<LaneDepth>> done) override;

 private:
  Loop& loop_;
  std::function<Connection*()> connection_;
};

}  // namespace pawl::broker
