// Tickets: how a browser, which can't set headers on a WebSocket or an EventSource, proves who it is. Random,
// good for 30 s, used up by the first use at whichever API process; Postgres keeps their hashes.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "api/auth/authenticator.h"
#include "common/store/stream_store.h"

namespace pawl::api::stream {

class Tickets {
 public:
  Tickets(Loop& loop, Authenticator& authenticator, store::StreamStore& store)
      : loop_(loop), authenticator_(authenticator), store_(store) {}

  /// Errors: kOverloaded/rate_limited when the key has too many unused ones; kUnavailable.
  void make(const Principal& principal, MonoTime deadline, Done<std::string> done);
  /// Whoever the ticket was made for, with the rights the key has now. Errors: as Authenticator;
  /// token_invalid for one that is unknown, expired or used.
  void use(std::string_view ticket, MonoTime deadline, Done<Principal> done);

 private:
  Loop& loop_;
  Authenticator& authenticator_;
  store::StreamStore& store_;
};

}  // namespace pawl::api::stream
