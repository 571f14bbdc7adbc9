#include "api/acceptance.h"

#include <memory>
#include <utility>

namespace pawl::api {
namespace {

using store::Accepted;

void publish_ticket(Services& services, const store::NewExecution& execution, const Accepted& accepted,
                    bool reply) {
  if (accepted.kind != Accepted::Kind::kNew || !accepted.ticket_now) return;
  broker::TicketMessage ticket;
  ticket.exec_id = accepted.exec_id;
  ticket.lane = execution.lane;
  ticket.priority = priority_class(execution.priority);
  ticket.traceparent = execution.traceparent;
  if (reply) ticket.reply_to = services.reply_key;
  // Unconfirmed, returned or lost: the keeper publishes it again. The answer never waits for the broker.
  services.publisher.publish(std::move(ticket), [](const Result<void>&) {});
}

}  // namespace

void accept_execution(Services& services, store::NewExecution execution, bool reply, MonoTime deadline,
                      Done<Accepted> done) {
  auto kept = std::make_shared<store::NewExecution>(execution);
  services.accepts.accept(
      std::move(execution), deadline,
      [&services, kept, reply, done = std::move(done)](Result<Accepted> accepted) {
        if (!accepted) return done(pawl::fail(std::move(accepted).error()));
        switch (accepted->kind) {
          case Accepted::Kind::kInProgress:
            return done(pawl::fail(ErrorKind::kConflict, "idempotency_in_progress",
                                   "a request with this key is being stored", "try again in a moment"));
          case Accepted::Kind::kKeyReused:
            return done(pawl::fail(ErrorKind::kInvalid, "idempotency_key_reused",
                                   "this key was used for another request", "use a new key"));
          default: break;
        }
        publish_ticket(services, *kept, *accepted, reply);
        done(std::move(*accepted));
      });
}

}  // namespace pawl::api
