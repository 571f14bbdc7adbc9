// API keys. A port; PgKeyStore and FakeStore implement it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/base/bytes.h"
#include "common/base/ids.h"
#include "common/base/result.h"

namespace pawl::store {

struct KeyRow {
  Uuid id;
  Uuid tenant;
  std::string name;
  std::string prefix;  ///< shown in lists
  std::vector<std::string> scopes;
  WallTime created_at{};
  std::optional<WallTime> expires_at = {}, revoked_at = {}, last_used_at = {};
  bool first_tenant = false;  ///< may make keys for other tenants
};

class KeyStore {
 public:
  virtual ~KeyStore() = default;
  /// By SHA-256 of the key; revoked and expired ones too (the caller tells them apart). Errors: kNotFound.
  virtual void find(Sha256 hash, MonoTime deadline, Done<KeyRow> done) = 0;
  /// `tenant_name` "" = `row.tenant`; else that tenant, made if need be.
  virtual void create(KeyRow row, Sha256 hash, std::string tenant_name, MonoTime deadline,
                      Done<KeyRow> done) = 0;
  virtual void list(Uuid tenant, MonoTime deadline, Done<std::vector<KeyRow>> done) = 0;
  /// Errors: kNotFound/not_found.
  virtual void revoke(Uuid tenant, Uuid id, MonoTime deadline, Done<void> done) = 0;
  /// Makes the first tenant and its admin key if there is no key at all; nullopt when there is one.
  virtual void bootstrap(KeyRow row, Sha256 hash, MonoTime deadline, Done<std::optional<KeyRow>> done) = 0;
};

}  // namespace pawl::store
