// One transaction, its rows turned into an answer, its error into the port's: what every simple call of a
// store does.
#pragma once

#include <utility>
#include <vector>

#include "common/db/pool.h"
#include "common/store/outcome.h"

namespace pawl::store {

using AllRows = std::vector<db::RowsPtr>;

/// Runs `calls`; `read(const AllRows&)` makes the Result<T>. A transaction that lost a race runs again a few
/// times.
template <typename T, typename Read>
void run(db::Pool& pool, std::vector<db::Call> calls, std::vector<Uuid> tenants, MonoTime deadline,
         Done<T> done, Read read, int tries = 0) {
  auto again = calls;
  pool.run(std::move(calls), tenants, deadline,
           [&pool, again = std::move(again), tenants, deadline, done = std::move(done),
            read = std::move(read), tries](Result<AllRows> rows) mutable {
             if (rows) return done(read(*rows));
             if (is_repeatable(rows.error()) && tries < 5) {
               return run<T>(pool, std::move(again), std::move(tenants), deadline, std::move(done),
                             std::move(read), tries + 1);
             }
             done(fail(as_port_error(rows.error())));
           });
}

}  // namespace pawl::store
