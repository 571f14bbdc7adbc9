// Watching: the stream of one execution, and tickets for browsers. Everything is checked before the stream
// opens, so that what is wrong is answered as everywhere else.
#include <utility>

#include "api/fields.h"
#include "api/handlers/handlers.h"
#include "api/handlers/stream_outlet.h"
#include "api/paging.h"
#include "api/stream/limits.h"
#include "api/stream/log_watcher.h"
#include "api/stream/origin.h"
#include "api/ws/handshake.h"

namespace pawl::api {
namespace {

/// Where to begin and what to send. A client that comes back says so in Last-Event-ID, which then counts more
/// than the address it was first given.
Result<stream::LedgerRequest> request_of(const Call& call) {
  TRY(only_queries(call, {"after_seq", "types", "ticket"}));
  stream::LedgerRequest request;
  const auto types = call.query.get("types");
  if (types && !types->empty()) request.types = TRY(stream::TypeSet::parse(*types));
  if (const auto after = call.query.get("after_seq"))
    request.after_seq = TRY(stream::parse_seq("after_seq", *after));
  const http::Headers& headers = call.exchange->head().headers;
  if (const auto last = headers.get("last-event-id"))
    request.after_seq = TRY(stream::parse_seq("Last-Event-ID", *last));
  request.exec_id = TRY(call.exec_id());
  return request;
}

void watch_execution(Services& services, const CallPtr& call) {
  const auto request = request_of(*call);
  if (!request) return call->fail(request.error());
  services.stream_store.position(
      call->principal.tenant, request->exec_id, call->deadline,
      [&services, call, request = *request](const Result<store::LedgerPosition>& position) {
        if (!position) return call->fail(position.error());
        if (call->exchange->aborted()) return;
        const auto make = stream_outlet(services, call, StreamForm::kEvents);
        if (make) services.hub.watch(call->principal, request, *position, *make);
      });
}

/// The events of all executions. A client that comes back names the last event it has seen; its id is a time.
void watch_executions(Services& services, const CallPtr& call) {
  if (auto known = only_queries(*call, {"status", "task_id", "ticket"}, "label."); !known)
    return call->fail(known.error());
  stream::OverviewRequest request;
  const auto statuses = call->query.get("status");
  if (statuses && !statuses->empty()) {
    auto parsed = parse_statuses(*statuses);
    if (!parsed) return call->fail(parsed.error());
    request.statuses = std::move(*parsed);
  }
  request.task_id = std::string(call->query.get("task_id").value_or(""));
  for (const auto& [name, value] : call->query.all()) {
    if (name.starts_with("label.")) request.labels[name.substr(6)] = value;
  }
  if (const auto last = call->exchange->head().headers.get("last-event-id")) {
    const auto micros = stream::parse_seq("Last-Event-ID", *last);
    if (!micros) return call->fail(micros.error());
    request.since = WallTime(Micros(static_cast<std::int64_t>(*micros)));
  }
  const auto make = stream_outlet(services, call, StreamForm::kEvents);
  if (make) services.overview.watch(call->principal, std::move(request), *make);
}

void create_ticket(Services& services, const CallPtr& call) {
  if (auto known = only_queries(*call, {}); !known) return call->fail(known.error());
  Fields fields(call->body);
  if (auto done = fields.finish(); !done) return call->fail(done.error());
  services.tickets.make(call->principal, call->deadline, [call](const Result<std::string>& ticket) {
    if (!ticket) return call->fail(ticket.error());
    constexpr auto kSeconds =
        std::chrono::duration_cast<std::chrono::seconds>(stream::kTicketLifetime).count();
    call->answer(http::success(201, "ticket", json::Object{{"ticket", *ticket}, {"expires_in", kSeconds}})
                     .header("Cache-Control", "no-store"));
  });
}

Route stream_route(Services& services, std::string_view pattern, std::string id,
                   void (*handler)(Services&, const CallPtr&)) {
  Route route =
      route_of(services, http::Method::kGet, pattern, std::move(id), Scope::kExecRead, Body::kNone, handler);
  route.produces = "text/event-stream";
  route.takes_tickets = true;
  return route;
}

}  // namespace

std::optional<stream::MakeOutlet> stream_outlet(Services& services, const CallPtr& call, StreamForm form) {
  const http::RequestHead& head = call->exchange->head();
  const auto refuse = [&call](const Error& error) {
    call->fail(error);
    return std::nullopt;
  };
  const auto origin = stream::check_origin(head, services.allowed_origins);
  if (!origin) return refuse(origin.error());
  if (auto room = services.streams.admit(); !room) return refuse(room.error());
  if (head.method == http::Method::kHead) {
    http::Response answer;
    answer.content_type = call->route->produces;
    answer.body = "\n";
    call->answer(std::move(answer));
    return std::nullopt;
  }
  if (form == StreamForm::kPlainText) return stream::make_plain_text(services.loop, call->exchange);
  if (!ws::asks_to_upgrade(head)) return stream::make_sse(services.loop, call->exchange, *origin);
  auto accept = ws::accept_key(head);
  if (accept) return stream::make_websocket(services.loop, call->exchange, std::move(*accept));
  http::Response refused = http::failure(accept.error(), call->style);
  if (refused.status == 426) refused.header("Sec-WebSocket-Version", "13").header("Upgrade", "websocket");
  call->answer(std::move(refused));
  return std::nullopt;
}

void add_stream_routes(Services& services, std::vector<Route>& routes) {
  routes.push_back(
      stream_route(services, "/executions/tasks/{exec_id}/stream", "streamExecution", watch_execution));
  routes.push_back(
      stream_route(services, "/executions/{exec_id}/stream", "streamExecutionAlias", watch_execution));
  routes.push_back(stream_route(services, "/executions/stream", "streamExecutions", watch_executions));
  routes.push_back(route_of(services, http::Method::kPost, "/tickets", "createTicket", Scope::kExecRead,
                            Body::kObject, create_ticket));
}

}  // namespace pawl::api
