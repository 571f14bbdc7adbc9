#include "api/trace.h"

#include <algorithm>

#include "common/base/bytes.h"

namespace pawl::api {
namespace {

bool is_hex_id(std::string_view text) {
  const bool hex = std::all_of(text.begin(), text.end(),
                               [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
  return hex && text.find_first_not_of('0') != std::string_view::npos;
}

std::string random_hex(Rng& rng, std::size_t bytes) {
  std::string raw;
  while (raw.size() < bytes) {
    std::uint64_t bits = rng.next();
    for (int i = 0; i < 8 && raw.size() < bytes; ++i, bits >>= 8)
      raw.push_back(static_cast<char>(bits & 0xFF));
  }
  return to_hex(raw);
}

}  // namespace

bool is_traceparent(std::string_view text) {
  if (text.size() != 55 || text.substr(0, 3) != "00-" || text[35] != '-' || text[52] != '-') return false;
  const std::string_view flags = text.substr(53);
  const bool hex_flags = flags.find_first_not_of("0123456789abcdef") == std::string_view::npos;
  return hex_flags && is_hex_id(text.substr(3, 32)) && is_hex_id(text.substr(36, 16));
}

std::string traceparent_of(const http::Headers& headers, Rng& rng) {
  const auto given = headers.get("traceparent");
  if (given && is_traceparent(*given)) return std::string(*given);
  return "00-" + random_hex(rng, 16) + "-" + random_hex(rng, 8) + "-01";
}

}  // namespace pawl::api
