#include "api/auth/api_key.h"

#include <array>
#include <cstdio>

#include "common/base/rng.h"

namespace pawl::api {
namespace {

constexpr std::string_view kPrefix = "pawl_";
constexpr std::size_t kSecretLength = 43;  // 32 bytes in base64url
constexpr std::size_t kChecksumLength = 8;

std::string checksum(std::string_view secret) {
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), "%08x", crc32(secret));
  return text.data();
}

}  // namespace

NewApiKey make_api_key() {
  std::array<std::uint8_t, 32> random{};
  secure_random(random);
  const std::string secret =
      to_base64url(std::string_view(reinterpret_cast<const char*>(random.data()), random.size()));
  NewApiKey key;
  key.text = std::string(kPrefix) + secret + checksum(secret);
  key.prefix = key.text.substr(0, kPrefix.size() + 6);
  key.hash = sha256(key.text);
  return key;
}

std::optional<Sha256> api_key_hash(std::string_view text) {
  if (text.size() != kPrefix.size() + kSecretLength + kChecksumLength || !text.starts_with(kPrefix))
    return std::nullopt;
  const std::string_view secret = text.substr(kPrefix.size(), kSecretLength);
  if (!from_base64url(secret)) return std::nullopt;
  if (!constant_time_equal(text.substr(kPrefix.size() + kSecretLength), checksum(secret)))
    return std::nullopt;
  return sha256(text);
}

}  // namespace pawl::api
