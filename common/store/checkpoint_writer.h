// Writes checkpoints in groups: all that became ready while the last transaction was under way. Large ones go
// alone beside them. Every entry is answered once its fate is known: saved, held back by the inbox, fenced,
// or refused for its data.
#pragma once

#include <memory>
#include <vector>

#include "common/base/log.h"
#include "common/db/batcher.h"
#include "common/db/pool.h"
#include "common/loop/loop.h"
#include "common/store/checkpoint_batch.h"
#include "common/store/delays.h"

namespace pawl::store {

/// Loop thread only. `pool` (two connections or more, as pawl_worker) outlives this.
class CheckpointWriter {
 public:
  CheckpointWriter(Loop& loop, db::Pool& pool, Log log);

  void add(Checkpoint entry, Done<Saved> done);

 private:
  struct Entry {
    EncodedCheckpoint checkpoint;
    Done<Saved> done;
  };
  using Entries = std::vector<Entry>;
  using Finished = std::function<void()>;

  db::Batcher<Entry> make_batcher(std::size_t max_entries);
  void write(std::shared_ptr<Entries> entries, int tries, Finished finished);
  void written(const std::shared_ptr<Entries>& entries, const db::Rows& rows, Finished finished);
  void failed(std::shared_ptr<Entries> entries, const Error& error, int tries, Finished finished);
  void halve(const std::shared_ptr<Entries>& entries, Finished finished);
  void look_up(std::shared_ptr<Entries> entries, Millis pause, Finished finished);
  void looked_up(const std::shared_ptr<Entries>& entries, const db::Rows& rows, Millis pause,
                 Finished finished);

  Loop& loop_;
  db::Pool& pool_;
  Log log_;
  Delays delays_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  db::Batcher<Entry> small_;
  db::Batcher<Entry> large_;
};

}  // namespace pawl::store
