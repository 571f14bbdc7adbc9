// Migrations against a real server.
#include "common/db/migrate.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "tests/support/postgres.h"

namespace pawl::db {
namespace {

using testing::PrivatePostgres;

const std::vector<Migration>& two() {
  static const std::vector<Migration> kList = {
      {1, "first", "CREATE TABLE one (n int); INSERT INTO one VALUES (1);"},
      {2, "second", "ALTER TABLE one ADD COLUMN m text DEFAULT 'x;y';"},
  };
  return kList;
}

TEST(Migrate, BringsAnEmptyDatabaseUpOnce) {
  PrivatePostgres& server = PrivatePostgres::shared();
  const std::string database = server.create_database();
  EXPECT_EQ(schema_version(server.url(database), two()).value(), 0u);
  const auto first = migrate(server.url(database), two());
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_EQ(first->before, 0u);
  EXPECT_EQ(first->after, 2u);
  EXPECT_EQ(first->applied, (std::vector<std::string>{"first", "second"}));
  const auto again = migrate(server.url(database), two());
  ASSERT_TRUE(again);
  EXPECT_EQ(again->before, 2u);
  EXPECT_TRUE(again->applied.empty());
  EXPECT_EQ(schema_version(server.url(database), two()).value(), 2u);
}

TEST(Migrate, RefusesASchemaNewerThanTheBinary) {
  PrivatePostgres& server = PrivatePostgres::shared();
  const std::string database = server.create_database();
  ASSERT_TRUE(migrate(server.url(database), two()));
  const std::vector<Migration> older = {two()[0]};
  for (const auto& error :
       {migrate(server.url(database), older).error(), schema_version(server.url(database), older).error()}) {
    EXPECT_EQ(error.kind, ErrorKind::kConflict);
    EXPECT_EQ(error.code, "schema_newer");
    EXPECT_EQ(error.message, "the database's schema (2) is newer than this binary's (1)");
  }
}

TEST(Migrate, RefusesAChangedMigration) {
  PrivatePostgres& server = PrivatePostgres::shared();
  const std::string database = server.create_database();
  ASSERT_TRUE(migrate(server.url(database), two()));
  std::vector<Migration> changed = two();
  changed[0].sql += " -- harmless";
  EXPECT_EQ(migrate(server.url(database), changed).error().code, "checksum_mismatch");
}

TEST(Migrate, LeavesNothingOfAFailedMigration) {
  PrivatePostgres& server = PrivatePostgres::shared();
  const std::string database = server.create_database();
  std::vector<Migration> broken = two();
  broken.push_back({3, "broken", "CREATE TABLE left_over (n int); SELECT no_such_function();"});
  const auto result = migrate(server.url(database), broken);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, "42883");
  EXPECT_NE(result.error().message.find("migration 3 (broken)"), std::string::npos);
  EXPECT_EQ(schema_version(server.url(database), broken).value(), 2u);
  EXPECT_EQ(server.sql("SELECT to_regclass('left_over') IS NULL", database).substr(0, 1), "t");
}

TEST(Migrate, LetsOnlyOneMigrateAtATime) {
  PrivatePostgres& server = PrivatePostgres::shared();
  const std::string url = server.url(server.create_database());
  std::vector<Migration> slow = two();
  slow[0].sql += " SELECT pg_sleep(0.3);";
  std::size_t applied = 0;
  std::thread other([&] { applied += migrate(url, slow).value().applied.size(); });
  const auto mine = migrate(url, slow);
  other.join();
  ASSERT_TRUE(mine) << mine.error().message;
  EXPECT_EQ(applied + mine->applied.size(), 2u);
}

TEST(Migrations, AreTheFilesOfTheirFolder) {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(PAWL_MIGRATIONS_FOLDER)) {
    if (entry.path().extension() == ".sql") files.push_back(entry.path().filename().string());
  }
  std::sort(files.begin(), files.end());
  ASSERT_EQ(files.size(), migrations().size()) << "deploy/migrations/list.cmake lists every file";
  for (std::size_t i = 0; i < files.size(); ++i) {
    const Migration& migration = migrations()[i];
    EXPECT_EQ(files[i].substr(5), migration.name + ".sql");
    EXPECT_EQ(static_cast<std::uint32_t>(std::stoul(files[i].substr(0, 4))), migration.number);
    std::ostringstream text;
    text << std::ifstream(std::filesystem::path(PAWL_MIGRATIONS_FOLDER) / files[i]).rdbuf();
    EXPECT_EQ(text.str(), migration.sql) << files[i];
  }
}

TEST(Migrations, BringUpAnEmptyDatabaseTwiceInOneCluster) {
  PrivatePostgres& server = PrivatePostgres::shared();
  for (int i = 0; i < 2; ++i) {
    const auto report = migrate(server.url(server.create_database()));
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_EQ(report->applied.size(), migrations().size());
  }
}

}  // namespace
}  // namespace pawl::db
