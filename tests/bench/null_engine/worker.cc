#include "tests/bench/null_engine/worker.h"

#include <unistd.h>

#include <algorithm>

#include "common/base/assert.h"
#include "common/db/params.h"
#include "tests/bench/null_engine/limits.h"

namespace pawl::null_engine {
namespace {

constexpr db::Statement kClaim{
    "null_claim",
    "UPDATE null_executions SET epoch = epoch + 1, owner = $2, status = 1, started_at = now() "
    "WHERE exec_id = ANY($1::uuid[]) AND status = 0 RETURNING exec_id, steps"};
constexpr db::Statement kStart{"null_start",
                               "INSERT INTO null_events (exec_id, seq, body) "
                               "SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::text[])"};
constexpr db::Statement kFinish{"null_finish",
                                "UPDATE null_executions SET status = 2, finished_at = now(), output = 'null' "
                                "WHERE exec_id = ANY($1::uuid[]) AND epoch = 1 AND owner = $2"};

}  // namespace

NullWorker::NullWorker(Loop& loop, db::Pool& pool, broker::AmqpBroker& broker)
    : loop_(loop),
      pool_(pool),
      broker_(broker),
      batcher_(
          loop,
          {.max_entries = kBatchEntries,
           .max_bytes = kBatchBytes,
           .max_queued = kMaxQueued,
           .lanes = kCheckpointLanes},
          [](const Boundary&) { return sizeof(Boundary); },
          [this](std::vector<Boundary> batch, std::function<void()> finished) {
            flush(std::move(batch), std::move(finished));
          }),
      free_slots_(kWorkerSlots),
      owner_("null-" + std::to_string(getpid())) {}

void NullWorker::start() {
  broker_.consumer().on_deliveries(
      [this](std::vector<broker::Delivery> deliveries) { claim(std::move(deliveries)); });
  broker_.consumer().set_free_slots(free_slots_);
}

void NullWorker::claim(std::vector<broker::Delivery> deliveries) {
  std::vector<Uuid> ids;
  ids.reserve(deliveries.size());
  for (const auto& delivery : deliveries) ids.push_back(delivery.exec_id);
  std::sort(ids.begin(), ids.end());
  free_slots_ -= static_cast<int>(ids.size());
  broker_.consumer().set_free_slots(free_slots_);
  std::vector<db::Call> calls;
  calls.push_back({&kClaim, {db::uuid_array(ids), db::text_param(owner_)}});
  pool_.run(std::move(calls), {}, loop_.now() + kDeadline,
            [this, deliveries = std::move(deliveries)](Result<std::vector<db::RowsPtr>> result) {
              PAWL_ASSERT(result.has_value(), "a bench run has its database");
              const auto& rows = *result->front();
              free_slots_ += static_cast<int>(deliveries.size() - rows.size());
              broker_.consumer().set_free_slots(free_slots_);
              broker_.consumer().ack(deliveries);
              claimed(deliveries, rows);
            });
}

void NullWorker::claimed(const std::vector<broker::Delivery>& deliveries, const db::Rows& rows) {
  for (std::size_t row = 0; row < rows.size(); ++row) {
    const Uuid exec_id = rows.uuid(row, 0);
    const auto delivery = std::find_if(deliveries.begin(), deliveries.end(),
                                       [&](const broker::Delivery& d) { return d.exec_id == exec_id; });
    PAWL_ASSERT(delivery != deliveries.end(), "only what was delivered is claimed");
    const bool taken = batcher_.add({.exec_id = exec_id,
                                     .steps = static_cast<int>(rows.integer(row, 1)),
                                     .next = 1,
                                     .reply_to = delivery->reply_to});
    PAWL_ASSERT(taken, "slots bound the queue");
  }
}

void NullWorker::flush(std::vector<Boundary> batch, std::function<void()> finished) {
  std::sort(batch.begin(), batch.end(),
            [](const Boundary& a, const Boundary& b) { return a.exec_id < b.exec_id; });
  db::UuidArray ids;
  db::IntArray numbers;
  db::TextArray bodies;
  std::vector<Uuid> done;
  for (const auto& boundary : batch) {
    if (boundary.next > boundary.steps) {
      done.push_back(boundary.exec_id);
      continue;
    }
    ids.add(boundary.exec_id);
    numbers.add(boundary.next);
    bodies.add(R"({"type":"step.started","step":"s)" + std::to_string(boundary.next) +
               R"(","attempt":1,"output":null})");
  }
  std::vector<db::Call> calls;
  if (ids.size() > 0) calls.push_back({&kStart, {ids.take(), numbers.take(), bodies.take()}});
  if (!done.empty()) calls.push_back({&kFinish, {db::uuid_array(done), db::text_param(owner_)}});
  pool_.run(std::move(calls), {}, loop_.now() + kDeadline,
            [this, batch = std::move(batch),
             finished = std::move(finished)](Result<std::vector<db::RowsPtr>> result) {
              PAWL_ASSERT(result.has_value(), "a bench run has its database");
              for (const auto& boundary : batch) committed(boundary);
              finished();
            });
}

void NullWorker::committed(Boundary boundary) {
  if (boundary.next > boundary.steps) {
    if (!boundary.reply_to.empty()) {
      broker_.bus().send_control(boundary.reply_to, json::Object{{"exec_id", boundary.exec_id.to_string()}});
    }
    broker_.consumer().set_free_slots(++free_slots_);
    return;
  }
  ++boundary.next;
  // The step itself: a no-op that completes on a later turn, as any tool does.
  loop_.post([this, boundary] {
    const bool taken = batcher_.add(boundary);
    PAWL_ASSERT(taken, "slots bound the queue");
  });
}

}  // namespace pawl::null_engine
