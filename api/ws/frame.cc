#include "api/ws/frame.h"

#include "api/ws/limits.h"

namespace pawl::api::ws {
namespace {

constexpr unsigned char kFinal = 0x80, kText = 0x1, kClose = 0x8, kPing = 0x9, kPong = 0xA, kMasked = 0x80;
constexpr std::size_t kMaskBytes = 4;

std::string frame(unsigned char opcode, std::string_view payload) {
  std::string out;
  out.reserve(payload.size() + 10);
  out.push_back(static_cast<char>(kFinal | opcode));
  const std::size_t size = payload.size();
  const auto append_size = [&out, size](int bytes) {
    for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8)
      out.push_back(static_cast<char>(size >> shift & 0xFF));
  };
  if (size <= kMaxControlPayload) {
    out.push_back(static_cast<char>(size));
  } else if (size <= 0xFFFF) {
    out.push_back(126);
    append_size(2);
  } else {
    out.push_back(127);
    append_size(8);
  }
  out.append(payload);
  return out;
}

}  // namespace

std::string text_frame(std::string_view text) { return frame(kText, text); }

std::string ping_frame() { return frame(kPing, {}); }

std::string close_frame(CloseCode code, std::string_view reason) {
  const auto number = static_cast<std::uint16_t>(code);
  std::string payload{static_cast<char>(number >> 8), static_cast<char>(number & 0xFF)};
  payload.append(reason.substr(0, kMaxControlPayload - 2));
  return frame(kClose, payload);
}

bool are_only_pongs(std::string_view bytes) {
  if (bytes.empty()) return false;
  while (!bytes.empty()) {
    if (bytes.size() < 2 || static_cast<unsigned char>(bytes[0]) != (kFinal | kPong)) return false;
    const auto second = static_cast<unsigned char>(bytes[1]);
    const std::size_t size = second & 0x7FU;
    const std::size_t whole = 2 + kMaskBytes + size;
    if ((second & kMasked) == 0 || size > kMaxControlPayload || bytes.size() < whole) return false;
    bytes.remove_prefix(whole);
  }
  return true;
}

}  // namespace pawl::api::ws
