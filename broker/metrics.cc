#include "broker/metrics.h"

#include <utility>
#include <vector>

namespace pawl::broker {

void add_broker_metrics(Metrics& metrics, const AmqpBroker& broker) {
  using Read = double (*)(const BrokerCounters&);
  struct Row {
    const char* name;
    const char* help;
    Read read;
  };
  static constexpr Row kRows[] = {
      {"pawl_broker_published", "Messages handed to the broker, since the start",
       [](const BrokerCounters& c) { return static_cast<double>(c.publish.published); }},
      {"pawl_broker_confirmed", "Publishes the broker confirmed",
       [](const BrokerCounters& c) { return static_cast<double>(c.publish.confirmed); }},
      {"pawl_broker_returned", "Publishes no queue took",
       [](const BrokerCounters& c) { return static_cast<double>(c.publish.returned); }},
      {"pawl_broker_nacked", "Publishes the broker nacked",
       [](const BrokerCounters& c) { return static_cast<double>(c.publish.nacked); }},
      {"pawl_broker_refused", "Publishes refused here: no connection, blocked, or a full buffer",
       [](const BrokerCounters& c) { return static_cast<double>(c.publish.refused); }},
      {"pawl_broker_in_doubt", "Publishes without a confirm in time",
       [](const BrokerCounters& c) { return static_cast<double>(c.publish.in_doubt); }},
      {"pawl_broker_deliveries", "Tickets delivered",
       [](const BrokerCounters& c) { return static_cast<double>(c.consume.deliveries); }},
      {"pawl_broker_redelivered", "Tickets delivered again",
       [](const BrokerCounters& c) { return static_cast<double>(c.consume.redelivered); }},
      {"pawl_broker_quarantined", "Malformed messages put aside",
       [](const BrokerCounters& c) { return static_cast<double>(c.consume.quarantined); }},
      {"pawl_broker_reconnects", "Connections made again",
       [](const BrokerCounters& c) { return static_cast<double>(c.reconnects); }},
      {"pawl_broker_blocked_seconds", "Time under connection.blocked",
       [](const BrokerCounters& c) { return static_cast<double>(c.blocked.count()) / 1000; }},
  };
  std::vector<std::pair<Gauge, Read>> gauges;
  for (const Row& row : kRows) gauges.emplace_back(metrics.gauge(row.name, row.help), row.read);
  const Gauge up = metrics.gauge("pawl_broker_up", "1 while tickets can be published");
  metrics.before_render([gauges, up, &broker] {
    const BrokerCounters counters = broker.counters();
    for (const auto& [gauge, read] : gauges) gauge.set(read(counters));
    up.set(broker.health().can_publish ? 1 : 0);
  });
}

}  // namespace pawl::broker
