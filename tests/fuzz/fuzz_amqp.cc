// Fuzzes what a broker, or whoever sits at its address, can send us: frames, methods, content headers, and
// tickets out of message bodies. The first byte chooses; the rest is the input.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "broker/codec.h"
#include "broker/frame.h"
#include "broker/ticket.h"
#include "broker/url.h"

namespace {

using namespace pawl;
using namespace pawl::broker;

/// Feeds the bytes in two pieces and decodes every frame that comes out.
void fuzz_stream(std::string_view input) {
  static Decoder decoder;
  FrameReader reader([](const Frame& frame) -> Result<void> {
    if (frame.type == FrameType::kMethod) static_cast<void>(decoder.decode_method(frame.payload));
    MessageProperties properties;
    if (frame.type == FrameType::kHeader) static_cast<void>(decoder.decode_header(frame.payload, properties));
    return {};
  });
  const std::size_t cut = input.empty() ? 0 : static_cast<std::uint8_t>(input.front()) % (input.size() + 1);
  if (reader.feed(input.substr(0, cut))) static_cast<void>(reader.feed(input.substr(cut)));
}

void fuzz_ticket(std::string_view input) {
  const auto cut = input.find('\n');
  const auto id = input.substr(0, cut);
  const auto body = cut == std::string_view::npos ? std::string_view{} : input.substr(cut + 1);
  const auto ticket = parse_ticket(id, body);
  if (!ticket) return;
  // What is taken can be written again and means the same.
  TicketMessage message{.exec_id = ticket->exec_id, .epoch = ticket->epoch};
  message.traceparent = ticket->traceparent;
  const auto again = parse_ticket(ticket_message_id(message.exec_id, message.epoch), ticket_body(message));
  if (!again || again->traceparent != ticket->traceparent) __builtin_trap();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data + 1), size - 1);
  static Decoder decoder;
  MessageProperties properties;
  switch (data[0] % 5) {
    case 0: fuzz_stream(input); break;
    case 1: static_cast<void>(decoder.decode_method(input)); break;
    case 2: static_cast<void>(decoder.decode_header(input, properties)); break;
    case 3: fuzz_ticket(input); break;
    default: static_cast<void>(parse_amqp_url(input)); break;
  }
  return 0;
}
