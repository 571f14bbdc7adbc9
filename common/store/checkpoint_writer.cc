#include "common/store/checkpoint_writer.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "common/store/limits.h"
#include "common/store/outcome.h"
#include "common/store/values.h"

namespace pawl::store {

CheckpointWriter::CheckpointWriter(Loop& loop, db::Pool& pool, Log log)
    : loop_(loop),
      pool_(pool),
      log_(std::move(log)),
      delays_(loop),
      small_(make_batcher(kBatchEntries)),
      large_(make_batcher(1)) {}

db::Batcher<CheckpointWriter::Entry> CheckpointWriter::make_batcher(std::size_t max_entries) {
  return db::Batcher<Entry>(
      loop_,
      {.max_entries = max_entries, .max_bytes = kBatchBytes, .max_queued = kMaxQueuedCheckpoints, .lanes = 1},
      [](const Entry& entry) { return entry.checkpoint.bytes(); },
      [this](Entries entries, Finished finished) {
        // The lock order of the room: live rows by id.
        std::sort(entries.begin(), entries.end(),
                  [](const Entry& a, const Entry& b) { return a.checkpoint.exec_id < b.checkpoint.exec_id; });
        write(std::make_shared<Entries>(std::move(entries)), 0, std::move(finished));
      });
}

void CheckpointWriter::add(Checkpoint entry, Done<Saved> done) {
  auto shared = std::make_shared<Done<Saved>>(std::move(done));
  Entry encoded{encode(std::move(entry)), [shared](Result<Saved> saved) { (*shared)(std::move(saved)); }};
  auto& batcher = encoded.checkpoint.bytes() > kBatchBytes ? large_ : small_;
  if (batcher.add(std::move(encoded))) return;
  loop_.post(
      [shared] { (*shared)(fail(ErrorKind::kOverloaded, "overloaded", "too many checkpoints wait")); });
}

void CheckpointWriter::write(std::shared_ptr<Entries> entries, int tries, Finished finished) {
  std::vector<const EncodedCheckpoint*> batch;
  batch.reserve(entries->size());
  for (const Entry& entry : *entries) batch.push_back(&entry.checkpoint);
  std::vector<db::Call> calls;
  calls.push_back(checkpoint_call(batch));
  pool_.run(std::move(calls), {}, loop_.now() + kCheckpointAttempt,
            [this, alive = std::weak_ptr(alive_), entries, tries,
             finished = std::move(finished)](Result<std::vector<db::RowsPtr>> result) mutable {
              if (alive.expired()) return;
              if (result)
                written(entries, *result->front(), std::move(finished));
              else
                failed(std::move(entries), result.error(), tries, std::move(finished));
            });
}

void CheckpointWriter::written(const std::shared_ptr<Entries>& entries, const db::Rows& rows,
                               Finished finished) {
  std::unordered_map<Uuid, std::size_t> answers;
  for (std::size_t row = 0; row < rows.size(); ++row) answers.emplace(rows.uuid(row, 0), row);
  auto missed = std::make_shared<Entries>();
  for (Entry& entry : *entries) {
    const auto answer = answers.find(entry.checkpoint.exec_id);
    if (answer == answers.end()) {
      missed->push_back(std::move(entry));  // a zombie's write, or our own once more: the look-up tells
      continue;
    }
    const std::size_t row = answer->second;
    entry.done(Saved{rows.boolean(row, 4) ? Saved::Kind::kSaved : Saved::Kind::kInboxChanged,
                     static_cast<std::uint64_t>(rows.integer(row, 1)),
                     static_cast<std::uint64_t>(rows.integer(row, 2)),
                     static_cast<std::uint64_t>(rows.integer(row, 3)), rows.time(row, 5)});
  }
  if (missed->empty())
    finished();
  else
    look_up(std::move(missed), kLookUpInitial, std::move(finished));
}

void CheckpointWriter::failed(std::shared_ptr<Entries> entries, const Error& error, int tries,
                              Finished finished) {
  if (db::is_in_doubt(error)) {
    log_.warn("checkpoint in doubt", {{"entries", entries->size()}, {"code", error.code}});
    return look_up(std::move(entries), kLookUpInitial, std::move(finished));
  }
  if (is_data_error(error) && entries->size() > 1) return halve(entries, std::move(finished));
  if (is_repeatable(error) && tries < kRaceRetries)
    return write(std::move(entries), tries + 1, std::move(finished));
  Error answer = as_port_error(error);
  if (is_data_error(error))
    answer = {ErrorKind::kInvalid, error.code, "the database refused this result"};
  else if (answer.kind == ErrorKind::kTimeout)
    answer.kind = ErrorKind::kUnavailable;  // not in doubt: nothing was written
  for (Entry& entry : *entries) entry.done(fail(answer));
  finished();
}

void CheckpointWriter::halve(const std::shared_ptr<Entries>& entries, Finished finished) {
  const auto middle = std::next(entries->begin(), static_cast<std::ptrdiff_t>(entries->size() / 2));
  auto first =
      std::make_shared<Entries>(std::make_move_iterator(entries->begin()), std::make_move_iterator(middle));
  auto second =
      std::make_shared<Entries>(std::make_move_iterator(middle), std::make_move_iterator(entries->end()));
  write(std::move(first), 0, [this, second = std::move(second), finished = std::move(finished)]() mutable {
    write(std::move(second), 0, std::move(finished));
  });
}

void CheckpointWriter::look_up(std::shared_ptr<Entries> entries, Millis pause, Finished finished) {
  db::UuidArray ids, tenants;
  for (const Entry& entry : *entries) {
    ids.add(entry.checkpoint.exec_id);
    tenants.add(entry.checkpoint.tenant);
  }
  std::vector<db::Call> calls;
  calls.push_back({&kCheckpointLookUp, {ids.take(), tenants.take()}});
  pool_.run(std::move(calls), {}, loop_.now() + kCheckpointAttempt,
            [this, alive = std::weak_ptr(alive_), entries, pause,
             finished = std::move(finished)](Result<std::vector<db::RowsPtr>> result) mutable {
              if (alive.expired()) return;
              if (result) return looked_up(entries, *result->front(), pause, std::move(finished));
              delays_.run(pause, [this, entries, pause, finished = std::move(finished)]() mutable {
                look_up(std::move(entries), std::min(pause * 2, kLookUpMax), std::move(finished));
              });
            });
}

// Ours: the epoch is ours and rev has moved by our one write. Unmoved: it was not written (and if the old
// backend still gets to it, the row lock and `rev` let only one of the two through), so it is written again.
// Anything else: fenced.
void CheckpointWriter::looked_up(const std::shared_ptr<Entries>& entries, const db::Rows& rows, Millis pause,
                                 Finished finished) {
  std::unordered_map<Uuid, std::size_t> found;
  for (std::size_t row = 0; row < rows.size(); ++row) found.emplace(rows.uuid(row, 0), row);
  auto unmoved = std::make_shared<Entries>();
  for (Entry& entry : *entries) {
    const EncodedCheckpoint& mine = entry.checkpoint;
    const auto at = found.find(mine.exec_id);
    if (at == found.end() || rows.integer(at->second, 1) != static_cast<std::int64_t>(mine.epoch)) {
      entry.done(Saved{Saved::Kind::kFenced});
      continue;
    }
    const std::size_t row = at->second;
    const auto rev = static_cast<std::uint64_t>(rows.integer(row, 2));
    const bool ended = rows.boolean(row, 6);
    const bool as_meant = !ended || mine.mode == EncodedCheckpoint::Mode::kFinish;
    if (rev == mine.rev + 1 && as_meant) {
      entry.done(Saved{rows.boolean(row, 5) ? Saved::Kind::kInboxChanged : Saved::Kind::kSaved, rev,
                       static_cast<std::uint64_t>(rows.integer(row, 3)),
                       static_cast<std::uint64_t>(rows.integer(row, 4)), rows.time(row, 7)});
    } else if (rev == mine.rev && !ended) {
      unmoved->push_back(std::move(entry));
    } else {
      entry.done(Saved{Saved::Kind::kFenced});
    }
  }
  if (unmoved->empty()) return finished();
  delays_.run(pause, [this, unmoved, finished = std::move(finished)]() mutable {
    write(std::move(unmoved), 0, std::move(finished));
  });
}

}  // namespace pawl::store
