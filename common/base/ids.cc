#include "common/base/ids.h"

namespace pawl {
namespace {

constexpr std::uint32_t kCounterLimit = 1u << 12;  // the 12 bits of rand_a hold the counter
constexpr std::string_view kHexDigits = "0123456789abcdef";

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool is_dash_position(std::size_t i) { return i == 8 || i == 13 || i == 18 || i == 23; }

std::int64_t floor_millis(WallTime time) {
  return std::chrono::floor<Millis>(time).time_since_epoch().count();
}

void put_millis(Uuid& id, std::int64_t ms) {
  const auto value = static_cast<std::uint64_t>(ms < 0 ? 0 : ms);
  for (std::size_t i = 0; i < 6; ++i) id.bytes[i] = static_cast<std::uint8_t>(value >> (40 - 8 * i));
}

}  // namespace

std::string Uuid::to_string() const {
  std::string text(36, '-');
  std::size_t at = 0;
  for (const std::uint8_t byte : bytes) {
    if (is_dash_position(at)) ++at;
    text[at++] = kHexDigits[byte >> 4];
    text[at++] = kHexDigits[byte & 15];
  }
  return text;
}

std::optional<Uuid> Uuid::parse(std::string_view text) {
  if (text.size() != 36) return std::nullopt;
  Uuid id;
  std::size_t nibble = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (is_dash_position(i)) {
      if (text[i] != '-') return std::nullopt;
      continue;
    }
    const int value = hex_value(text[i]);
    if (value < 0) return std::nullopt;
    auto& byte = id.bytes[nibble / 2];
    byte = static_cast<std::uint8_t>(byte << 4 | value);
    ++nibble;
  }
  return id;
}

Uuid UuidGenerator::next(WallTime now) {
  const std::int64_t ms = floor_millis(now);
  if (ms > last_ms_) {
    last_ms_ = ms;
    // Starting in the lower half leaves room for 2,048 more ids in this millisecond before the clock is
    // pushed ahead.
    counter_ = static_cast<std::uint32_t>(rng_.below(kCounterLimit / 2));
  } else if (++counter_ == kCounterLimit) {
    ++last_ms_;
    counter_ = 0;
  }
  Uuid id;
  put_millis(id, last_ms_);
  id.bytes[6] = static_cast<std::uint8_t>(0x70 | counter_ >> 8);
  id.bytes[7] = static_cast<std::uint8_t>(counter_ & 0xFF);
  std::uint64_t random = rng_.next();
  for (std::size_t i = 8; i < 16; ++i, random >>= 8) id.bytes[i] = static_cast<std::uint8_t>(random & 0xFF);
  id.bytes[8] = static_cast<std::uint8_t>(0x80 | (id.bytes[8] & 0x3F));
  return id;
}

WallTime uuid_time(const Uuid& id) {
  std::int64_t ms = 0;
  for (std::size_t i = 0; i < 6; ++i) ms = ms << 8 | id.bytes[i];
  return WallTime(Millis(ms));
}

Uuid uuid_floor(WallTime time) {
  Uuid id;
  put_millis(id, floor_millis(time));
  id.bytes[6] = 0x70;
  id.bytes[8] = 0x80;
  return id;
}

}  // namespace pawl
