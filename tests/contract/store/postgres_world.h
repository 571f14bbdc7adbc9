// The real store for tests, and the database under it for those that look beneath the ports.
#pragma once

#include <memory>
#include <string>

#include "tests/contract/store/store_world.h"
#include "tests/support/postgres.h"

namespace pawl::testing {

/// On an empty, migrated database of its own.
std::unique_ptr<StoreWorld> make_postgres_world(Loop& loop);
/// Another process on the same database.
std::unique_ptr<StoreWorld> make_postgres_world(Loop& loop, const std::string& database);
std::string database_of(const StoreWorld& world);

}  // namespace pawl::testing
