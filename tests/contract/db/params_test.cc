// Parameters and values make the round trip through a real server unchanged.
#include "common/db/params.h"

#include <gtest/gtest.h>

#include "tests/contract/db/db_fixture.h"

namespace pawl::db {
namespace {

using testing::OneConnection;
using testing::options_for;
using testing::PrivatePostgres;

class DbParams : public ::testing::Test {
 protected:
  Loop loop_;
  OneConnection db_{loop_, options_for(PrivatePostgres::shared().url())};
};

TEST_F(DbParams, ScalarsComeBackUnchanged) {
  static constexpr Statement kAll{"p_all",
                                  "SELECT $1::text, $2::bigint, $3::boolean, $4::uuid, $5::timestamptz, "
                                  "$6::bytea, $7::jsonb, $8::float8, $9::text"};
  const Uuid id = *Uuid::parse("01890000-0000-7000-8000-0000000000ff");
  const WallTime time =
      WallTime(std::chrono::sys_days(std::chrono::year(2026) / 2 / 28)) + Micros(86'399'000'001);
  std::vector<Call> calls;
  calls.push_back(
      {&kAll,
       {text_param("it's \"quoted\" \\ {}"), int_param(std::int64_t{-9'223'372'036'854'775'807 - 1}),
        bool_param(true), uuid_param(id), time_param(time), bytes_param(std::string("\0\xff'", 3)),
        text_param(R"({"a": [1, null]})"), real_param(0.1), null_param()}});
  const auto result = db_.run(std::move(calls));
  ASSERT_TRUE(result) << result.error().message;
  const Rows& rows = *result->front();
  EXPECT_EQ(rows.text(0, 0), "it's \"quoted\" \\ {}");
  EXPECT_EQ(rows.integer(0, 1), std::numeric_limits<std::int64_t>::min());
  EXPECT_TRUE(rows.boolean(0, 2));
  EXPECT_EQ(rows.uuid(0, 3), id);
  EXPECT_EQ(rows.time(0, 4), time);
  EXPECT_EQ(rows.text(0, 5), "\\x00ff27");
  EXPECT_EQ(rows.text(0, 6), R"({"a": [1, null]})");
  EXPECT_EQ(rows.text(0, 7), "0.1");
  EXPECT_TRUE(rows.is_null(0, 8));
  EXPECT_EQ(rows.text(0, 8), "");
}

TEST_F(DbParams, ArraysComeBackUnchangedWithNulls) {
  static constexpr Statement kAll{"p_arrays",
                                  "SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::jsonb[], "
                                  "$5::bytea[], $6::timestamptz[], $7::boolean[], $8::float8[])"};
  const Uuid id = *Uuid::parse("01890000-0000-7000-8000-0000000000fe");
  const WallTime time = WallTime(std::chrono::sys_days(std::chrono::year(1999) / 12 / 31)) + Micros(123'456);
  UuidArray ids;
  IntArray numbers;
  TextArray texts;
  JsonbArray documents;
  BytesArray bytes;
  TimeArray times;
  BoolArray flags;
  RealArray reals;
  ids.add(id);
  numbers.add(-2);
  texts.add("NULL");
  documents.add(R"({"k": "v"})");
  bytes.add(std::string_view("\0\1", 2));
  times.add(time);
  flags.add(true);
  reals.add(-1.5);
  ids.add_null();
  numbers.add_optional(std::nullopt);
  texts.add_optional(std::nullopt);
  documents.add_null();
  bytes.add_null();
  times.add(WallTime::max());
  flags.add(false);
  reals.add_null();
  texts.add("");
  std::vector<Call> calls;
  calls.push_back({&kAll,
                   {ids.take(), numbers.take(), texts.take(), documents.take(), bytes.take(), times.take(),
                    flags.take(), reals.take()}});
  const auto result = db_.run(std::move(calls));
  ASSERT_TRUE(result) << result.error().message;
  const Rows& rows = *result->front();
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows.uuid(0, 0), id);
  EXPECT_EQ(rows.integer(0, 1), -2);
  EXPECT_EQ(rows.text(0, 2), "NULL");
  EXPECT_FALSE(rows.is_null(0, 2));
  EXPECT_EQ(rows.text(0, 3), R"({"k": "v"})");
  EXPECT_EQ(rows.text(0, 4), "\\x0001");
  EXPECT_EQ(rows.time(0, 5), time);
  EXPECT_TRUE(rows.boolean(0, 6));
  EXPECT_EQ(rows.text(0, 7), "-1.5");
  for (const int column : {0, 1, 2, 3, 4, 7}) EXPECT_TRUE(rows.is_null(1, column)) << column;
  EXPECT_EQ(rows.time(1, 5), WallTime::max());
  EXPECT_FALSE(rows.is_null(2, 2));
  EXPECT_EQ(rows.text(2, 2), "");
}

TEST_F(DbParams, EmptyArraysAreEmpty) {
  static constexpr Statement kCount{"p_count", "SELECT count(*) FROM unnest($1::uuid[])"};
  EXPECT_EQ(db_.one(kCount, {UuidArray().take()}), "0");
  EXPECT_EQ(db_.one(kCount, {uuid_array(std::vector<Uuid>(3))}), "3");
}

TEST_F(DbParams, ABuilderIsEmptyAfterTake) {
  static constexpr Statement kLength{"p_length", "SELECT cardinality($1::text[])"};
  TextArray texts;
  texts.add("a");
  texts.add_null();
  EXPECT_EQ(db_.one(kLength, {texts.take()}), "2");
  texts.add("b");
  EXPECT_EQ(db_.one(kLength, {texts.take()}), "1");
}

TEST_F(DbParams, ReadsTimesOfEveryPrecision) {
  static constexpr Statement kTime{"p_time", "SELECT $1::text::timestamptz"};
  const auto read = [&](const char* text) {
    std::vector<Call> calls;
    calls.push_back({&kTime, {text_param(text)}});
    const auto result = db_.run(std::move(calls));
    return result->front()->time(0, 0).time_since_epoch().count();
  };
  EXPECT_EQ(read("1970-01-01 00:00:00+00"), 0);
  EXPECT_EQ(read("1970-01-01 00:00:00.5+00"), 500'000);
  EXPECT_EQ(read("1970-01-01 02:00:01.000001+02"), 1'000'001);
  EXPECT_EQ(read("1969-12-31 23:59:59+00"), -1'000'000);
}

}  // namespace
}  // namespace pawl::db
