#include "common/store/pg_keeper_store.h"

#include <utility>

#include "common/json/write.h"
#include "common/model/catalogue.h"
#include "common/store/event_body.h"
#include "common/store/keeper_sql.h"
#include "common/store/limits.h"
#include "common/store/run.h"
#include "common/store/tickets_sql.h"
#include "common/store/values.h"

namespace pawl::store {
namespace {

const db::Statement kTakeTurn{"keeper_take_turn", R"sql(
UPDATE keeper SET holder = $1, lease_until = now() + $2::bigint * interval '1 millisecond'
WHERE holder = $1 OR lease_until < now() RETURNING 1)sql"};

struct TickCalls {
  std::vector<db::Call> calls;
  int orphans = -1, due = -1, pauses = -1, fed = -1, overtaken = -1, empty = -1;

  int add(const db::Statement& statement, db::Params params) { return add({&statement, std::move(params)}); }
  int add(db::Call call) {
    calls.push_back(std::move(call));
    return static_cast<int>(calls.size()) - 1;
  }
};

TickCalls calls_of(const KeeperTick& what, const Uuid& window_from) {
  const Failure failure = make_failure("worker_crash_loop", "the processes that ran it died again and again");
  json::Object data{{"error", to_json(failure)}};
  const std::string body =
      "[" + event_items({NewEvent{EventType::kExecutionFailed, {}, 0, json::Value(std::move(data))}}) + "]";
  TickCalls tick;
  tick.add(kKeeperDeaths, {db::int_param(what.lease.count())});
  tick.orphans =
      tick.add(kKeeperOrphans, {db::int_param(what.limit), db::int_param(what.quarantine_after),
                                db::text_param(json::write(to_json(failure))), db::text_param(body)});
  tick.add(kKeeperSwept, {});
  tick.due = tick.add(kKeeperDue, {db::int_param(what.limit)});
  tick.pauses = tick.add(kKeeperPauses, {db::int_param(what.limit)});
  tick.fed = tick.add(feed_everywhere_call(what.limit));
  if (what.look_for_overtaken) {
    tick.overtaken =
        tick.add(kKeeperOvertaken, {db::uuid_param(window_from), db::int_param(kOvertakenWindow),
                                    db::int_param(what.limit), db::int_param(kOvertakenAfter.count())});
  }
  if (!what.empty_lanes.empty()) {
    tick.empty = tick.add(kKeeperEmptyLanes, {db::text_array(what.empty_lanes), db::int_param(what.limit)});
  }
  return tick;
}

}  // namespace

struct PgKeeperStore::Pause {
  Uuid tenant;
  Uuid exec_id;
  bool cancels = false;
};

void PgKeeperStore::take_turn(std::string worker_id, Millis ttl, MonoTime deadline, Done<bool> done) {
  std::vector<db::Call> calls;
  calls.push_back({&kTakeTurn, {db::text_param(std::move(worker_id)), db::int_param(ttl.count())}});
  run<bool>(pool_, std::move(calls), {}, deadline, std::move(done),
            [](const AllRows& rows) -> Result<bool> { return rows.front()->size() == 1; });
}

void PgKeeperStore::tick(KeeperTick what, MonoTime deadline, Done<KeeperFinds> done) {
  TickCalls tick = calls_of(what, window_from_);
  std::vector<db::Call> calls = std::move(tick.calls);
  auto pauses = std::make_shared<std::vector<Pause>>();
  run<std::shared_ptr<KeeperFinds>>(
      pool_, std::move(calls), {}, deadline,
      [this, pauses, deadline, done = std::move(done)](Result<std::shared_ptr<KeeperFinds>> finds) mutable {
        if (!finds) return done(fail(finds.error()));
        end_pauses(std::move(*finds), pauses, deadline, std::move(done));
      },
      [this, tick, pauses](const AllRows& all) -> Result<std::shared_ptr<KeeperFinds>> {
        const auto rows = [&all](int index) -> const db::Rows& {
          return *all[static_cast<std::size_t>(index)];
        };
        auto finds = std::make_shared<KeeperFinds>();
        finds->orphans = read_tickets(rows(tick.orphans));
        for (std::size_t row = rows(tick.orphans).size(); row-- > 0;) {
          if (!rows(tick.orphans).boolean(row, 7)) continue;
          ++finds->quarantined;
          finds->orphans.erase(finds->orphans.begin() + static_cast<std::ptrdiff_t>(row));
        }
        finds->due = read_tickets(rows(tick.due));
        finds->fed = read_tickets(rows(tick.fed));
        for (std::size_t row = 0; row < rows(tick.pauses).size(); ++row) {
          pauses->push_back({rows(tick.pauses).uuid(row, 0), rows(tick.pauses).uuid(row, 1),
                             rows(tick.pauses).text(row, 2) == "cancel"});
        }
        if (tick.overtaken >= 0) {
          finds->lost = read_tickets(rows(tick.overtaken));
          window_from_ = {};  // round again, unless rows are left behind the window
          if (!finds->lost.empty() && finds->lost.back().lane.empty()) {
            window_from_ = finds->lost.back().exec_id;
            finds->lost.pop_back();
          }
        }
        if (tick.empty >= 0) {
          auto more = read_tickets(rows(tick.empty));
          finds->lost.insert(finds->lost.end(), more.begin(), more.end());
        }
        return finds;
      });
}

// A pause that ran out is resumed or cancelled as a person would: through the same table. One after the
// other, few at a time.
void PgKeeperStore::end_pauses(std::shared_ptr<KeeperFinds> finds, std::shared_ptr<std::vector<Pause>> pauses,
                               MonoTime deadline, Done<KeeperFinds> done) {
  if (pauses->empty()) return done(std::move(*finds));
  const Pause pause = pauses->back();
  pauses->pop_back();
  ControlRequest request{pause.tenant, pause.exec_id,
                         pause.cancels ? ControlKind::kCancel : ControlKind::kResume, "pause_timeout"};
  control_.control(
      std::move(request), deadline,
      [this, finds, pauses, pause, deadline,
       done = std::move(done)](const Result<ControlOutcome>& outcome) mutable {
        if (!outcome)
          log_.warn("a pause that ran out could not be ended", {error_field(outcome.error())});
        else if (outcome->ticket)
          finds->due.push_back({pause.exec_id, pause.tenant, outcome->epoch, outcome->lane, {}, true});
        end_pauses(std::move(finds), std::move(pauses), deadline, std::move(done));
      });
}

}  // namespace pawl::store
