#include "api/gate.h"

#include <utility>

#include "api/limits.h"
#include "common/http/limits.h"
#include "common/json/parse.h"

namespace pawl::api {
namespace {

/// "application/json" of "application/json; charset=utf-8", lower case left as it is.
std::string_view media_type(std::string_view header) {
  std::string_view type = header.substr(0, header.find(';'));
  while (!type.empty() && type.back() == ' ') type.remove_suffix(1);
  while (!type.empty() && type.front() == ' ') type.remove_prefix(1);
  return type;
}

/// Does the Accept header let `type` through? Ranges with q=0 refuse.
bool accepts(std::string_view accept, std::string_view type) {
  const std::string_view group = type.substr(0, type.find('/'));
  while (!accept.empty()) {
    const std::size_t comma = accept.find(',');
    const std::string_view item = accept.substr(0, comma);
    accept = comma == std::string_view::npos ? std::string_view{} : accept.substr(comma + 1);
    const std::string_view range = media_type(item);
    const bool refused =
        item.find("q=0") != std::string_view::npos && item.find("q=0.") == std::string_view::npos;
    if (refused) continue;
    if (range == "*/*" || http::equals_ignoring_case(range, type)) return true;
    if (range.size() == group.size() + 2 && range.ends_with("/*") &&
        http::equals_ignoring_case(range.substr(0, group.size()), group))
      return true;
    if (type == "application/json" && http::equals_ignoring_case(range, "application/problem+json"))
      return true;
  }
  return false;
}

std::shared_ptr<Call> call_of(const http::ExchangePtr& exchange) {
  return std::static_pointer_cast<Call>(exchange->context);
}

}  // namespace

Gate::Gate(Loop& loop, Authenticator& authenticator, stream::Tickets* tickets, std::vector<Route> routes,
           Millis accept_deadline)
    : loop_(loop),
      authenticator_(authenticator),
      tickets_(tickets),
      routes_(std::move(routes)),
      accept_deadline_(accept_deadline) {
  for (std::size_t i = 0; i < routes_.size(); ++i) router_.add(routes_[i].method, routes_[i].pattern, i);
}

void Gate::on_head(const http::ExchangePtr& exchange) {
  auto call = std::make_shared<Call>();
  call->exchange = exchange;
  call->style = http::error_style(exchange->head());
  call->deadline = loop_.now() + accept_deadline_;
  if (exchange->head().method == http::Method::kConnect && !exchange->head().path().starts_with('/')) {
    // Its target is no path: nothing here is a proxy.
    const Error error{ErrorKind::kInvalid, "method_not_allowed", "CONNECT is not served"};
    return call->answer(http::failure(error, call->style).header("Allow", "GET, HEAD, POST, PUT, DELETE"));
  }
  auto query = http::Query::parse(exchange->head().query());
  if (!query) return refuse(call, query.error());
  call->query = std::move(*query);
  http::Router::Match match = router_.match(exchange->head().method, exchange->head().path());
  switch (match.kind) {
    case http::Router::Match::Kind::kBadPath:
      return refuse(call, {ErrorKind::kInvalid, "bad_request", "the path is not well-formed"});
    case http::Router::Match::Kind::kNotFound:
      return refuse(call, {ErrorKind::kNotFound, "not_found",
                           "there is no such route; GET /api/v0/openapi.yaml lists them"});
    case http::Router::Match::Kind::kMethodNotAllowed: {
      ++stats_.refused;
      const Error error{ErrorKind::kInvalid, "method_not_allowed", "this path serves " + match.allow};
      return call->answer(http::failure(error, call->style).header("Allow", match.allow));
    }
    case http::Router::Match::Kind::kFound: break;
  }
  call->route = &routes_[match.id];
  call->params = std::move(match.params);
  if (call->route->scope == Scope::kNone) return admit(call);
  authenticate(call, [this, call](Result<Principal> principal) {
    if (!principal) return refuse(call, principal.error());
    call->principal = std::move(*principal);
    if (!grants(call->principal.scopes, call->route->scope)) {
      const std::string needed(to_string(call->route->scope));
      return refuse(
          call, {ErrorKind::kPermission, "insufficient_scope", "this needs a key with the scope " + needed});
    }
    admit(call);
  });
}

/// A header counts more than a ticket, which then stays unused.
void Gate::authenticate(const CallPtr& call, std::function<void(Result<Principal>)> done) {
  const http::Headers& headers = call->exchange->head().headers;
  const auto ticket = call->query.get("ticket");
  const bool by_ticket =
      tickets_ != nullptr && call->route->takes_tickets && ticket && !headers.get("authorization");
  if (by_ticket) return tickets_->use(*ticket, call->deadline, std::move(done));
  authenticator_.authenticate(headers, done);
}

void Gate::admit(const CallPtr& call) {
  if (auto types = check_types(*call); !types) return refuse(call, types.error());
  ++stats_.admitted;
  call->exchange->context = call;
  call->exchange->proceed(call->route->body == Body::kNone ? http::Limits{}.max_discarded_body : kMaxBody);
}

Result<void> Gate::check_types(const Call& call) const {
  const http::RequestHead& head = call.exchange->head();
  if (call.route->body == Body::kObject && head.has_body()) {
    const auto type = head.headers.get("content-type");
    if (!type || !http::equals_ignoring_case(media_type(*type), "application/json"))
      return pawl::fail(ErrorKind::kInvalid, "unsupported_media_type",
                        "send the body as Content-Type: application/json");
  }
  const auto accept = head.headers.get("accept");
  // Where a WebSocket is asked for there is no type to agree on.
  if (accept && !accept->empty() && !head.upgrade && !accepts(*accept, call.route->produces))
    return pawl::fail(ErrorKind::kInvalid, "not_acceptable", "this answers " + call.route->produces);
  return {};
}

void Gate::refuse(const CallPtr& call, const Error& error) {
  ++stats_.refused;
  call->fail(error);
}

void Gate::on_request(const http::ExchangePtr& exchange) {
  const CallPtr call = call_of(exchange);
  // The context held the call and the call the exchange: the ring is opened here.
  exchange->context.reset();
  if (call->route->body == Body::kObject) {
    const std::string text = std::move(exchange->body());
    if (text.empty()) {
      call->body = json::Object{};
    } else {
      auto parsed = json::parse(text);
      if (!parsed) return refuse(call, parsed.error());
      call->body = std::move(*parsed);
    }
  }
  call->route->handle(call);
}

http::Response Gate::on_bad_request(int status, std::string_view code, std::string_view message) {
  ++stats_.refused;
  const ErrorKind kind = status >= 500 ? ErrorKind::kInternal : ErrorKind::kInvalid;
  return http::failure({kind, std::string(code), std::string(message)}, http::ErrorStyle::kEnvelope);
}

}  // namespace pawl::api
