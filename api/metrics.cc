#include "api/metrics.h"

#include "broker/metrics.h"

namespace pawl::api {

void add_api_metrics(Metrics& metrics, const http::Server& server, const Gate& gate,
                     const broker::AmqpBroker& broker, const Waiter& waiter,
                     const stream::Registry& streams) {
  add_process_metrics(metrics);
  broker::add_broker_metrics(metrics, broker);
  const Gauge open = metrics.gauge("pawl_http_connections", "Open client connections");
  const Gauge in_flight = metrics.gauge("pawl_http_requests_in_flight", "Requests being answered");
  const Gauge requests = metrics.gauge("pawl_http_requests", "Requests since the start");
  const Gauge bad =
      metrics.gauge("pawl_http_bad_requests", "Requests that could not be parsed, since the start");
  const Gauge slow =
      metrics.gauge("pawl_http_slow_clients", "Clients cut for being too slow, since the start");
  const Gauge refused =
      metrics.gauge("pawl_http_refused", "Requests refused before a handler saw them, since the start");
  const Gauge waiting = metrics.gauge("pawl_api_waiting", "Clients waiting for an execution");
  const Gauge watching = metrics.gauge("pawl_streams_open", "Open streams");
  const Gauge cut =
      metrics.gauge("pawl_streams_too_slow", "Streams cut because the client did not read, since the start");
  metrics.before_render([=, &server, &gate, &waiter, &streams] {
    watching.set(static_cast<double>(streams.stats().open));
    cut.set(static_cast<double>(streams.stats().too_slow));
    const http::ServerStats& stats = server.stats();
    open.set(static_cast<double>(stats.open));
    in_flight.set(static_cast<double>(stats.in_flight));
    requests.set(static_cast<double>(stats.requests));
    bad.set(static_cast<double>(stats.bad_requests));
    slow.set(static_cast<double>(stats.slow_clients));
    refused.set(static_cast<double>(gate.stats().refused));
    waiting.set(static_cast<double>(waiter.waiting()));
  });
}

}  // namespace pawl::api
