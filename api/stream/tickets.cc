#include "api/stream/tickets.h"

#include <array>
#include <utility>

#include "api/stream/limits.h"
#include "common/base/bytes.h"
#include "common/base/rng.h"

namespace pawl::api::stream {
namespace {

constexpr std::size_t kTicketBytes = 32;

tl::unexpected<Error> no_ticket() {
  return fail(ErrorKind::kPermission, "token_invalid",
              "this ticket is unknown, expired or used; get another one by POST /tickets");
}

}  // namespace

void Tickets::make(const Principal& principal, MonoTime deadline, Done<std::string> done) {
  std::array<std::uint8_t, kTicketBytes> random{};
  secure_random(random);
  const std::string text =
      to_base64url(std::string_view(reinterpret_cast<const char*>(random.data()), random.size()));
  store_.make_ticket(sha256(text), principal.key_id, kTicketLifetime, kMaxTickets, deadline,
                     [text, done = std::move(done)](const Result<void>& made) {
                       if (!made) return done(tl::unexpected(made.error()));
                       done(text);
                     });
}

void Tickets::use(std::string_view ticket, MonoTime deadline, Done<Principal> done) {
  const auto raw = from_base64url(ticket);
  if (!raw || raw->size() != kTicketBytes) return loop_.post([done = std::move(done)] { done(no_ticket()); });
  store_.use_ticket(sha256(ticket), deadline, [this, done = std::move(done)](const Result<Sha256>& key) {
    if (key) return authenticator_.check(*key, done);
    if (key.error().kind == ErrorKind::kNotFound) return done(no_ticket());
    done(fail(ErrorKind::kUnavailable, "unavailable",
              "the ticket could not be checked; get another one in a moment"));
  });
}

}  // namespace pawl::api::stream
