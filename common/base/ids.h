// UUIDv7: ids that sort by time of creation. The time comes from the caller (database time), the rest from an
// Rng.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/clock.h"
#include "common/base/rng.h"

namespace pawl {

struct Uuid {
  std::array<std::uint8_t, 16> bytes{};

  friend auto operator<=>(const Uuid&, const Uuid&) = default;
  [[nodiscard]] bool is_nil() const { return *this == Uuid{}; }

  /// Lower-case 8-4-4-4-12.
  [[nodiscard]] std::string to_string() const;
  /// Accepts only the 36-character form, either case. Errors: nullopt.
  [[nodiscard]] static std::optional<Uuid> parse(std::string_view text);
};

/// Makes UUIDv7s that strictly increase within one generator even inside one millisecond (RFC 9562 §6.2,
/// method 1).
class UuidGenerator {
 public:
  explicit UuidGenerator(Rng& rng) : rng_(rng) {}
  [[nodiscard]] Uuid next(WallTime now);

 private:
  Rng& rng_;
  std::int64_t last_ms_ = 0;
  std::uint32_t counter_ = 0;
};

/// The time inside a UUIDv7 (milliseconds).
WallTime uuid_time(const Uuid& id);
/// The smallest UUIDv7-shaped id of that millisecond, for range scans and partition bounds.
Uuid uuid_floor(WallTime time);

}  // namespace pawl

template <>
struct std::hash<pawl::Uuid> {
  std::size_t operator()(const pawl::Uuid& id) const noexcept {
    std::uint64_t low = 0;
    for (int i = 8; i < 16; ++i) low = low << 8 | id.bytes[static_cast<std::size_t>(i)];
    return static_cast<std::size_t>(low * 0x9E3779B97F4A7C15ull);
  }
};
