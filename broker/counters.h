// What the broker layer counts, as plain numbers for the metrics of the process.
#pragma once

#include <cstdint>

#include "common/base/clock.h"

namespace pawl::broker {

struct PublishCounters {
  std::uint64_t published = 0;  ///< handed to the connection
  std::uint64_t confirmed = 0;
  std::uint64_t returned = 0;  ///< mandatory, but no queue took it
  std::uint64_t nacked = 0;
  std::uint64_t refused = 0;   ///< not connected, blocked, or the buffer was full
  std::uint64_t in_doubt = 0;  ///< no confirm in time, or the channel went first
};

struct ConsumeCounters {
  std::uint64_t deliveries = 0;   ///< well-formed tickets
  std::uint64_t redelivered = 0;  ///< of these, those the broker had delivered before
  std::uint64_t acked = 0;
  std::uint64_t stale_acks = 0;   ///< for a channel that is gone; dropped
  std::uint64_t garbage = 0;      ///< malformed messages seen
  std::uint64_t quarantined = 0;  ///< of these, copied with a confirm and acked
  std::uint64_t cancelled_by_broker = 0;
};

struct BusCounters {
  std::uint64_t sent = 0;
  std::uint64_t dropped = 0;  ///< not connected, blocked, or the buffer was full
  std::uint64_t received = 0;
  std::uint64_t malformed = 0;
};

struct BrokerCounters {
  PublishCounters publish;
  ConsumeCounters consume;
  BusCounters bus;
  std::uint64_t reconnects = 0;
  std::uint64_t repairs = 0;  ///< topology declared again after a loss
  Millis blocked{0};          ///< time under connection.blocked
};

}  // namespace pawl::broker
