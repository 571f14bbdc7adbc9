#include "common/store/values.h"

#include <algorithm>
#include <utility>

namespace pawl::store {

Sha256 to_sha256(std::string_view text) {
  Sha256 out{};
  if (!text.starts_with("\\x")) return out;
  const auto raw = from_hex(text.substr(2));
  if (!raw || raw->size() != out.size()) return out;
  std::transform(raw->begin(), raw->end(), out.begin(), [](char c) { return static_cast<std::uint8_t>(c); });
  return out;
}

std::vector<std::string> to_texts(std::string_view array) {
  std::vector<std::string> out;
  if (array.size() <= 2) return out;  // {} or nothing
  std::string current;
  bool quoted = false;
  for (std::size_t i = 1; i + 1 < array.size(); ++i) {
    const char c = array[i];
    if (c == '\\' && i + 2 < array.size())
      current.push_back(array[++i]);
    else if (c == '"')
      quoted = !quoted;
    else if (c == ',' && !quoted)
      out.push_back(std::exchange(current, {}));
    else
      current.push_back(c);
  }
  out.push_back(std::move(current));
  return out;
}

}  // namespace pawl::store
