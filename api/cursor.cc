#include "api/cursor.h"

#include "common/base/bytes.h"

namespace pawl::api {
namespace {

constexpr std::size_t kSealBytes = 16;

}  // namespace

std::string CursorCodec::seal(const Uuid& tenant, std::string_view list, std::string_view position) const {
  std::string text = tenant.to_string();
  text.append("\n").append(list).append("\n").append(position);
  const Sha256 mac = hmac_sha256(secret_, text);
  return std::string(reinterpret_cast<const char*>(mac.data()), kSealBytes);
}

std::string CursorCodec::encode(const Uuid& tenant, std::string_view list, std::string_view position) const {
  return to_base64url(seal(tenant, list, position) + std::string(position));
}

std::optional<std::string> CursorCodec::decode(const Uuid& tenant, std::string_view list,
                                               std::string_view cursor) const {
  const auto raw = from_base64url(cursor);
  if (!raw || raw->size() <= kSealBytes || to_base64url(*raw) != cursor) return std::nullopt;
  std::string position = raw->substr(kSealBytes);
  if (!constant_time_equal(raw->substr(0, kSealBytes), seal(tenant, list, position))) return std::nullopt;
  return position;
}

}  // namespace pawl::api
