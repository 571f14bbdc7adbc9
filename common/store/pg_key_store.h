// API keys in Postgres. Looked up by hash before a tenant is known, through functions that run as the
// schema's owner.
#pragma once

#include "common/db/pool.h"
#include "common/store/key_store.h"

namespace pawl::store {

/// `pool` connects as pawl_api and outlives this.
class PgKeyStore final : public KeyStore {
 public:
  explicit PgKeyStore(db::Pool& pool) : pool_(pool) {}

  void find(Sha256 hash, MonoTime deadline, Done<KeyRow> done) override;
  void create(KeyRow row, Sha256 hash, std::string tenant_name, MonoTime deadline,
              Done<KeyRow> done) override;
  void list(Uuid tenant, MonoTime deadline, Done<std::vector<KeyRow>> done) override;
  void revoke(Uuid tenant, Uuid id, MonoTime deadline, Done<void> done) override;
  void bootstrap(KeyRow row, Sha256 hash, MonoTime deadline, Done<std::optional<KeyRow>> done) override;

 private:
  void insert(KeyRow row, Sha256 hash, MonoTime deadline, Done<KeyRow> done);

  db::Pool& pool_;
};

}  // namespace pawl::store
