// What all open streams have in common: a client, the key it came with, pings, an end. The registry keeps
// them.
#pragma once

#include <memory>
#include <optional>

#include "api/auth/authenticator.h"
#include "api/stream/outlet.h"
#include "common/base/clock.h"

namespace pawl::api::stream {

class Registry;

class Watcher : public std::enable_shared_from_this<Watcher> {
 public:
  Watcher(Registry& registry, const Principal& principal);
  virtual ~Watcher() = default;
  Watcher(const Watcher&) = delete;
  Watcher& operator=(const Watcher&) = delete;

  /// Ends it once: the client is told why, nothing is sent any more. Destroyed on a later turn.
  void finish(Farewell why);
  /// The client went by itself.
  void gone();
  /// Once a second.
  void tick(MonoTime now);

  [[nodiscard]] bool has_ended() const { return ended_; }
  [[nodiscard]] const Uuid& key_id() const { return key_id_; }
  [[nodiscard]] const Sha256& key_hash() const { return key_hash_; }

 protected:
  /// In the constructor of what derives, through open().
  void attach(const MakeOutlet& make);
  [[nodiscard]] Outlet& outlet() { return *outlet_; }
  [[nodiscard]] Registry& registry() { return registry_; }
  /// Full for longer than kMaxStall? Counts from the first call that found it full.
  [[nodiscard]] bool has_stalled(MonoTime now);
  void has_room() { stalled_since_ = {}; }
  /// Leaves whatever feeds it. Called once.
  virtual void detach() = 0;

 private:
  void leave();

  Registry& registry_;
  Uuid key_id_;
  Sha256 key_hash_;
  std::unique_ptr<Outlet> outlet_;
  MonoTime ping_at_{}, stalled_since_{};
  bool ended_ = false;
};

}  // namespace pawl::api::stream
