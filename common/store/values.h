// Between column values and ours, where common/db stops: hashes, text arrays, "" as null.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/bytes.h"
#include "common/db/params.h"

namespace pawl::store {

inline std::string_view view_of(const Sha256& hash) {
  return {reinterpret_cast<const char*>(hash.data()), hash.size()};
}
inline db::Param hash_param(const Sha256& hash) { return db::bytes_param(std::string(view_of(hash))); }
inline void add_or_null(db::TextArray& column, std::string_view value) {
  value.empty() ? column.add_null() : column.add(value);
}
inline db::Param text_or_null_param(std::string value) {
  return value.empty() ? db::null_param() : db::text_param(std::move(value));
}

/// A bytea column in text form (\x…) of 32 bytes; zeros when it is anything else.
Sha256 to_sha256(std::string_view text);
/// A text[] column in text form.
std::vector<std::string> to_texts(std::string_view array);

}  // namespace pawl::store
