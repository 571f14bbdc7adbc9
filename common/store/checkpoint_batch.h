// The statement that writes a batch of checkpoints, and its parameters. Only the checkpoint writer includes
// it.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "common/db/connection.h"
#include "common/store/work_store.h"

namespace pawl::store {

/// A checkpoint with its payloads as text, made once however often it is written.
struct EncodedCheckpoint {
  Uuid exec_id;
  Uuid tenant;
  std::uint32_t epoch = 0;
  std::uint64_t rev = 0;
  std::uint64_t inbox_seen = 0;
  int settled_count = 0;
  int onward_count = 0;
  std::string settled = {};  ///< items of a JSON array, without its brackets
  std::string onward = {};
  std::string phase = {};
  std::string progress = {};
  std::string status = {};  ///< after this write, if the inbox matches
  enum class Mode : std::uint8_t { kGoOn, kPark, kKeep, kFinish } mode = Mode::kGoOn;
  std::optional<WallTime> wake_at = {};
  std::string waiting_for = {};
  bool calendar = false;
  bool step_committed = false;
  bool compensates = false;
  std::string output = {};  ///< of the execution
  std::string failure = {};

  struct Step {
    StepRecord record;  ///< its input, output and failure are below
    std::string input, output, failure;
    bool onward = false;  ///< goes in with the onward events only
  };
  std::vector<Step> steps = {};

  [[nodiscard]] std::size_t bytes() const;
};

EncodedCheckpoint encode(Checkpoint entry);

/// One statement for all of `entries`, which are sorted by exec_id. A row per entry that matched (epoch,
/// rev): exec_id, rev, next_seq, inbox, fresh, now().
db::Call checkpoint_call(std::span<const EncodedCheckpoint* const> entries);

/// What became of an entry whose answer is unknown or empty: exec_id, epoch, rev, next_seq, inbox, held_back,
/// final, now() from `live`, or from `executions` when it has ended. ($1 exec_ids, $2 tenants)
extern const db::Statement kCheckpointLookUp;

}  // namespace pawl::store
