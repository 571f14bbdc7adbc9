// Circuit breakers for operators: what is not well, and orders that every worker obeys. Served on the
// operations port.
#include <map>

#include "api/fields.h"
#include "api/handlers/admin.h"
#include "api/limits.h"
#include "api/paging.h"
#include "common/base/time_format.h"
#include "common/store/breaker_message.h"

namespace pawl::api {
namespace {

constexpr std::size_t kMaxTool = 64;
constexpr std::size_t kMaxTarget = 300;           // a host name and a port
constexpr Millis kLongestFor{30 * 86'400'000LL};  // "for" at most; who wants longer opens it without
constexpr char kBetween = '\n';                   // tool and target in a cursor

json::Value breaker_json(const store::BreakerRow& row) {
  const bool is_timed = row.remaining && (row.state == "open" || row.state == "half_open");
  return json::Object{
      {"tool", row.key.tool},
      {"target", row.key.target},
      {"state", row.state},
      {"generation", row.generation},
      {"openings", row.openings},
      {"retry_after", is_timed ? json::Value(format_duration(*row.remaining)) : json::Value()},
      {"retry_after_ms", is_timed ? json::Value(row.remaining->count()) : json::Value()},
      {"changed_at", format_rfc3339(row.changed_at)}};
}

void list_breakers(Services& services, const CallPtr& call) {
  if (auto known = only_queries(*call, {"cursor", "limit"}); !known) return call->fail(known.error());
  const auto page = page_of(*call, services.cursors, "breakers", kMaxPage, kMaxPage);
  if (!page) return call->fail(page.error());
  std::optional<store::BreakerKey> after;
  if (const std::size_t at = page->cursor.find(kBetween); at != std::string::npos)
    after =
        store::BreakerKey{call->principal.tenant, page->cursor.substr(0, at), page->cursor.substr(at + 1)};
  const int limit = page->limit;
  services.breakers.list(
      call->principal.tenant, after, limit + 1, call->deadline,
      [&services, call, limit](Result<std::vector<store::BreakerRow>> rows) {
        if (!rows) return call->fail(rows.error());
        std::string next;
        if (static_cast<int>(rows->size()) > limit) {
          rows->pop_back();
          next = rows->back().key.tool + kBetween + rows->back().key.target;
        }
        json::Array items;
        for (const store::BreakerRow& row : *rows) items.push_back(breaker_json(row));
        call->answer(200, "breakers", page_json(*call, services.cursors, "breakers", std::move(items), next));
      });
}

/// The state that an action asks for.
std::optional<std::string> state_of(Fields& fields, std::optional<Millis> open_for) {
  static const std::map<std::string, std::string, std::less<>> kStates = {{"open", "forced_open"},
                                                                          {"reset", "closed"},
                                                                          {"disable", "disabled"},
                                                                          {"metrics_only", "metrics_only"},
                                                                          {"half_open", "half_open"}};
  fields.require("action");
  const auto action = fields.text("action", 1, kMaxTool);
  if (!action) return std::nullopt;
  const auto found = kStates.find(*action);
  if (found == kStates.end()) {
    fields.fault("action", "unknown_value", "must be one of open, reset, disable, metrics_only, half_open");
    return std::nullopt;
  }
  if (open_for && *action != "open") fields.fault("for", "not_allowed", "goes with the action open only");
  if (open_for && (*open_for <= Millis{0} || *open_for > kLongestFor))
    fields.fault("for", "out_of_range", "must be above 0 and at most 30 days");
  return open_for ? "open" : found->second;
}

void set_breaker(Services& services, const CallPtr& call) {
  if (auto known = only_queries(*call, {}); !known) return call->fail(known.error());
  Fields fields(call->body);
  store::BreakerRow row;
  row.key.tenant = call->principal.tenant;
  fields.require("tool");
  row.key.tool = fields.text("tool", 1, kMaxTool).value_or("");
  fields.require("target");
  row.key.target = fields.text("target", 1, kMaxTarget).value_or("");
  if (!row.key.target.empty() && row.key.target.find(':') == std::string::npos)
    fields.fault("target", "invalid_value", "must be host:port, as in the list of breakers");
  row.remaining = fields.duration("for");
  row.state = state_of(fields, row.remaining).value_or("");
  const std::string reason = fields.text("reason", 0, kMaxReason).value_or("");
  if (auto done = fields.finish(); !done) return call->fail(done.error());
  services.breakers.order(std::move(row), call->deadline,
                          [&services, call, reason](Result<store::BreakerRow> set) {
                            if (!set) return call->fail(set.error());
                            services.log.warn("circuit breaker set by hand", {{"tool", set->key.tool},
                                                                              {"target", set->key.target},
                                                                              {"state", set->state},
                                                                              {"reason", reason}});
                            services.bus.send_control("all", store::breaker_message(*set));
                            call->answer(200, "breaker set", breaker_json(*set));
                          });
}

}  // namespace

void add_breaker_routes(Services& services, std::vector<Route>& routes) {
  using enum http::Method;
  const auto add = [&](http::Method method, std::string id, Scope scope, Body body,
                       void (*handler)(Services&, const CallPtr&)) {
    routes.push_back(Route{method, "/admin/breakers", std::move(id), scope, body,
                           [&services, handler](const CallPtr& call) { handler(services, call); }});
  };
  add(kGet, "listBreakers", Scope::kOpsMetrics, Body::kNone, list_breakers);
  add(kPost, "setBreaker", Scope::kAdminBreakers, Body::kObject, set_breaker);
}

}  // namespace pawl::api
