#include "broker/ticket.h"

#include <algorithm>
#include <charconv>

#include "broker/limits.h"
#include "broker/topology.h"
#include "common/json/parse.h"

namespace pawl::broker {
namespace {

constexpr std::size_t kUuidText = 36;
constexpr std::size_t kTraceparentText = 55;
constexpr std::string_view kBodyHead = R"({"exec_id":")";
constexpr std::string_view kBodyEpoch = R"(","epoch":)";
constexpr std::string_view kBodyTrace = R"(,"traceparent":")";

bool is_traceparent(std::string_view text) {
  return text.size() == kTraceparentText && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || c == '-';
         });
}

std::optional<std::uint32_t> parse_epoch(std::string_view text) {
  std::uint32_t epoch = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), epoch);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  if (text.size() > 1 && text.front() == '0') return std::nullopt;
  return epoch;
}

/// The body as ticket_body writes it, without a parse; nullopt for any other form.
std::optional<std::string_view> plain_traceparent(std::string_view id, std::string_view epoch,
                                                  std::string_view body) {
  const auto eat = [&body](std::string_view part) {
    if (!body.starts_with(part)) return false;
    body.remove_prefix(part.size());
    return true;
  };
  if (!eat(kBodyHead) || !eat(id) || !eat(kBodyEpoch) || !eat(epoch)) return std::nullopt;
  if (body == "}") return std::string_view{};
  if (!eat(kBodyTrace) || body.size() != kTraceparentText + 2 || !body.ends_with("\"}")) return std::nullopt;
  body.remove_suffix(2);
  if (!is_traceparent(body)) return std::nullopt;
  return body;
}

/// Any other way to write the same object: other order, white space, upper case.
std::optional<ParsedTicket> parse_slowly(const Uuid& id, std::uint32_t epoch, std::string_view body) {
  json::ParseLimits limits;
  limits.max_depth = 2;
  limits.max_bytes = kMaxTicketBytes;
  const auto value = json::parse(body, limits);
  if (!value || !value->is_object()) return std::nullopt;
  ParsedTicket ticket{id, epoch, {}};
  bool has_id = false;
  bool has_epoch = false;
  for (const auto& [key, member] : value->as_object()) {
    if (key == "exec_id") {
      has_id = member.is_string() && Uuid::parse(member.as_string()) == id;
      if (!has_id) return std::nullopt;
    } else if (key == "epoch") {
      has_epoch = member.is_int() && member.as_int() == std::int64_t{epoch};
      if (!has_epoch) return std::nullopt;
    } else if (key == "traceparent") {
      if (!member.is_string() || !is_traceparent(member.as_string())) return std::nullopt;
      ticket.traceparent = member.as_string();
    } else {
      return std::nullopt;
    }
  }
  if (!has_id || !has_epoch) return std::nullopt;
  return ticket;
}

}  // namespace

std::string ticket_message_id(const Uuid& exec_id, std::uint32_t epoch) {
  return exec_id.to_string().append(1, ':').append(std::to_string(epoch));
}

std::string ticket_body(const TicketMessage& ticket) {
  std::string body(kBodyHead);
  body.append(ticket.exec_id.to_string()).append(kBodyEpoch).append(std::to_string(ticket.epoch));
  if (is_traceparent(ticket.traceparent)) body.append(kBodyTrace).append(ticket.traceparent).append(1, '"');
  return body.append(1, '}');
}

std::string ticket_queue(const TicketMessage& ticket) {
  return ticket.resume ? resume_queue(ticket.lane) : lane_queue(ticket.lane, ticket.priority);
}

std::optional<ParsedTicket> parse_ticket(std::string_view message_id, std::string_view body) {
  if (message_id.size() < kUuidText + 2 || message_id[kUuidText] != ':') return std::nullopt;
  const std::string_view id_text = message_id.substr(0, kUuidText);
  const std::string_view epoch_text = message_id.substr(kUuidText + 1);
  const auto id = Uuid::parse(id_text);
  const auto epoch = parse_epoch(epoch_text);
  if (!id || id->is_nil() || !epoch) return std::nullopt;
  if (const auto trace = plain_traceparent(id_text, epoch_text, body))
    return ParsedTicket{*id, *epoch, std::string(*trace)};
  return parse_slowly(*id, *epoch, body);
}

}  // namespace pawl::broker
