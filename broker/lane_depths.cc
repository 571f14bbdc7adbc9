#include "broker/lane_depths.h"

#include <memory>
#include <utility>

#include "broker/limits.h"
#include "broker/topology.h"
#include "common/loop/timer.h"

namespace pawl::broker {
namespace {

/// One question: every queue of every lane, on a channel of its own.
class Question : public std::enable_shared_from_this<Question> {
 public:
  Question(Loop& loop, std::vector<std::string> lanes, Done<std::vector<LaneDepth>> done)
      : done_(std::move(done)), timer_(loop) {
    for (std::string& lane : lanes) answer_.push_back({std::move(lane)});
  }

  void ask(Connection& connection) {
    ChannelHandler handler;
    handler.on_close = [self = shared_from_this()](const Error& error) {
      self->channel_ = nullptr;
      self->finish(tl::unexpected(error));
    };
    channel_ = connection.open_channel(std::move(handler));
    if (channel_ == nullptr) return;
    timer_.start(kDepthDeadline, [weak = weak_from_this()] {
      const auto self = weak.lock();
      if (self)
        self->finish(fail(ErrorKind::kUnavailable, "timeout",
                          "the broker did not tell the depth of its queues in time"));
    });
    for (LaneDepth& depth : answer_) {
      ask_queue(lane_queue(depth.lane, PriorityClass::kHigh), depth.high);
      ask_queue(lane_queue(depth.lane, PriorityClass::kNormal), depth.normal);
      ask_queue(lane_queue(depth.lane, PriorityClass::kLow), depth.low);
      ask_queue(resume_queue(depth.lane), depth.resume);
    }
  }
  [[nodiscard]] bool is_asked() const { return channel_ != nullptr; }
  void refuse() { finish(fail(ErrorKind::kUnavailable, "not_connected", "the broker is not connected")); }

 private:
  void ask_queue(const std::string& queue, std::int64_t& depth) {
    amqp_queue_declare_t fields{};
    fields.queue = to_bytes(queue);
    fields.passive = 1;
    ++open_;
    channel_->call(AMQP_QUEUE_DECLARE_METHOD, &fields, AMQP_QUEUE_DECLARE_OK_METHOD,
                   [self = shared_from_this(), &depth](Result<Method> answer) {
                     if (!answer) return;  // on_close follows and tells why
                     depth = answer->as<amqp_queue_declare_ok_t>().message_count;
                     if (--self->open_ == 0) self->finish(std::move(self->answer_));
                   });
  }

  void finish(Result<std::vector<LaneDepth>> result) {
    timer_.stop();
    if (channel_ != nullptr) std::exchange(channel_, nullptr)->close();
    if (auto done = std::exchange(done_, nullptr)) done(std::move(result));
  }

  Done<std::vector<LaneDepth>> done_;
  std::vector<LaneDepth> answer_;
  Timer timer_;
  Channel* channel_ = nullptr;
  std::size_t open_ = 0;
};

}  // namespace

void AmqpLaneDepths::depths(std::vector<std::string> lanes, Done<std::vector<LaneDepth>> done) {
  auto question = std::make_shared<Question>(loop_, std::move(lanes), std::move(done));
  if (Connection* connection = connection_(); connection != nullptr) question->ask(*connection);
  if (!question->is_asked()) loop_.post([question] { question->refuse(); });
}

}  // namespace pawl::broker
