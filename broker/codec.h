// librabbitmq's codec behind two types: methods to and from payloads, and messages to and from frames. The
// only header that shows amqp*.h; only files of this folder include it. No socket of librabbitmq is ever
// used.
#pragma once

#include <amqp.h>
#include <amqp_framing.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/result.h"

namespace pawl::broker {

/// A view as librabbitmq wants it; the bytes must live until the call that reads them returns.
amqp_bytes_t to_bytes(std::string_view text);
std::string_view to_view(amqp_bytes_t bytes);

/// A decoded method. `fields` points to the amqp_…_t struct of `id`, valid until the decoder is used again.
struct Method {
  amqp_method_number_t id = 0;
  void* fields = nullptr;

  template <typename T>
  [[nodiscard]] const T& as() const {
    return *static_cast<const T*>(fields);
  }
};

/// What Pawl reads of a message's properties. Headers are never decoded: librabbitmq recurses over nested
/// tables, so 128 KiB of them from another client could overflow the stack.
struct MessageProperties {
  std::string_view content_type;
  std::string_view correlation_id;
  std::string_view message_id;
  std::string_view reply_to;
};

/// Decodes with one memory pool that is recycled for each frame, so that nothing is allocated in the steady
/// state.
class Decoder {
 public:
  Decoder();
  ~Decoder();
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;

  /// `payload` of a method frame. Only methods a broker may send are decoded.
  /// Errors: kUnavailable/protocol_error.
  Result<Method> decode_method(std::string_view payload);
  /// `payload` of a header frame: body size and properties. Errors: kUnavailable/protocol_error.
  Result<std::uint64_t> decode_header(std::string_view payload, MessageProperties& properties);

 private:
  amqp_pool_t pool_{};
  std::string flat_;  // the properties without their headers
};

/// Appends a method frame. `fields` is the amqp_…_t struct of `id`; it must fit kMethodScratch (a bug
/// otherwise).
void append_method(std::string& out, std::uint16_t channel, amqp_method_number_t id, const void* fields);

struct OutgoingMessage {
  std::string_view exchange;
  std::string_view routing_key;
  bool mandatory = false;
  bool persistent = false;
  std::string_view content_type = "application/json";
  std::string_view message_id = {};
  std::string_view correlation_id = {};
  std::string_view reply_to = {};
  std::string_view body = {};
};

/// Appends basic.publish, the header and the body in as many frames as `frame_max` asks for.
void append_message(std::string& out, std::uint16_t channel, std::uint32_t frame_max,
                    const OutgoingMessage& message);

}  // namespace pawl::broker
