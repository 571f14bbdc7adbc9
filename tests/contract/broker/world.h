// One broker and two processes that use it, for the contract suite: the same tests run on RabbitMQ and on the
// fake.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "broker/ports.h"
#include "common/loop/loop.h"

namespace pawl::broker::testing {

class World {
 public:
  virtual ~World() = default;
  virtual TicketPublisher& publisher() = 0;
  virtual TicketConsumer& consumer() = 0;  ///< of lane()
  virtual Bus& bus() = 0;
  virtual LaneDepths& depths() = 0;
  virtual Bus& other_bus() = 0;  ///< of another process
  /// Puts any message into a queue, as a foreign client would.
  virtual void inject(const std::string& queue, const std::string& message_id, const std::string& body) = 0;
  /// Ready messages of a queue.
  virtual int depth(const std::string& queue) = 0;
  /// Every connection is lost; returns when they stand again.
  virtual void cut() = 0;

  /// A lane no other test uses.
  [[nodiscard]] const std::string& lane() const { return lane_; }
  bool until(const std::function<bool()>& condition, Millis limit = Millis{15'000});
  /// Turns the loop for a moment in which nothing is expected to happen.
  void settle() {
    static_cast<void>(until([] { return false; }, Millis{300}));
  }

  Loop loop;

 protected:
  World();

 private:
  std::string lane_;
};

std::unique_ptr<World> make_fake_world();
std::unique_ptr<World> make_real_world();

}  // namespace pawl::broker::testing
