#include "tests/integration/broker/harness.h"

#include <stdexcept>

namespace pawl::broker::testing {

bool run_until(Loop& loop, Millis limit, const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() >= end) return false;
    loop.run_for(Millis{20});
  }
  return true;
}

void run_for(Loop& loop, Millis time) {
  static_cast<void>(run_until(loop, time, [] { return false; }));
}

Uuid make_id(std::uint64_t number) {
  Uuid id;
  id.bytes[0] = 1;
  for (std::size_t i = 0; i < 8; ++i) id.bytes[15 - i] = static_cast<std::uint8_t>(number >> (8 * i));
  return id;
}

Subject::Subject(const std::string& url, std::vector<std::string> consume_lanes, Millis heartbeat) {
  BrokerOptions options;
  options.url = url;
  options.process = "test";
  options.consume_lanes = std::move(consume_lanes);
  options.heartbeat = heartbeat;
  auto made = AmqpBroker::create(loop, rng, Log(), options);
  if (!made) throw std::runtime_error(made.error().message);
  broker = std::move(*made);
  broker->consumer().on_deliveries([this](std::vector<Delivery> deliveries) {
    batches.push_back(deliveries.size());
    got.insert(got.end(), deliveries.begin(), deliveries.end());
    if (acks) broker->consumer().ack(deliveries);
  });
  broker->start();
}

Subject::~Subject() {
  bool is_down = false;
  broker->stop([&is_down] { is_down = true; });
  static_cast<void>(run_until(loop, Millis{5'000}, [&is_down] { return is_down; }));
  broker.reset();
  run_for(loop, Millis{50});
}

bool Subject::ready() {
  return until([this] { return broker->health().can_publish && broker->health().can_consume; });
}

Result<void> Subject::publish(std::uint64_t number, bool resume, PriorityClass priority) {
  auto outcome = std::make_shared<std::optional<Result<void>>>();
  broker->publisher().publish(
      {.exec_id = make_id(number), .epoch = 1, .priority = priority, .resume = resume},
      [outcome](Result<void> result) { *outcome = std::move(result); });
  if (!until([outcome] { return outcome->has_value(); }, Millis{40'000})) {
    return fail(ErrorKind::kInternal, "no_outcome", "the publish had no outcome");
  }
  return **outcome;
}

bool Subject::works(Millis limit) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (std::chrono::steady_clock::now() < end) {
    const Uuid id = make_id(next_probe_);
    if (!publish(next_probe_++)) {
      run_for(loop, Millis{100});
      continue;
    }
    const auto arrived = [this, &id] {
      for (const auto& delivery : got) {
        if (delivery.exec_id == id) return true;
      }
      return false;
    };
    if (until(arrived, Millis{2'000})) return true;
  }
  return false;
}

Bare::Bare(const std::string& url) {
  ConnectionHandler handler;
  handler.on_open = [this] { is_open_ = true; };
  handler.on_close = [this](const Error&) { is_closed_ = true; };
  connection_ = std::make_unique<Connection>(
      loop_, ConnectionOptions{.url = *parse_amqp_url(url), .name = "bare"}, handler);
  if (!run_until(loop_, Millis{10'000}, [this] { return is_open_; }))
    throw std::runtime_error("no connection");
}

Bare::~Bare() {
  connection_->close();
  static_cast<void>(run_until(loop_, Millis{3'000}, [this] { return is_closed_; }));
  connection_.reset();
  run_for(loop_, Millis{20});
}

Channel* Bare::channel() {
  if (channel_ != nullptr) return channel_;
  ChannelHandler handler;
  handler.on_close = [this](const Error&) { channel_ = nullptr; };
  return channel_ = connection_->open_channel(std::move(handler));
}

void Bare::call(amqp_method_number_t id, const void* fields, amqp_method_number_t reply) {
  bool is_done = false;
  channel()->call(id, fields, reply, [&is_done](const Result<Method>&) { is_done = true; });
  if (!run_until(loop_, Millis{10'000}, [&is_done] { return is_done; }))
    throw std::runtime_error("no answer");
}

void Bare::publish(const std::string& exchange, const std::string& key, const std::string& message_id,
                   const std::string& body) {
  OutgoingMessage message;
  message.exchange = exchange;
  message.routing_key = key;
  message.message_id = message_id;
  message.body = body;
  channel()->publish(message);
  amqp_basic_qos_t qos{};
  call(AMQP_BASIC_QOS_METHOD, &qos, AMQP_BASIC_QOS_OK_METHOD);
}

int Bare::depth(const std::string& queue) {
  int depth = -1;
  bool is_done = false;
  amqp_queue_declare_t fields{};
  fields.queue = to_bytes(queue);
  fields.passive = 1;
  channel()->call(AMQP_QUEUE_DECLARE_METHOD, &fields, AMQP_QUEUE_DECLARE_OK_METHOD,
                  [&](Result<Method> answer) {
                    if (answer) depth = static_cast<int>(answer->as<amqp_queue_declare_ok_t>().message_count);
                    is_done = true;
                  });
  static_cast<void>(run_until(loop_, Millis{10'000}, [&is_done] { return is_done; }));
  return depth;
}

void Bare::declare_classic_queue(const std::string& queue) {
  amqp_queue_declare_t fields{};
  fields.queue = to_bytes(queue);
  fields.durable = 1;
  call(AMQP_QUEUE_DECLARE_METHOD, &fields, AMQP_QUEUE_DECLARE_OK_METHOD);
}

void Bare::delete_queue(const std::string& queue) {
  amqp_queue_delete_t fields{};
  fields.queue = to_bytes(queue);
  call(AMQP_QUEUE_DELETE_METHOD, &fields, AMQP_QUEUE_DELETE_OK_METHOD);
}

void Bare::purge(const std::string& queue) {
  amqp_queue_purge_t fields{};
  fields.queue = to_bytes(queue);
  call(AMQP_QUEUE_PURGE_METHOD, &fields, AMQP_QUEUE_PURGE_OK_METHOD);
}

void Bare::delete_exchange(const std::string& exchange) {
  amqp_exchange_delete_t fields{};
  fields.exchange = to_bytes(exchange);
  call(AMQP_EXCHANGE_DELETE_METHOD, &fields, AMQP_EXCHANGE_DELETE_OK_METHOD);
}

}  // namespace pawl::broker::testing
