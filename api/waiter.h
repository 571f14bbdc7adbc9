// Waits for the end, or a change, of an execution without holding anything in Postgres: the owner's word on
// pawl.control or pawl.events wakes it at once, a look each second makes a lost word a delay only. Used by
// sync runs and long polls.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <string>
#include <unordered_map>

#include "api/stream/live_tap.h"
#include "common/base/result.h"
#include "common/loop/timer.h"
#include "common/store/read_store.h"

namespace pawl::api {

class Waiter {
 public:
  /// Whether the owner knows already that this process waits (the ticket said so), or has to be told.
  enum class Word : unsigned char { kOwnerKnows, kTellOwner };

  Waiter(Loop& loop, store::ReadStore& reads, stream::LiveTap& tap) : loop_(loop), reads_(reads), tap_(tap) {}
  ~Waiter();

  /// Reads the execution again and again until `enough(row)` or `until`; then `done` with what was read last.
  /// Errors: as ReadStore::get when even the last look failed. The answer to a client that went away is
  /// simply not used.
  void wait(const Uuid& tenant, const Uuid& exec_id, Word word, MonoTime until,
            std::function<bool(const store::ExecutionRow&)> enough, Done<store::ExecutionRow> done);
  /// Word that `exec_id` moved on: everybody who waits for it looks.
  void wake(const Uuid& exec_id);
  [[nodiscard]] std::size_t waiting() const { return waits_.size(); }

 private:
  struct Wait;
  void look(const std::shared_ptr<Wait>& wait);
  void looked(const std::shared_ptr<Wait>& wait, Result<store::ExecutionRow> row);
  void finish(const std::shared_ptr<Wait>& wait, Result<store::ExecutionRow> row);

  Loop& loop_;
  store::ReadStore& reads_;
  stream::LiveTap& tap_;
  std::unordered_multimap<Uuid, std::shared_ptr<Wait>> waits_;
};

}  // namespace pawl::api
