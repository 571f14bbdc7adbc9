#include "common/store/pg_key_store.h"

#include <utility>

#include "common/store/run.h"
#include "common/store/values.h"

namespace pawl::store {
namespace {

const db::Statement kFind{"key_find", "SELECT * FROM pawl_key_by_hash($1)"};
const db::Statement kTenantNamed{"key_tenant_named", "SELECT pawl_tenant_named($1, $2)"};
const db::Statement kInsert{"key_insert", R"sql(
INSERT INTO api_keys (id, tenant_id, hash, name, prefix, scopes, expires_at) VALUES ($1, $2, $3, $4, $5,
  $6::text[], $7)
RETURNING created_at, (SELECT t.first FROM tenants t WHERE t.id = tenant_id))sql"};
const db::Statement kList{"key_list", R"sql(
SELECT k.id, k.tenant_id, k.name, k.prefix, k.scopes, k.created_at, k.expires_at, k.revoked_at,
  k.last_used_at, t.first
FROM api_keys k JOIN tenants t ON t.id = k.tenant_id WHERE k.tenant_id = $1 ORDER BY k.id)sql"};
const db::Statement kRevoke{"key_revoke", R"sql(
UPDATE api_keys SET revoked_at = coalesce(revoked_at, now()) WHERE tenant_id = $1 AND id = $2 RETURNING
  1)sql"};
const db::Statement kBootstrap{"key_bootstrap", "SELECT pawl_bootstrap($1, $2, $3, $4, $5, $6::text[])"};

KeyRow read_key(const db::Rows& rows, std::size_t row) {
  const auto time_at = [&](int column) -> std::optional<WallTime> {
    if (rows.is_null(row, column)) return std::nullopt;
    return rows.time(row, column);
  };
  return {rows.uuid(row, 0),
          rows.uuid(row, 1),
          std::string(rows.text(row, 2)),
          std::string(rows.text(row, 3)),
          to_texts(rows.text(row, 4)),
          rows.time(row, 5),
          time_at(6),
          time_at(7),
          time_at(8),
          rows.boolean(row, 9)};
}

}  // namespace

void PgKeyStore::find(Sha256 hash, MonoTime deadline, Done<KeyRow> done) {
  std::vector<db::Call> calls;
  calls.push_back({&kFind, {hash_param(hash)}});
  run<KeyRow>(pool_, std::move(calls), {}, deadline, std::move(done),
              [](const AllRows& rows) -> Result<KeyRow> {
                if (rows.front()->size() == 0)
                  return fail(ErrorKind::kNotFound, "not_found", "there is no such key");
                return read_key(*rows.front(), 0);
              });
}

void PgKeyStore::create(KeyRow row, Sha256 hash, std::string tenant_name, MonoTime deadline,
                        Done<KeyRow> done) {
  if (tenant_name.empty()) return insert(std::move(row), hash, deadline, std::move(done));
  std::vector<db::Call> calls;
  // The key's own id is as fresh as any for a tenant that has to be made.
  calls.push_back({&kTenantNamed, {db::uuid_param(row.id), db::text_param(std::move(tenant_name))}});
  run<Uuid>(
      pool_, std::move(calls), {}, deadline,
      [this, row = std::move(row), hash, deadline, done = std::move(done)](Result<Uuid> tenant) mutable {
        if (!tenant) return done(fail(tenant.error()));
        row.tenant = *tenant;
        insert(std::move(row), hash, deadline, std::move(done));
      },
      [](const AllRows& rows) -> Result<Uuid> { return rows.front()->uuid(0, 0); });
}

void PgKeyStore::insert(KeyRow row, Sha256 hash, MonoTime deadline, Done<KeyRow> done) {
  std::vector<db::Call> calls;
  calls.push_back(
      {&kInsert,
       {db::uuid_param(row.id), db::uuid_param(row.tenant), hash_param(hash), db::text_param(row.name),
        db::text_param(row.prefix), db::text_array(row.scopes), db::time_param(row.expires_at)}});
  const Uuid tenant = row.tenant;
  run<KeyRow>(pool_, std::move(calls), {tenant}, deadline, std::move(done),
              [row = std::move(row)](const AllRows& rows) mutable -> Result<KeyRow> {
                row.created_at = rows.front()->time(0, 0);
                row.first_tenant = rows.front()->boolean(0, 1);
                return std::move(row);
              });
}

void PgKeyStore::list(Uuid tenant, MonoTime deadline, Done<std::vector<KeyRow>> done) {
  std::vector<db::Call> calls;
  calls.push_back({&kList, {db::uuid_param(tenant)}});
  run<std::vector<KeyRow>>(pool_, std::move(calls), {tenant}, deadline, std::move(done),
                           [](const AllRows& all) -> Result<std::vector<KeyRow>> {
                             std::vector<KeyRow> keys;
                             for (std::size_t row = 0; row < all.front()->size(); ++row)
                               keys.push_back(read_key(*all.front(), row));
                             return keys;
                           });
}

void PgKeyStore::revoke(Uuid tenant, Uuid id, MonoTime deadline, Done<void> done) {
  std::vector<db::Call> calls;
  calls.push_back({&kRevoke, {db::uuid_param(tenant), db::uuid_param(id)}});
  run<void>(pool_, std::move(calls), {tenant}, deadline, std::move(done),
            [](const AllRows& rows) -> Result<void> {
              if (rows.front()->size() == 0)
                return fail(ErrorKind::kNotFound, "not_found", "there is no such key");
              return {};
            });
}

void PgKeyStore::bootstrap(KeyRow row, Sha256 hash, MonoTime deadline, Done<std::optional<KeyRow>> done) {
  std::vector<db::Call> calls;
  calls.push_back({&kBootstrap,
                   {db::uuid_param(row.tenant), db::uuid_param(row.id), hash_param(hash),
                    db::text_param(row.name), db::text_param(row.prefix), db::text_array(row.scopes)}});
  calls.push_back({&kFind, {hash_param(hash)}});
  run<std::optional<KeyRow>>(pool_, std::move(calls), {}, deadline, std::move(done),
                             [](const AllRows& rows) -> Result<std::optional<KeyRow>> {
                               if (!rows[0]->boolean(0, 0)) return std::optional<KeyRow>();
                               return std::optional<KeyRow>(read_key(*rows[1], 0));
                             });
}

}  // namespace pawl::store
