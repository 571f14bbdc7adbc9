#include "broker/broker.h"

#include <algorithm>

#include "broker/bus.h"
#include "broker/consumer.h"
#include "broker/declare.h"
#include "broker/lane_depths.h"
#include "broker/link.h"
#include "broker/publisher.h"
#include "broker/topology.h"
#include "common/loop/tls.h"

namespace pawl::broker {

namespace {

/// The lanes declared: those named, and those consumed.
std::vector<std::string> all_lanes(const BrokerOptions& options) {
  std::vector<std::string> lanes = options.lanes;
  for (const auto& lane : options.consume_lanes) {
    if (std::find(lanes.begin(), lanes.end(), lane) == lanes.end()) lanes.push_back(lane);
  }
  return lanes;
}

}  // namespace

class AmqpBroker::Wiring {
 public:
  Wiring(Loop& loop, Rng& rng, const Log& log, BrokerOptions options, AmqpUrl url,
         std::shared_ptr<TlsContext> tls);
  Wiring(const Wiring&) = delete;
  Wiring& operator=(const Wiring&) = delete;

  void start();
  void stop(std::function<void()> done);
  [[nodiscard]] BrokerHealth health() const;
  [[nodiscard]] BrokerCounters counters() const;
  [[nodiscard]] AmqpPublisher& publisher() { return publisher_; }
  [[nodiscard]] AmqpConsumer& consumer() { return consumer_; }
  [[nodiscard]] AmqpBus& bus() { return bus_; }
  [[nodiscard]] AmqpLaneDepths& depths() { return depths_; }

 private:
  [[nodiscard]] ConnectionOptions connection_options(std::string_view role) const;
  /// Declares on a fresh or mended connection, then attaches what hangs on it.
  void prepare_publishing();
  void prepare_consuming();
  /// Something on a living connection broke: the same again, a moment later.
  void mend_publishing();
  void mend_consuming();

