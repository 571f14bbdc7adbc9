// What a worker does in Postgres: claim, load, checkpoint, renew, hand back. One transaction and one round
// trip each.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "common/base/log.h"
#include "common/db/pool.h"
#include "common/loop/loop.h"
#include "common/store/checkpoint_writer.h"
#include "common/store/work_store.h"

namespace pawl::store {

/// Lives on the loop thread. `pool` (two connections or more) connects as pawl_worker and outlives this.
class PgWorkStore final : public WorkStore {
 public:
  PgWorkStore(Loop& loop, db::Pool& pool, Log log);

  void claim(std::vector<ClaimRequest> tickets, std::string worker_id, MonoTime deadline,
             Done<std::vector<Claimed>> done) override;
  void feed(std::vector<std::string> lanes, int limit, MonoTime deadline,
            Done<std::vector<Ticket>> done) override;
  void load(Uuid tenant, Uuid exec_id, MonoTime deadline, Done<History> done) override;
  void checkpoint(Checkpoint entry, Done<Saved> done) override;
  void renew(WorkerRow worker, Millis ttl, MonoTime deadline, Done<bool> done) override;
  void inboxes(std::string worker_id, std::vector<ClaimRequest> held, std::vector<std::uint64_t> seen,
               MonoTime deadline, Done<std::vector<Inbox>> done) override;
  void read_inbox(ClaimRequest held, std::uint64_t after_seq, MonoTime deadline, Done<Inbox> done) override;
  void release(std::vector<ClaimRequest> held, std::string worker_id, MonoTime deadline,
               Done<std::vector<Uuid>> done) override;
  void unregister(std::string worker_id, MonoTime deadline, Done<void> done) override;
  void publish_tools(std::string worker_id, std::vector<ToolDescriptor> tools, MonoTime deadline,
                     Done<void> done) override;

 private:
  db::Pool& pool_;
  CheckpointWriter writer_;
  Loop& loop_;
  /// Claims whose answer was lost, and when: `inboxes` asks for these too while their backend may still
  /// commit them, so that nothing stays owned and unheld. Bounded by slots.
  std::shared_ptr<std::map<Uuid, MonoTime>> suspects_ = std::make_shared<std::map<Uuid, MonoTime>>();
};

}  // namespace pawl::store
