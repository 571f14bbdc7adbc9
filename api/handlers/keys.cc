// API keys: create (shown once), list, revoke.
#include <algorithm>

#include "api/auth/api_key.h"
#include "api/fields.h"
#include "api/handlers/handlers.h"
#include "api/paging.h"
#include "common/base/time_format.h"

namespace pawl::api {
namespace {

json::Value key_json(const store::KeyRow& row) {
  const auto time = [](const std::optional<WallTime>& at) {
    return at ? json::Value(format_rfc3339(*at)) : json::Value();
  };
  json::Array scopes(row.scopes.begin(), row.scopes.end());
  return json::Object{{"id", row.id.to_string()},
                      {"name", row.name},
                      {"prefix", row.prefix},
                      {"scopes", std::move(scopes)},
                      {"created_at", format_rfc3339(row.created_at)},
                      {"expires_at", time(row.expires_at)},
                      {"revoked_at", time(row.revoked_at)},
                      {"last_used_at", time(row.last_used_at)}};
}

std::vector<std::string> read_scopes(Fields& fields, const Principal& principal) {
  auto scopes = fields.texts("scopes", all_scopes().size());
  if (!scopes) return fields.require("scopes"), std::vector<std::string>{};
  if (scopes->empty()) fields.fault("scopes", "too_few", "must name at least one scope");
  for (const std::string& name : *scopes) {
    const auto scope = parse_scope(name);
    if (!scope)
      fields.fault("scopes", "unknown_value", "'" + name + "' is no scope");
    else if (!grants(principal.scopes, *scope))
      fields.fault("scopes", "scope_not_held", "a key can't give '" + name + "', which it does not hold");
  }
  std::sort(scopes->begin(), scopes->end());
  scopes->erase(std::unique(scopes->begin(), scopes->end()), scopes->end());
  return *scopes;
}

void create_key(Services& services, const CallPtr& call) {
  if (auto known = only_queries(*call, {}); !known) return call->fail(known.error());
  Fields fields(call->body);
  store::KeyRow row;
  row.name = fields.text("name", 1, 128).value_or("");
  fields.require("name");
  row.scopes = read_scopes(fields, call->principal);
  row.expires_at = fields.time("expires_at");
  const std::string tenant = fields.text("tenant", 1, 64).value_or("");
  if (auto done = fields.finish(); !done) return call->fail(done.error());
  if (!tenant.empty() && !call->principal.first_tenant) {
    return call->fail({ErrorKind::kPermission, "insufficient_scope",
                       "only keys of the first tenant make keys for other tenants"});
  }
  const NewApiKey key = make_api_key();
  row.id = UuidGenerator(services.rng).next(SystemClock().wall());
  row.tenant = call->principal.tenant;
  row.prefix = key.prefix;
  services.keys.create(std::move(row), key.hash, tenant, call->deadline,
                       [call, key](Result<store::KeyRow> created) {
                         if (!created) return call->fail(created.error());
                         json::Object data = key_json(*created).as_object();
                         data.set("key", key.text).set("tenant", created->tenant.to_string());
                         call->answer(http::success(201, "key created; it is shown only now", std::move(data))
                                          .header("Location", "/api/v0/keys/" + created->id.to_string()));
                       });
}

void list_keys(Services& services, const CallPtr& call) {
  if (auto known = only_queries(*call, {}); !known) return call->fail(known.error());
  services.keys.list(
      call->principal.tenant, call->deadline, [&services, call](Result<std::vector<store::KeyRow>> keys) {
        if (!keys) return call->fail(keys.error());
        json::Array items;
        for (const store::KeyRow& row : *keys) items.push_back(key_json(row));
        call->answer(200, "keys", page_json(*call, services.cursors, "keys", std::move(items), ""));
      });
}

void revoke_key(Services& services, const CallPtr& call) {
  if (auto known = only_queries(*call, {}); !known) return call->fail(known.error());
  const auto id = Uuid::parse(call->param("key_id"));
  if (!id) return call->fail(not_found("key"));
  services.keys.revoke(call->principal.tenant, *id, call->deadline,
                       [&services, call, id = *id](Result<void> revoked) {
                         if (!revoked) return call->fail(revoked.error());
                         services.authenticator.forget(id);
                         services.bus.send_control("all", json::Object{{"revoked_key", id.to_string()}});
                         call->answer(http::Response{.status = 204});
                       });
}

}  // namespace

void add_key_routes(Services& services, std::vector<Route>& routes) {
  using enum http::Method;
  routes.push_back(
      route_of(services, kPost, "/keys", "createKey", Scope::kAdminKeys, Body::kObject, create_key));
  routes.push_back(route_of(services, kGet, "/keys", "listKeys", Scope::kAdminKeys, Body::kNone, list_keys));
  routes.push_back(
      route_of(services, kDelete, "/keys/{key_id}", "revokeKey", Scope::kAdminKeys, Body::kNone, revoke_key));
}

}  // namespace pawl::api
