// The broker layer's numbers for Prometheus.
#pragma once

#include "broker/broker.h"
#include "common/metrics/metrics.h"

namespace pawl::broker {

/// Read when /metrics is asked for; `broker` outlives `metrics`.
void add_broker_metrics(Metrics& metrics, const AmqpBroker& broker);

}  // namespace pawl::broker
