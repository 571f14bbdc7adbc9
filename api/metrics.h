// What the API counts for Prometheus.
#pragma once

#include "api/gate.h"
#include "api/stream/registry.h"
#include "api/waiter.h"
#include "broker/broker.h"
#include "common/http/server.h"
#include "common/metrics/metrics.h"

namespace pawl::api {

/// Everything is read when /metrics is asked for; all arguments outlive `metrics`.
void add_api_metrics(Metrics& metrics, const http::Server& server, const Gate& gate,
                     const broker::AmqpBroker& broker, const Waiter& waiter, const stream::Registry& streams);

}  // namespace pawl::api
