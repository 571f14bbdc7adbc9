// Names and arguments of everything Pawl declares in RabbitMQ (architecture §7). Pure data; declare.h puts it
// there.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"
#include "common/model/status.h"

namespace pawl::broker {

inline constexpr std::string_view kJobsExchange = "pawl.jobs";
inline constexpr std::string_view kControlExchange = "pawl.control";
inline constexpr std::string_view kEventsExchange = "pawl.events";
inline constexpr std::string_view kQuarantineQueue = "pawl.quarantine";
inline constexpr std::int64_t kDeliveryLimit = 20;

struct ExchangeSpec {
  std::string name;
  std::string type;
  friend bool operator==(const ExchangeSpec&, const ExchangeSpec&) = default;
};

/// A durable quorum queue. `bound_to_jobs`: its routing key on pawl.jobs is its own name.
struct QueueSpec {
  std::string name;
  std::int64_t delivery_limit = 0;  ///< x-delivery-limit; 0 = none
  std::int64_t max_length = 0;      ///< x-max-length; 0 = none
  bool bound_to_jobs = false;
  friend bool operator==(const QueueSpec&, const QueueSpec&) = default;
};

struct Topology {
  std::vector<ExchangeSpec> exchanges;
  std::vector<QueueSpec> queues;
  friend bool operator==(const Topology&, const Topology&) = default;
};

/// lane.<lane>.high|normal|low, or lane.<lane>.resume; also the routing key.
std::string lane_queue(std::string_view lane, PriorityClass priority);
std::string resume_queue(std::string_view lane);
/// The queues of the lanes in the order a worker serves them: all resume queues, then high, normal, low.
std::vector<std::string> lane_queues(const std::vector<std::string>& lanes);
/// The lane out of a queue's name; empty when it is no lane queue.
std::string_view lane_of_queue(std::string_view queue);
bool is_resume_queue(std::string_view queue);

/// Lower-case letters, digits, '-' and '_', 1 to 63. A dot would make the queue's name ambiguous.
bool is_valid_lane(std::string_view lane);

/// All exchanges, the queues of `lanes`, the quarantine.
Topology make_topology(const std::vector<std::string>& lanes);

}  // namespace pawl::broker
