// Values out of Postgres' text forms. A column that is NULL or of another type than asked for is a bug of the
// statement.
#include <charconv>

#include "common/base/assert.h"
#include "common/db/connection.h"

namespace pawl::db {
namespace {

/// Reads digits from the front of `text`, then one character out of `stops` when there is one.
std::int64_t take_number(std::string_view& text, std::string_view stops) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  PAWL_ASSERT(error == std::errc(), "a timestamptz in ISO style");
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  if (!text.empty() && stops.find(text.front()) != std::string_view::npos) text.remove_prefix(1);
  return number;
}

/// ".123" as microseconds; the fraction has one to six digits.
std::int64_t take_micros(std::string_view& text) {
  if (text.empty() || text.front() != '.') return 0;
  text.remove_prefix(1);
  std::int64_t micros = 0;
  std::int64_t unit = 100'000;
  while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
    micros += (text.front() - '0') * unit;
    unit /= 10;
    text.remove_prefix(1);
  }
  return micros;
}

}  // namespace

std::int64_t Rows::integer(std::size_t row, int column) const {
  const std::string_view value = text(row, column);
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  PAWL_ASSERT(error == std::errc() && end == value.data() + value.size(),
              "the column is an integer and not NULL");
  return number;
}

bool Rows::boolean(std::size_t row, int column) const {
  const std::string_view value = text(row, column);
  PAWL_ASSERT(value == "t" || value == "f", "the column is a boolean and not NULL");
  return value == "t";
}

Uuid Rows::uuid(std::size_t row, int column) const {
  const std::optional<Uuid> id = Uuid::parse(text(row, column));
  PAWL_ASSERT(id.has_value(), "the column is a uuid and not NULL");
  return *id;
}

WallTime Rows::time(std::size_t row, int column) const {
  using namespace std::chrono;
  std::string_view value = text(row, column);
  if (value == "infinity") return WallTime::max();
  if (value == "-infinity") return WallTime::min();
  PAWL_ASSERT(value.ends_with("+00"), "the column is a timestamptz and not NULL, the session's TimeZone UTC");
  value.remove_suffix(3);
  const auto y = year(static_cast<int>(take_number(value, "-")));
  const auto m = month(static_cast<unsigned>(take_number(value, "-")));
  const auto d = day(static_cast<unsigned>(take_number(value, " ")));
  const auto h = hours(take_number(value, ":"));
  const auto min = minutes(take_number(value, ":"));
  const auto s = seconds(take_number(value, ""));
  return WallTime(sys_days(y / m / d)) + h + min + s + Micros(take_micros(value));
}

}  // namespace pawl::db
