// The ticket on the wire: message_id "exec:epoch" and a small JSON body that says the same. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "broker/ports.h"

namespace pawl::broker {

/// "<exec_id>:<epoch>".
std::string ticket_message_id(const Uuid& exec_id, std::uint32_t epoch);
/// {"exec_id":"…","epoch":n}, with "traceparent" when it has the form of one (W3C Trace Context).
std::string ticket_body(const TicketMessage& ticket);
/// The queue it goes to, which is also its routing key on pawl.jobs.
std::string ticket_queue(const TicketMessage& ticket);

struct ParsedTicket {
  Uuid exec_id;
  std::uint32_t epoch = 0;
  std::string traceparent;
};

/// nullopt for garbage: another message_id, a body that is not exactly such an object, or the two not
/// agreeing.
std::optional<ParsedTicket> parse_ticket(std::string_view message_id, std::string_view body);

}  // namespace pawl::broker
