// The approvals of an execution as its ledger tells them: asked, voted on, decided or expired. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/model/event.h"

namespace pawl::store {

struct Vote {
  bool approve = false;
  std::string by = {};
  std::string comment = {};
  json::Value form = {};
  WallTime at{};
};

struct Approval {
  enum class Status : std::uint8_t {
    kPending,
    kApproved,
    kRejected,
    kExpired,
    kClosed,  ///< the step or the execution ended before anybody decided
  };
  std::string path;
  Status status = Status::kPending;
  std::string message = {};
  std::string risk = {};
  std::string plan_hash = {};
  std::string on_expiry = {};
  int quorum = 1;
  std::vector<std::string> approvers = {};
  json::Value form = {};  ///< JSON Schema or null
  WallTime requested_at{};
  std::optional<WallTime> expires_at = {};  ///< moved by the time the execution was paused since
  std::optional<Micros> due = {};           ///< the same on the execution's own clock
  std::vector<Vote> votes = {};
};
/// "pending", "approved", "rejected", "expired", "closed".
std::string_view to_string(Approval::Status status);

/// In the order they were asked. `events` holds at least those of approvals and the ends of their steps, by
/// seq.
std::vector<Approval> approvals_of(const std::vector<Event>& events);

}  // namespace pawl::store
