// The text form of an API key: pawl_<43 characters: 256 random bits><8 hex: CRC-32>. Stored only as SHA-256.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/base/bytes.h"

namespace pawl::api {

struct NewApiKey {
  std::string text;    ///< shown once
  std::string prefix;  ///< kept for lists: pawl_ and the first six characters
  Sha256 hash{};
};

/// A key out of the kernel's randomness.
NewApiKey make_api_key();
/// The hash of a well-formed key. Errors: nullopt when prefix, length, alphabet or checksum are off (no
/// look-up is needed then).
std::optional<Sha256> api_key_hash(std::string_view text);

}  // namespace pawl::api
