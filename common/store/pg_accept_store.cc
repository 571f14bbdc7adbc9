#include "common/store/pg_accept_store.h"

#include <algorithm>
#include <set>
#include <unordered_map>
#include <utility>

#include "common/store/accept_batch.h"
#include "common/store/event_body.h"
#include "common/store/limits.h"
#include "common/store/outcome.h"
#include "common/store/values.h"

namespace pawl::store {
namespace {

Error no_longer_waited() {
  return {ErrorKind::kTimeout, "unavailable", "the database did not answer in time"};
}

}  // namespace

PgAcceptStore::PgAcceptStore(Loop& loop, Rng& rng, db::Pool& pool, Log log)
    : loop_(loop),
      pool_(pool),
      log_(std::move(log)),
      ids_(rng),
      delays_(loop),
      batcher_(
          loop,
          {.max_entries = kBatchEntries,
           .max_bytes = kBatchBytes,
           .max_queued = kMaxQueuedAccepts,
           .lanes = 2},
          [](const Entry& entry) { return entry.bytes; },
          [this](Entries entries, Finished finished) { flush(std::move(entries), std::move(finished)); }) {}

void PgAcceptStore::accept(NewExecution execution, MonoTime deadline, Done<Accepted> done) {
  Entry entry{std::move(execution), {}, deadline, std::move(done)};
  entry.input = text_of(entry.execution.input);
  entry.bytes = 256 + entry.input.size();
  if (clock_.known()) return enqueue(std::move(entry));
  unclocked_.push_back(std::move(entry));
  if (unclocked_.size() == 1) read_clock();
}

// Ids are on database time, so the first accept of a process asks for it; later answers keep the estimate
// fresh.
void PgAcceptStore::read_clock() {
  std::vector<db::Call> calls;
  calls.push_back({&kDatabaseNow, {}});
  pool_.run(std::move(calls), {}, unclocked_.front().deadline,
            [this, alive = std::weak_ptr(alive_)](Result<std::vector<db::RowsPtr>> result) {
              if (alive.expired()) return;
              if (result) clock_.observe(result->front()->time(0, 0), loop_.now());
              for (Entry& entry : std::exchange(unclocked_, {})) {
                if (result)
                  enqueue(std::move(entry));
                else
                  entry.done(fail(as_port_error(result.error())));
              }
            });
}

void PgAcceptStore::enqueue(Entry entry) {
  entry.exec_id = ids_.next(clock_.at(loop_.now()));
  auto done = std::make_shared<Done<Accepted>>(std::move(entry.done));
  entry.done = [done](Result<Accepted> result) { (*done)(std::move(result)); };
  if (batcher_.add(std::move(entry))) return;
  loop_.post(
      [done] { (*done)(fail(ErrorKind::kOverloaded, "overloaded", "too many requests wait to be stored")); });
}

PgAcceptStore::Entries PgAcceptStore::drop_expired(Entries entries) {
  const MonoTime now = loop_.now();
  Entries kept;
  for (Entry& entry : entries) {
    if (entry.deadline > now)
      kept.push_back(std::move(entry));
    else
      entry.done(fail(no_longer_waited()));
  }
  return kept;
}

void PgAcceptStore::flush(Entries entries, Finished finished) {
  auto batch = std::make_shared<Entries>();
  std::set<std::pair<Uuid, std::string>> keys;
  for (Entry& entry : drop_expired(std::move(entries))) {
    const NewExecution& e = entry.execution;
    // The second with a key goes into the next batch, where it finds the first one stored.
    if (!e.idempotency_key.empty() && !keys.insert({e.tenant, e.idempotency_key}).second)
      enqueue(std::move(entry));
    else
      batch->push_back(std::move(entry));
  }
  if (batch->empty()) return loop_.post(std::move(finished));
  write(std::move(batch), 0, std::move(finished));
}

void PgAcceptStore::write(std::shared_ptr<Entries> entries, int tries, Finished finished) {
  std::vector<AcceptRow> rows;
  rows.reserve(entries->size());
  MonoTime deadline = loop_.now();
  for (const Entry& entry : *entries) {
    rows.push_back({&entry.execution, entry.exec_id, &entry.input});
    deadline = std::max(deadline, entry.deadline);
  }
  pool_.run(accept_calls(rows), tenants_of(rows), deadline,
            [this, alive = std::weak_ptr(alive_), entries, tries, answer = accept_answer(rows),
             finished = std::move(finished)](Result<std::vector<db::RowsPtr>> result) mutable {
              if (alive.expired()) return;
              if (result)
                written(entries, *(*result)[answer], finished);
              else
                failed(std::move(entries), result.error(), tries, std::move(finished));
            });
}

void PgAcceptStore::written(const std::shared_ptr<Entries>& entries, const db::Rows& rows,
                            const Finished& finished) {
  std::unordered_map<Uuid, std::size_t> answers;
  for (std::size_t row = 0; row < rows.size(); ++row) answers.emplace(rows.uuid(row, 0), row);
  if (rows.size() > 0) clock_.observe(rows.time(0, 4), loop_.now());
  auto unseen = std::make_shared<Entries>();
  for (Entry& entry : *entries) {
    const auto answer = answers.find(entry.exec_id);
    if (answer == answers.end()) {
      unseen->push_back(
          std::move(entry));  // its key was taken by a transaction that this one could not see yet
      continue;
    }
    const std::size_t row = answer->second;
    const bool flag = rows.boolean(row, 3);
    if (rows.boolean(row, 1)) {
      entry.done(Accepted{Accepted::Kind::kNew, entry.exec_id, rows.time(row, 4), flag});
    } else {
      const Uuid first = rows.uuid(row, 2);
      entry.done(Accepted{flag ? Accepted::Kind::kReplayed : Accepted::Kind::kKeyReused, first,
                          uuid_time(first), false});
    }
  }
  if (unseen->empty())
    finished();
  else
    find_keys(std::move(unseen), finished);
}

void PgAcceptStore::find_keys(std::shared_ptr<Entries> entries, Finished finished) {
  db::UuidArray mine, tenants;
  db::TextArray keys;
  db::BytesArray prints;
  std::vector<Uuid> visible;
  MonoTime deadline = loop_.now();
  for (const Entry& entry : *entries) {
    mine.add(entry.exec_id);
    tenants.add(entry.execution.tenant);
    keys.add(entry.execution.idempotency_key);
    prints.add(view_of(entry.execution.fingerprint));
    visible.push_back(entry.execution.tenant);
    deadline = std::max(deadline, entry.deadline);
  }
  std::vector<db::Call> calls;
  calls.push_back({&kAcceptFindKeys, {mine.take(), tenants.take(), keys.take(), prints.take()}});
  pool_.run(std::move(calls), std::move(visible), deadline,
            [alive = std::weak_ptr(alive_), entries,
             finished = std::move(finished)](Result<std::vector<db::RowsPtr>> result) {
              if (alive.expired()) return;
              std::unordered_map<Uuid, std::pair<Uuid, bool>> holders;
              if (result) {
                const db::Rows& rows = *result->front();
                for (std::size_t row = 0; row < rows.size(); ++row) {
                  holders.emplace(rows.uuid(row, 0), std::pair(rows.uuid(row, 1), rows.boolean(row, 2)));
                }
              }
              for (Entry& entry : *entries) {
                const auto holder = holders.find(entry.exec_id);
                if (holder == holders.end()) {
                  entry.done(Accepted{Accepted::Kind::kInProgress, {}, {}, false});
                  continue;
                }
                const auto& [first, same] = holder->second;
                entry.done(Accepted{same ? Accepted::Kind::kReplayed : Accepted::Kind::kKeyReused, first,
                                    uuid_time(first), false});
              }
              finished();
            });
}

void PgAcceptStore::failed(std::shared_ptr<Entries> entries, const Error& error, int tries,
                           Finished finished) {
  if (db::is_in_doubt(error) || is_unique_violation(error)) {
    log_.warn("accept in doubt", {{"entries", entries->size()}, {"code", error.code}});
    return look_up(std::move(entries), kLookUpInitial, std::move(finished));
  }
  if (is_data_error(error) && entries->size() > 1) return halve(entries, std::move(finished));
  if (is_repeatable(error) && tries < kRaceRetries)
    return write(std::move(entries), tries + 1, std::move(finished));
  if (error.code == "23514") log_.error("no partition for today: is a keeper running?", {error_field(error)});
  const Error answer = as_port_error(error);
  for (Entry& entry : *entries) entry.done(fail(answer));
  finished();
}

void PgAcceptStore::halve(const std::shared_ptr<Entries>& entries, Finished finished) {
  const auto middle = std::next(entries->begin(), static_cast<std::ptrdiff_t>(entries->size() / 2));
  auto first =
      std::make_shared<Entries>(std::make_move_iterator(entries->begin()), std::make_move_iterator(middle));
  auto second =
      std::make_shared<Entries>(std::make_move_iterator(middle), std::make_move_iterator(entries->end()));
  write(std::move(first), 0, [this, second = std::move(second), finished = std::move(finished)]() mutable {
    write(std::move(second), 0, std::move(finished));
  });
}

// The old backend may still be at it. What is found is accepted; what is not is written again under the same
// id: either the old transaction loses, or ours meets its row and comes back here.
void PgAcceptStore::look_up(std::shared_ptr<Entries> entries, Millis pause, Finished finished) {
  auto waiting = std::make_shared<Entries>(drop_expired(std::move(*entries)));
  if (waiting->empty()) return loop_.post(std::move(finished));
  db::UuidArray ids, tenants;
  std::vector<Uuid> visible;
  MonoTime deadline = loop_.now();
  for (const Entry& entry : *waiting) {
    ids.add(entry.exec_id);
    tenants.add(entry.execution.tenant);
    visible.push_back(entry.execution.tenant);
    deadline = std::max(deadline, entry.deadline);
  }
  std::vector<db::Call> calls;
  calls.push_back({&kAcceptLookUp, {ids.take(), tenants.take()}});
  pool_.run(std::move(calls), std::move(visible), deadline,
            [this, alive = std::weak_ptr(alive_), waiting, pause,
             finished = std::move(finished)](Result<std::vector<db::RowsPtr>> result) mutable {
              if (alive.expired()) return;
              if (!result) {
                delays_.run(pause, [this, waiting, pause, finished = std::move(finished)]() mutable {
                  look_up(std::move(waiting), std::min(pause * 2, kLookUpMax), std::move(finished));
                });
                return;
              }
              std::unordered_map<Uuid, std::size_t> found;
              const db::Rows& rows = *result->front();
              for (std::size_t row = 0; row < rows.size(); ++row) found.emplace(rows.uuid(row, 0), row);
              auto missing = std::make_shared<Entries>();
              for (Entry& entry : *waiting) {
                const auto row = found.find(entry.exec_id);
                if (row == found.end())
                  missing->push_back(std::move(entry));
                else
                  entry.done(Accepted{Accepted::Kind::kNew, entry.exec_id, rows.time(row->second, 1),
                                      rows.boolean(row->second, 2)});
              }
              if (missing->empty())
                finished();
              else
                write(std::move(missing), 0, std::move(finished));
            });
}

}  // namespace pawl::store
