#include "api/auth/authenticator.h"

#include <chrono>
#include <cstring>
#include <utility>

#include "api/auth/api_key.h"
#include "api/limits.h"

namespace pawl::api {
namespace {

tl::unexpected<Error> refuse(std::string code, std::string message) {
  return fail(ErrorKind::kPermission, std::move(code), std::move(message));
}

/// The token of "Bearer <token>"; nullopt for any other header.
std::optional<std::string_view> bearer_token(const http::Headers& headers) {
  const auto header = headers.get("authorization");
  constexpr std::string_view kScheme = "bearer ";
  if (!header || header->size() <= kScheme.size()) return std::nullopt;
  if (!http::equals_ignoring_case(header->substr(0, kScheme.size()), kScheme)) return std::nullopt;
  std::string_view token = header->substr(kScheme.size());
  while (!token.empty() && token.front() == ' ') token.remove_prefix(1);
  return token;
}

}  // namespace

std::size_t Authenticator::HashOfHash::operator()(const Sha256& hash) const noexcept {
  std::size_t value = 0;
  std::memcpy(&value, hash.data(), sizeof(value));
  return value;
}

void Authenticator::authenticate(const http::Headers& headers,
                                 const std::function<void(Result<Principal>)>& done) {
  const auto token = bearer_token(headers);
  if (!token) return done(refuse("unauthenticated", "send the header 'Authorization: Bearer <api key>'"));
  const auto hash = api_key_hash(*token);
  if (!hash)
    return done(refuse("token_invalid", "this is no API key of ours: check that it was copied whole"));
  check(*hash, done);
}

void Authenticator::check(const Sha256& hash, const std::function<void(Result<Principal>)>& done) {
  const auto found = cache_.find(hash);
  if (found != cache_.end() && loop_.now() < found->second.fresh_until)
    return done(judge(hash, found->second));
  auto& waiters = waiting_[hash];
  waiters.push_back(done);
  if (waiters.size() > 1) return;
  keys_.find(hash, loop_.now() + Millis{2000},
             [this, hash](Result<store::KeyRow> row) { fetched(hash, std::move(row)); });
}

void Authenticator::fetched(const Sha256& hash, Result<store::KeyRow> row) {
  const auto waiters = std::exchange(waiting_[hash], {});
  waiting_.erase(hash);
  Result<Principal> answer = refuse("token_invalid", "no such API key");
  if (row) {
    // A full cache is emptied: simple, and refilled by the next requests.
    if (cache_.size() >= kMaxCachedKeys) cache_.clear();
    Entry& entry = cache_[hash];
    entry = Entry{std::move(*row), 0, loop_.now() + kKeyFresh};
    entry.scopes = scope_set(entry.row.scopes);
    answer = judge(hash, entry);
  } else {
    cache_.erase(hash);
    if (row.error().kind != ErrorKind::kNotFound)
      answer =
          fail(ErrorKind::kUnavailable, "unavailable", "the key could not be checked; try again in a moment");
  }
  for (const Waiter& waiter : waiters) waiter(answer);
}

Result<Principal> Authenticator::judge(const Sha256& hash, const Entry& entry) {
  if (entry.row.revoked_at) return refuse("key_revoked", "this API key was revoked; ask for a new one");
  // Expiry is a calendar date chosen by people: the one place where the wall clock decides.
  if (entry.row.expires_at &&
      *entry.row.expires_at <= std::chrono::time_point_cast<Micros>(std::chrono::system_clock::now()))
    return refuse("token_expired", "this API key has expired; ask for a new one");
  return Principal{entry.row.id,           entry.row.tenant, entry.scopes,
                   entry.row.first_tenant, entry.row.name,   hash};
}

void Authenticator::forget(const Uuid& key_id) {
  std::erase_if(cache_, [&key_id](const auto& item) { return item.second.row.id == key_id; });
}

}  // namespace pawl::api
