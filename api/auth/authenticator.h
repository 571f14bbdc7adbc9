// Who is calling: checks the Authorization header against the stored keys, through a small cache that forgets
// fast enough for revocation to be felt within 5 s. Credentials in the URL are never looked at.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "api/scopes.h"
#include "common/base/result.h"
#include "common/http/request.h"
#include "common/loop/loop.h"
#include "common/store/key_store.h"

namespace pawl::api {

struct Principal {
  Uuid key_id;
  Uuid tenant;
  ScopeSet scopes = 0;
  bool first_tenant = false;
  std::string name;
  Sha256 key_hash{};  ///< for asking again whether the key still holds
};

class Authenticator {
 public:
  Authenticator(Loop& loop, store::KeyStore& keys) : loop_(loop), keys_(keys) {}

  /// Errors: kPermission with unauthenticated, token_invalid, token_expired or key_revoked; kUnavailable.
  /// `done` may be called at once when the key is cached (this is no port; the gate expects it).
  void authenticate(const http::Headers& headers, const std::function<void(Result<Principal>)>& done);
  /// The same for a key that is known by its hash: a ticket's, or one whose streams are open.
  void check(const Sha256& hash, const std::function<void(Result<Principal>)>& done);
  /// Forgets a key now (it was revoked through this process).
  void forget(const Uuid& key_id);

 private:
  struct Entry {
    store::KeyRow row;
    ScopeSet scopes = 0;
    MonoTime fresh_until{};
  };
  using Waiter = std::function<void(Result<Principal>)>;
  struct HashOfHash {
    std::size_t operator()(const Sha256& hash) const noexcept;
  };
  static Result<Principal> judge(const Sha256& hash, const Entry& entry);
  void fetched(const Sha256& hash, Result<store::KeyRow> row);

  Loop& loop_;
  store::KeyStore& keys_;
  std::unordered_map<Sha256, Entry, HashOfHash> cache_;
  std::unordered_map<Sha256, std::vector<Waiter>, HashOfHash> waiting_;
};

}  // namespace pawl::api
