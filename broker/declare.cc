#include "broker/declare.h"

#include <array>
#include <set>

namespace pawl::broker {
namespace {

amqp_table_entry_t text_entry(const char* key, std::string_view value) {
  amqp_table_entry_t entry{};
  entry.key = amqp_cstring_bytes(key);
  entry.value.kind = AMQP_FIELD_KIND_UTF8;
  entry.value.value.bytes = to_bytes(value);
  return entry;
}

amqp_table_entry_t number_entry(const char* key, std::int64_t value) {
  amqp_table_entry_t entry{};
  entry.key = amqp_cstring_bytes(key);
  entry.value.kind = AMQP_FIELD_KIND_I64;
  entry.value.value.i64 = value;
  return entry;
}

/// One go at declaring. Things that exist with other arguments close the channel; the next go leaves them
/// out.
class Declaring : public std::enable_shared_from_this<Declaring> {
 public:
  Declaring(Connection& connection, const Log& log, std::shared_ptr<const Topology> topology, Done<void> done)
      : connection_(connection), log_(log), topology_(std::move(topology)), done_(std::move(done)) {}

  void start() {
    ChannelHandler handler;
    handler.on_close = [self = shared_from_this()](const Error& error) { self->closed(error); };
    channel_ = connection_.open_channel(std::move(handler));
    if (channel_ == nullptr) {
      connection_.post([self = shared_from_this()] {
        self->finish(fail(ErrorKind::kUnavailable, "not_connected", "the broker is not connected"));
      });
      return;
    }
    for (const auto& exchange : topology_->exchanges) declare(exchange);
    for (const auto& queue : topology_->queues) declare(queue);
    // A harmless call at the end: its answer says that all before it were taken.
    amqp_basic_qos_t qos{};
    channel_->call(AMQP_BASIC_QOS_METHOD, &qos, AMQP_BASIC_QOS_OK_METHOD,
                   [self = shared_from_this()](Result<Method> answer) {
                     if (answer) self->all_declared();
                   });
  }

 private:
  void declare(const ExchangeSpec& exchange) {
    if (mismatched_.contains(exchange.name)) return;
    amqp_exchange_declare_t fields{};
    fields.exchange = to_bytes(exchange.name);
    fields.type = to_bytes(exchange.type);
    fields.durable = 1;
    expect_answer(exchange.name, AMQP_EXCHANGE_DECLARE_METHOD, &fields, AMQP_EXCHANGE_DECLARE_OK_METHOD);
  }

  void declare(const QueueSpec& queue) {
    if (!mismatched_.contains(queue.name)) {
      std::array<amqp_table_entry_t, 3> arguments{text_entry("x-queue-type", "quorum")};
      int count = 1;
      if (queue.delivery_limit > 0)
        arguments.at(static_cast<std::size_t>(count++)) =
            number_entry("x-delivery-limit", queue.delivery_limit);
      if (queue.max_length > 0)
        arguments.at(static_cast<std::size_t>(count++)) = number_entry("x-max-length", queue.max_length);
      amqp_queue_declare_t fields{};
      fields.queue = to_bytes(queue.name);
      fields.durable = 1;
      fields.arguments = {count, arguments.data()};
      expect_answer(queue.name, AMQP_QUEUE_DECLARE_METHOD, &fields, AMQP_QUEUE_DECLARE_OK_METHOD);
    }
    if (!queue.bound_to_jobs) return;
    amqp_queue_bind_t bind{};
    bind.queue = to_bytes(queue.name);
    bind.exchange = to_bytes(kJobsExchange);
    bind.routing_key = to_bytes(queue.name);
    expect_answer(queue.name, AMQP_QUEUE_BIND_METHOD, &bind, AMQP_QUEUE_BIND_OK_METHOD);
  }

  /// Answers come in order, so the first that fails belongs to the name the broker complains about.
  void expect_answer(const std::string& name, amqp_method_number_t id, const void* fields,
                     amqp_method_number_t reply) {
    channel_->call(id, fields, reply, [self = shared_from_this(), name](Result<Method> answer) {
      if (!answer && self->first_refused_.empty()) self->first_refused_ = name;
    });
  }

  void all_declared() {
    channel_->close();
    finish({});
  }

  void closed(const Error& error) {
    const bool is_mismatch = error.code == "precondition_failed" && !first_refused_.empty();
    if (!is_mismatch || mismatched_.size() >= topology_->queues.size() + topology_->exchanges.size()) {
      return finish(tl::unexpected(error));
    }
    log_.warn("broker object exists with other arguments", {{"name", first_refused_}, error_field(error)});
    mismatched_.insert(first_refused_);
    first_refused_.clear();
    start();
  }

  void finish(Result<void> result) {
    if (!done_) return;
    const auto done = std::move(done_);
    done_ = nullptr;
    done(std::move(result));
  }

  Connection& connection_;
  const Log log_;
  const std::shared_ptr<const Topology> topology_;
  Done<void> done_;
  Channel* channel_ = nullptr;
  std::string first_refused_;
  std::set<std::string> mismatched_;
};

}  // namespace

void declare_topology(Connection& connection, const Log& log, std::shared_ptr<const Topology> topology,
                      Done<void> done) {
  std::make_shared<Declaring>(connection, log, std::move(topology), std::move(done))->start();
}

void declare_private_queue(Channel& channel, Done<std::string> done) {
  std::array arguments{number_entry("x-max-length", kBusQueueMaxLength)};
  amqp_queue_declare_t fields{};
  fields.exclusive = 1;
  fields.auto_delete = 1;
  fields.arguments = {static_cast<int>(arguments.size()), arguments.data()};
  channel.call(AMQP_QUEUE_DECLARE_METHOD, &fields, AMQP_QUEUE_DECLARE_OK_METHOD,
               [done = std::move(done)](Result<Method> answer) {
                 if (!answer) return done(tl::unexpected(answer.error()));
                 done(std::string(to_view(answer->as<amqp_queue_declare_ok_t>().queue)));
               });
}

void bind_queue(Channel& channel, std::string_view queue, std::string_view exchange, std::string_view key) {
  amqp_queue_bind_t fields{};
  fields.queue = to_bytes(queue);
  fields.exchange = to_bytes(exchange);
  fields.routing_key = to_bytes(key);
  channel.call(AMQP_QUEUE_BIND_METHOD, &fields, AMQP_QUEUE_BIND_OK_METHOD, [](const Result<Method>&) {});
}

void unbind_queue(Channel& channel, std::string_view queue, std::string_view exchange, std::string_view key) {
  amqp_queue_unbind_t fields{};
  fields.queue = to_bytes(queue);
  fields.exchange = to_bytes(exchange);
  fields.routing_key = to_bytes(key);
  channel.call(AMQP_QUEUE_UNBIND_METHOD, &fields, AMQP_QUEUE_UNBIND_OK_METHOD, [](const Result<Method>&) {});
}

}  // namespace pawl::broker
