// Small byte codecs used on every layer: hex, base64, SHA-256, CRC-32.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pawl {

using Sha256 = std::array<std::uint8_t, 32>;

/// SHA-256 of `data` (OpenSSL).
Sha256 sha256(std::string_view data);
/// HMAC-SHA-256 (OpenSSL); for cursors and webhook signatures.
Sha256 hmac_sha256(std::string_view key, std::string_view data);
/// Lower-case hex.
std::string to_hex(std::string_view data);
inline std::string to_hex(const Sha256& digest) {
  return to_hex(std::string_view(reinterpret_cast<const char*>(digest.data()), digest.size()));
}
std::optional<std::string> from_hex(std::string_view text);
/// RFC 4648 §4, with padding.
std::string to_base64(std::string_view data);
/// Strict: padding required, no white space. Errors: nullopt.
std::optional<std::string> from_base64(std::string_view text);
/// RFC 4648 §5, without padding; for cursors, keys and tickets.
std::string to_base64url(std::string_view data);
std::optional<std::string> from_base64url(std::string_view text);
/// CRC-32 (IEEE), the checksum inside an API key.
std::uint32_t crc32(std::string_view data);
/// Compares in time that depends only on the lengths.
bool constant_time_equal(std::string_view a, std::string_view b);
/// True when `text` is well-formed UTF-8 without surrogates (RFC 3629).
bool is_valid_utf8(std::string_view text);

}  // namespace pawl
