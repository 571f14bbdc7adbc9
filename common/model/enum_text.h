// Words of an enum as a table: one row per enumerator, in order, read both ways.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

#include "common/base/assert.h"

namespace pawl {

/// `texts[i]` is the word of the enumerator with the value i.
template <std::size_t N>
using EnumTexts = std::array<std::string_view, N>;

template <typename E, std::size_t N>
std::string_view text_of(const EnumTexts<N>& texts, E value) {
  const auto at = static_cast<std::size_t>(value);
  PAWL_ASSERT(at < N, "an enum holds one of its enumerators");
  return texts[at];
}

template <typename E, std::size_t N>
std::optional<E> value_of(const EnumTexts<N>& texts, std::string_view text) {
  for (std::size_t i = 0; i < N; ++i) {
    if (texts[i] == text) return static_cast<E>(i);
  }
  return std::nullopt;
}

}  // namespace pawl