  const Log log_;
  const BrokerOptions options_;
  const AmqpUrl url_;
  const std::shared_ptr<TlsContext> tls_;
  const std::shared_ptr<const Topology> topology_;
  AmqpPublisher publisher_;
  AmqpConsumer consumer_;
  AmqpBus bus_;
  std::uint64_t repairs_ = 0;
  bool is_preparing_publish_ = false;
  bool is_preparing_consume_ = false;
  Timer mend_publish_;
  Timer mend_consume_;
  Link publish_link_;  // the links come last: they run everything above
  Link consume_link_;
  AmqpLaneDepths depths_;
};

AmqpBroker::Wiring::Wiring(Loop& loop, Rng& rng, const Log& log, BrokerOptions options, AmqpUrl url,
                           std::shared_ptr<TlsContext> tls)
    : log_(log),
      options_(std::move(options)),
      url_(std::move(url)),
      tls_(std::move(tls)),
      topology_(std::make_shared<const Topology>(make_topology(all_lanes(options_)))),
      publisher_(loop, [this](const Error&) { mend_publishing(); }),
      consumer_(loop, log, options_.consume_lanes,
                {[this](std::string_view header, std::string_view body, Done<void> done) {
                   publisher_.quarantine(header, body, std::move(done));
                 },
                 [this](const Error&) { mend_consuming(); }}),
      bus_([this](const Error&) {
        mend_publishing();
        mend_consuming();
      }),
      mend_publish_(loop),
      mend_consume_(loop),
      publish_link_(loop, rng, log, connection_options("publish"),
                    {[this](Connection&) { prepare_publishing(); }, {}, {}}),
      consume_link_(loop, rng, log, connection_options("consume"),
                    {[this](Connection&) { prepare_consuming(); }, {}, {}}),
      depths_(loop, [this] { return consumer_.is_attached() ? consume_link_.connection() : nullptr; }) {}

ConnectionOptions AmqpBroker::Wiring::connection_options(std::string_view role) const {
  ConnectionOptions options;
  options.url = url_;
  options.name = options_.process + " " + std::string(role);
  options.heartbeat = options_.heartbeat;
  options.tls = tls_.get();
  return options;
}

void AmqpBroker::Wiring::start() {
  publish_link_.start();
  consume_link_.start();
}

void AmqpBroker::Wiring::stop(std::function<void()> done) {
  mend_publish_.stop();
  mend_consume_.stop();
  auto open = std::make_shared<int>(2);
  const auto one_less = [open, done = std::move(done)] {
    if (--*open == 0) done();
  };
  consume_link_.stop(one_less);
  publish_link_.stop(one_less);
}

void AmqpBroker::Wiring::prepare_publishing() {
  Connection* connection = publish_link_.connection();
  if (connection == nullptr || is_preparing_publish_) return;
  is_preparing_publish_ = true;
  declare_topology(*connection, log_, topology_, [this](const Result<void>& declared) {
    is_preparing_publish_ = false;
    Connection* now = publish_link_.connection();
    if (now == nullptr) return;
    if (!declared) {
      log_.warn("topology not declared", {error_field(declared.error())});
      return publish_link_.restart();
    }
    if (!publisher_.is_attached()) publisher_.attach(*now);
    if (!bus_.has_sender()) bus_.attach_sender(*now);
  });
}

void AmqpBroker::Wiring::prepare_consuming() {
  Connection* connection = consume_link_.connection();
  if (connection == nullptr || is_preparing_consume_) return;
  is_preparing_consume_ = true;
  declare_topology(*connection, log_, topology_, [this](const Result<void>& declared) {
    is_preparing_consume_ = false;
    Connection* now = consume_link_.connection();
    if (now == nullptr) return;
    if (!declared) {
      log_.warn("topology not declared", {error_field(declared.error())});
      return consume_link_.restart();
    }
    if (!consumer_.is_attached()) {
      consumer_.attach(*now);
    } else {
      consumer_.consume_again();
    }
    bus_.attach_listeners(*now);
  });
}

void AmqpBroker::Wiring::mend_publishing() {
  if (publish_link_.connection() == nullptr || mend_publish_.active()) return;
  mend_publish_.start(kRepairInterval, [this] {
    if (publish_link_.connection() == nullptr) return;
    ++repairs_;
    prepare_publishing();
  });
}

void AmqpBroker::Wiring::mend_consuming() {
  if (consume_link_.connection() == nullptr || mend_consume_.active()) return;
  mend_consume_.start(kRepairInterval, [this] {
    if (consume_link_.connection() == nullptr) return;
    ++repairs_;
    prepare_consuming();
  });
}

BrokerHealth AmqpBroker::Wiring::health() const {
  BrokerHealth health;
  health.is_blocked = publish_link_.is_blocked();
  health.can_publish = publisher_.connected();
  health.can_consume = consumer_.is_attached();
  if (!health.can_publish) health.last_error = publish_link_.last_error().message;
  if (!health.can_consume && health.last_error.empty())
    health.last_error = consume_link_.last_error().message;
  return health;
}

BrokerCounters AmqpBroker::Wiring::counters() const {
  BrokerCounters counters;
  counters.publish = publisher_.counters();
  counters.consume = consumer_.counters();
  counters.bus = bus_.counters();
  counters.reconnects = publish_link_.reconnects() + consume_link_.reconnects();
  counters.repairs = repairs_;
  counters.blocked = publish_link_.blocked_for() + consume_link_.blocked_for();
  return counters;
}

Result<std::unique_ptr<AmqpBroker>> AmqpBroker::create(Loop& loop, Rng& rng, const Log& log,
                                                       BrokerOptions options) {
  AmqpUrl url = TRY(parse_amqp_url(options.url));
  std::shared_ptr<TlsContext> tls;
  if (url.use_tls) tls = TRY(TlsContext::client(options.ca_file));
  for (const auto* lanes : {&options.lanes, &options.consume_lanes}) {
    for (const auto& lane : *lanes) {
      if (is_valid_lane(lane)) continue;
      return fail(ErrorKind::kInvalid, "bad_lane",
                  "lanes: '" + lane + "' is no lane; use 1 to 63 of a-z, 0-9, '-' and '_'");
    }
  }
  auto wiring = std::make_unique<Wiring>(loop, rng, log, std::move(options), std::move(url), std::move(tls));
  return std::unique_ptr<AmqpBroker>(new AmqpBroker(std::move(wiring)));
}

AmqpBroker::AmqpBroker(std::unique_ptr<Wiring> wiring) : wiring_(std::move(wiring)) {}
AmqpBroker::~AmqpBroker() = default;

void AmqpBroker::start() { wiring_->start(); }
void AmqpBroker::stop(std::function<void()> done) { wiring_->stop(std::move(done)); }
TicketPublisher& AmqpBroker::publisher() { return wiring_->publisher(); }
TicketConsumer& AmqpBroker::consumer() { return wiring_->consumer(); }
LaneDepths& AmqpBroker::depths() { return wiring_->depths(); }
Bus& AmqpBroker::bus() { return wiring_->bus(); }
BrokerHealth AmqpBroker::health() const { return wiring_->health(); }
BrokerCounters AmqpBroker::counters() const { return wiring_->counters(); }
int AmqpBroker::consume_window() const { return wiring_->consumer().window(); }

}  // namespace pawl::broker
