// AMQP 0-9-1 frames on bytes: type, channel, size, payload, 0xCE. Knows nothing of methods or connections.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "broker/limits.h"
#include "common/base/result.h"

namespace pawl::broker {

enum class FrameType : std::uint8_t { kMethod = 1, kHeader = 2, kBody = 3, kHeartbeat = 8 };

/// Type, channel and size before the payload; the end octet after it.
inline constexpr std::size_t kFrameOverhead = 8;
/// What a client says first.
inline constexpr std::string_view kProtocolHeader{"AMQP\x00\x00\x09\x01", 8};

struct Frame {
  FrameType type = FrameType::kMethod;
  std::uint16_t channel = 0;
  std::string_view payload;  ///< lives for the call that gets the frame
};

/// Cuts a byte stream into frames. Whole frames are handed on from the bytes given; only a rest is copied.
class FrameReader {
 public:
  using OnFrame = std::function<Result<void>(const Frame&)>;
  explicit FrameReader(OnFrame on_frame) : on_frame_(std::move(on_frame)) {}

  /// Calls on_frame for each complete frame; stops at its first error. After an error the reader is spent.
  /// Errors: kUnavailable/protocol_mismatch when the peer answers with a protocol header (another version),
  /// protocol_error for a bad type or end octet, frame_too_large.
  Result<void> feed(std::string_view bytes);
  /// Counts the 8 octets around the payload, as connection.tune does.
  void set_frame_max(std::uint32_t frame_max) { frame_max_ = frame_max; }
  /// Bytes kept of a frame that is not complete; never above the frame maximum.
  [[nodiscard]] std::size_t buffered() const { return rest_.size(); }

 private:
  /// Frames at the front of `bytes`; returns how many bytes they took.
  Result<std::size_t> take(std::string_view bytes);
  /// Size of the frame that begins `bytes`, overhead included; 0 while its head is not complete.
  Result<std::size_t> frame_size(std::string_view bytes) const;

  OnFrame on_frame_;
  std::string rest_;
  std::uint32_t frame_max_ = kHandshakeFrameMax;
};

/// Appends one frame to `out`.
void append_frame(std::string& out, FrameType type, std::uint16_t channel, std::string_view payload);

/// Big-endian integers, as everywhere in AMQP. `read_*` need the bytes to be there.
void append_u16(std::string& out, std::uint16_t value);
void append_u32(std::string& out, std::uint32_t value);
void append_u64(std::string& out, std::uint64_t value);
std::uint16_t read_u16(std::string_view bytes);
std::uint32_t read_u32(std::string_view bytes);
std::uint64_t read_u64(std::string_view bytes);

}  // namespace pawl::broker
