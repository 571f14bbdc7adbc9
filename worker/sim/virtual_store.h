// The rows and the ledger of one execution as Postgres would keep them, in memory and on virtual time: the
// rules of claim, checkpoint and control (architecture.md §6, http-api.md §4) without the SQL.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/base/result.h"
#include "common/model/event.h"
#include "common/model/step_record.h"
#include "worker/core/effect.h"
#include "worker/core/event.h"

namespace pawl::sim {

/// What a checkpoint comes to.
enum class CommitKind : std::uint8_t { kSaved, kInboxChanged, kFenced };

struct Commit {
  CommitKind kind = CommitKind::kSaved;
  std::uint64_t inbox = 0;
  WallTime at{};
};

/// What a control request comes to.
struct ControlAnswer {
  bool accepted = false;  ///< 200 or 202; else 409
  bool wakes = false;     ///< a ticket is owed
};

/// The live row.
struct VirtualRow {
  ExecutionStatus status = ExecutionStatus::kPending;
  std::uint32_t epoch = 0;
  std::uint64_t inbox = 0;
  bool owned = false;
  bool started = false;
  bool has_ticket = true;
  std::optional<WallTime> wake_at = {};
  core::Control control = {};
  std::optional<core::Final> final = {};
  json::Value progress = {};
  json::Value waiting_for = {};
};

class VirtualStore {
 public:
  explicit VirtualStore(Uuid exec_id) : exec_id_(exec_id) {}

  /// Takes the row for a new epoch; the history is `events()` and `steps()`. False: not claimable.
  bool claim();
  /// Takes the row from an owner that is gone: claimable at once.
  void orphan();
  /// The same behind the owner's back: its next write touches nothing.
  void steal();
  /// One transaction, guarded by `epoch`; what is onward by the inbox.
  Commit commit(const core::Checkpoint& checkpoint, std::uint32_t epoch, WallTime now);

  ControlAnswer cancel(const std::string& reason, WallTime now);
  ControlAnswer pause(const std::string& reason, std::optional<Millis> timeout, bool cancels, WallTime now);
  ControlAnswer resume(WallTime now);
  ControlAnswer signal(const std::string& name, json::Value payload, WallTime now);
  ControlAnswer decide(const std::string& path, bool approves, json::Value form, WallTime now);

  [[nodiscard]] const VirtualRow& row() const { return row_; }
  [[nodiscard]] const std::vector<Event>& events() const { return events_; }
  [[nodiscard]] const std::vector<StepRecord>& steps() const { return steps_; }
  [[nodiscard]] const StepRecord* step(std::string_view path) const;
  [[nodiscard]] bool is_final() const { return pawl::is_final(row_.status); }
  void append(NewEvent event, WallTime now);
  /// Wakes a parked row: its time has come.
  void wake() { row_.has_ticket = true; }

 private:
  [[nodiscard]] bool has_to_undo() const;

  Uuid exec_id_;
  VirtualRow row_;
  std::vector<Event> events_;
  std::vector<StepRecord> steps_;
};

}  // namespace pawl::sim
