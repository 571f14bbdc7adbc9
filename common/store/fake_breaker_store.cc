#include "common/store/fake_breaker_store.h"

#include <algorithm>
#include <utility>

#include "common/store/limits.h"

namespace pawl::store {
namespace {

auto place_of(const BreakerKey& key) { return std::tuple(key.tenant.to_string(), key.tool, key.target); }

}  // namespace

BreakerRow FakeBreakerStore::read(const Stored& stored) const {
  BreakerRow row = stored.row;
  if (row.remaining) row.remaining = std::max(Millis{0}, std::chrono::ceil<Millis>(stored.ends - now_()));
  return row;
}

BreakerRow FakeBreakerStore::write(BreakerRow row, std::uint64_t generation) {
  row.generation = generation;
  row.changed_at = now_();
  Stored& stored = (*rows_)[place_of(row.key)];
  stored.ends = now_() + row.remaining.value_or(Millis{0});
  stored.row = std::move(row);
  return stored.row;
}

template <typename T>
void FakeBreakerStore::answer(Done<T> done, Result<T> result) {
  if (fails_) result = fail(ErrorKind::kUnavailable, "unavailable", "the database is not available");
  post_([done = std::move(done), result = std::move(result)]() mutable { done(std::move(result)); });
}

void FakeBreakerStore::compare_and_set(BreakerRow row, std::uint64_t expected, MonoTime,
                                       Done<BreakerMove> done) {
  if (fails_) return answer<BreakerMove>(std::move(done), BreakerMove{});
  const auto found = rows_->find(place_of(row.key));
  if (found != rows_->end() && found->second.row.generation != expected)
    return answer<BreakerMove>(std::move(done), BreakerMove{false, read(found->second)});
  answer<BreakerMove>(std::move(done), BreakerMove{true, write(std::move(row), expected + 1)});
}

void FakeBreakerStore::order(BreakerRow row, MonoTime, Done<BreakerRow> done) {
  if (fails_) return answer<BreakerRow>(std::move(done), BreakerRow{});
  const auto found = rows_->find(place_of(row.key));
  if (row.state == "half_open" && (found == rows_->end() || found->second.row.state == "closed"))
    return answer<BreakerRow>(std::move(done), fail(ErrorKind::kConflict, "illegal_transition",
                                                    "a closed breaker can't be set to half-open"));
  row.holder.clear();
  answer<BreakerRow>(std::move(done),
                     write(std::move(row), found == rows_->end() ? 1 : found->second.row.generation + 1));
}

void FakeBreakerStore::changed(std::optional<Millis> within, MonoTime, Done<std::vector<BreakerRow>> done) {
  std::vector<BreakerRow> found;
  for (const auto& [place, stored] : *rows_) {
    if (within ? stored.row.changed_at > now_() - *within : stored.row.state != "closed")
      found.push_back(read(stored));
  }
  if (found.size() > kMaxBreakersRead) found.resize(kMaxBreakersRead);
  answer<std::vector<BreakerRow>>(std::move(done), std::move(found));
}

void FakeBreakerStore::list(Uuid tenant, std::optional<BreakerKey> after, int limit, MonoTime,
                            Done<std::vector<BreakerRow>> done) {
  std::vector<BreakerRow> found;
  for (const auto& [place, stored] : *rows_) {
    if (stored.row.key.tenant != tenant || static_cast<int>(found.size()) >= limit) continue;
    if (after && place <= place_of({tenant, after->tool, after->target})) continue;
    found.push_back(read(stored));
  }
  answer<std::vector<BreakerRow>>(std::move(done), std::move(found));
}

}  // namespace pawl::store
