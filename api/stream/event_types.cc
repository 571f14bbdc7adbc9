#include "api/stream/event_types.h"

#include <charconv>
#include <string>

namespace pawl::api::stream {
namespace {

constexpr auto kLastType = static_cast<unsigned>(EventType::kNotificationFailed);

}  // namespace

Result<TypeSet> TypeSet::parse(std::string_view list) {
  TypeSet set;
  set.bits_ = 0;
  while (true) {
    const std::size_t comma = list.find(',');
    const std::string_view word = list.substr(0, comma);
    std::uint64_t found = 0;
    for (unsigned n = 0; n <= kLastType; ++n) {
      const std::string_view name = to_string(static_cast<EventType>(n));
      const bool in_group =
          word.size() > 2 && word.ends_with(".*") && name.starts_with(word.substr(0, word.size() - 1));
      if (name == word || in_group) found |= std::uint64_t{1} << n;
    }
    if (found == 0) {
      return fail(ErrorKind::kInvalid, "bad_request",
                  "types: '" + std::string(word.substr(0, 64)) + "' is no type of event");
    }
    set.bits_ |= found;
    if (comma == std::string_view::npos) return set;
    list.remove_prefix(comma + 1);
  }
}

Result<std::uint64_t> parse_seq(std::string_view name, std::string_view text) {
  std::uint64_t seq = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seq);
  const bool is_number = !text.empty() && error == std::errc{} && end == text.data() + text.size();
  if (!is_number || seq > static_cast<std::uint64_t>(INT64_MAX)) {
    return fail(ErrorKind::kInvalid, "bad_request", std::string(name) + " must be the seq of an event");
  }
  return seq;
}

}  // namespace pawl::api::stream
