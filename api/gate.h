// What stands before every handler, in the order of http-api.md §1: route, method, credential, scope, types,
// size, JSON. One place decides who may do what.
#pragma once

#include <memory>
#include <vector>

#include "api/auth/authenticator.h"
#include "api/routes.h"
#include "api/stream/tickets.h"
#include "common/http/exchange.h"
#include "common/http/router.h"
#include "common/loop/loop.h"

namespace pawl::api {

struct GateStats {
  std::uint64_t admitted = 0, refused = 0;
};

class Gate final : public http::Application {
 public:
  /// `tickets`: for routes that take them; may be null where there are none.
  Gate(Loop& loop, Authenticator& authenticator, stream::Tickets* tickets, std::vector<Route> routes,
       Millis accept_deadline);

  void on_head(const http::ExchangePtr& exchange) override;
  void on_request(const http::ExchangePtr& exchange) override;
  http::Response on_bad_request(int status, std::string_view code, std::string_view message) override;

  [[nodiscard]] const std::vector<Route>& routes() const { return routes_; }
  [[nodiscard]] const GateStats& stats() const { return stats_; }

 private:
  void authenticate(const CallPtr& call, std::function<void(Result<Principal>)> done);
  void admit(const CallPtr& call);
  void refuse(const CallPtr& call, const Error& error);
  Result<void> check_types(const Call& call) const;

  Loop& loop_;
  Authenticator& authenticator_;
  stream::Tickets* tickets_;
  std::vector<Route> routes_;
  Millis accept_deadline_;
  http::Router router_;
  GateStats stats_;
};

}  // namespace pawl::api
