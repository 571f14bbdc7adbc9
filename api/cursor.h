// Page cursors: opaque, bound to tenant and list, tamper-proof (HMAC). They hold a position, never a filter.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/base/ids.h"

namespace pawl::api {

class CursorCodec {
 public:
  /// `secret` is shared by all API processes of an installation.
  explicit CursorCodec(std::string secret) : secret_(std::move(secret)) {}

  [[nodiscard]] std::string encode(const Uuid& tenant, std::string_view list,
                                   std::string_view position) const;
  /// Errors: nullopt for anything that encode did not make for this tenant and list.
  [[nodiscard]] std::optional<std::string> decode(const Uuid& tenant, std::string_view list,
                                                  std::string_view cursor) const;

 private:
  [[nodiscard]] std::string seal(const Uuid& tenant, std::string_view list, std::string_view position) const;

  std::string secret_;
};

}  // namespace pawl::api
