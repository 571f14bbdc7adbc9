#include "broker/frame.h"

#include <algorithm>

#include "common/base/assert.h"

namespace pawl::broker {
namespace {

constexpr char kFrameEnd = static_cast<char>(0xCE);
constexpr std::size_t kFrameHead = 7;

tl::unexpected<Error> protocol_error(std::string why) {
  return fail(ErrorKind::kUnavailable, "protocol_error", "the broker broke the protocol: " + std::move(why));
}

bool is_known_type(std::uint8_t type) { return type == 1 || type == 2 || type == 3 || type == 8; }

std::uint64_t read_big_endian(std::string_view bytes, std::size_t width) {
  PAWL_ASSERT(bytes.size() >= width, "an integer must be there before it is read");
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < width; ++i) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}

}  // namespace

Result<std::size_t> FrameReader::frame_size(std::string_view bytes) const {
  if (bytes.empty()) return 0;
  const auto type = static_cast<std::uint8_t>(bytes.front());
  if (type == 'A') {
    return fail(ErrorKind::kUnavailable, "protocol_mismatch",
                "the broker does not speak AMQP 0-9-1 on this port");
  }
  if (!is_known_type(type)) return protocol_error("unknown frame type " + std::to_string(type));
  if (bytes.size() < kFrameHead) return 0;
  const std::size_t size = std::size_t{read_u32(bytes.substr(3))} + kFrameOverhead;
  if (size > frame_max_) {
    return fail(ErrorKind::kUnavailable, "frame_too_large",
                "the broker sent a frame of " + std::to_string(size) + " bytes; the limit is " +
                    std::to_string(frame_max_));
  }
  return size;
}

Result<std::size_t> FrameReader::take(std::string_view bytes) {
  std::size_t taken = 0;
  while (true) {
    const std::string_view left = bytes.substr(taken);
    const std::size_t size = TRY(frame_size(left));
    if (size == 0 || left.size() < size) return taken;
    if (left[size - 1] != kFrameEnd) return protocol_error("a frame does not end with 0xCE");
    const Frame frame{static_cast<FrameType>(left[0]), read_u16(left.substr(1)),
                      left.substr(kFrameHead, size - kFrameOverhead)};
    TRY(on_frame_(frame));
    taken += size;
  }
}

Result<void> FrameReader::feed(std::string_view bytes) {
  // First complete the frame that an earlier read left behind, taking no byte more than it needs.
  while (!rest_.empty() && !bytes.empty()) {
    const std::size_t size = TRY(frame_size(rest_));
    const std::size_t wanted = (size == 0 ? kFrameHead : size) - rest_.size();
    const std::size_t moved = std::min(wanted, bytes.size());
    rest_.append(bytes.substr(0, moved));
    bytes.remove_prefix(moved);
    const std::size_t taken = TRY(take(rest_));
    if (taken > 0) rest_.clear();
  }
  if (bytes.empty()) return {};
  const std::size_t taken = TRY(take(bytes));
  rest_.append(bytes.substr(taken));
  return {};
}

void append_frame(std::string& out, FrameType type, std::uint16_t channel, std::string_view payload) {
  out.push_back(static_cast<char>(type));
  append_u16(out, channel);
  append_u32(out, static_cast<std::uint32_t>(payload.size()));
  out.append(payload);
  out.push_back(kFrameEnd);
}

void append_u16(std::string& out, std::uint16_t value) {
  out.push_back(static_cast<char>(value >> 8));
  out.push_back(static_cast<char>(value & 0xff));
}

void append_u32(std::string& out, std::uint32_t value) {
  append_u16(out, static_cast<std::uint16_t>(value >> 16));
  append_u16(out, static_cast<std::uint16_t>(value & 0xffff));
}

void append_u64(std::string& out, std::uint64_t value) {
  append_u32(out, static_cast<std::uint32_t>(value >> 32));
  append_u32(out, static_cast<std::uint32_t>(value & 0xffffffff));
}

std::uint16_t read_u16(std::string_view bytes) {
  return static_cast<std::uint16_t>(read_big_endian(bytes, 2));
}
std::uint32_t read_u32(std::string_view bytes) {
  return static_cast<std::uint32_t>(read_big_endian(bytes, 4));
}
std::uint64_t read_u64(std::string_view bytes) { return read_big_endian(bytes, 8); }

}  // namespace pawl::broker
