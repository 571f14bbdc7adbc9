// Which types of events a watcher wants: `?types=`. Pure.
#pragma once

#include <cstdint>
#include <string_view>

#include "common/base/result.h"
#include "common/model/event.h"

namespace pawl::api::stream {

class TypeSet {
 public:
  /// All of them.
  TypeSet() = default;
  /// "step.committed,execution.*". Errors: kInvalid/bad_request naming what is no type.
  static Result<TypeSet> parse(std::string_view list);
  [[nodiscard]] bool has(EventType type) const { return (bits_ >> static_cast<unsigned>(type) & 1U) != 0; }

 private:
  std::uint64_t bits_ = ~std::uint64_t{0};
};

/// The number of an event, as in `?after_seq=` and `Last-Event-ID`. Errors: kInvalid/bad_request.
Result<std::uint64_t> parse_seq(std::string_view name, std::string_view text);

}  // namespace pawl::api::stream
