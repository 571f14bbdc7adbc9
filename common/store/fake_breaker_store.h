// The in-memory twin of PgBreakerStore, for tests of what shares breakers. Copies of `Rows` are one database.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <tuple>

#include "common/store/breaker_store.h"

namespace pawl::store {

class FakeBreakerStore final : public BreakerStore {
 public:
  using Post = std::function<void(std::function<void()>)>;
  struct Stored {
    BreakerRow row;
    WallTime ends{};  ///< what `remaining` was counted to
  };
  using Rows = std::map<std::tuple<std::string, std::string, std::string>, Stored>;

  /// `rows` is shared by the processes of one database; `now` its clock.
  FakeBreakerStore(std::shared_ptr<Rows> rows, std::function<WallTime()> now, Post post)
      : rows_(std::move(rows)), now_(std::move(now)), post_(std::move(post)) {}

  /// While set, every call fails with kUnavailable.
  void fail_all(bool fails) { fails_ = fails; }
  [[nodiscard]] const Rows& rows() const { return *rows_; }

  void compare_and_set(BreakerRow row, std::uint64_t expected, MonoTime deadline,
                       Done<BreakerMove> done) override;
  void order(BreakerRow row, MonoTime deadline, Done<BreakerRow> done) override;
  void changed(std::optional<Millis> within, MonoTime deadline, Done<std::vector<BreakerRow>> done) override;
  void list(Uuid tenant, std::optional<BreakerKey> after, int limit, MonoTime deadline,
            Done<std::vector<BreakerRow>> done) override;

 private:
  [[nodiscard]] BreakerRow read(const Stored& stored) const;
  BreakerRow write(BreakerRow row, std::uint64_t generation);
  template <typename T>
  void answer(Done<T> done, Result<T> result);

  std::shared_ptr<Rows> rows_;
  std::function<WallTime()> now_;
  Post post_;
  bool fails_ = false;
};

}  // namespace pawl::store
