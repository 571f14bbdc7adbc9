#include "common/base/time_format.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>

#include "common/base/limits.h"

namespace pawl {
namespace {

struct Unit {
  std::string_view suffix;
  std::int64_t millis;
};
constexpr std::array<Unit, 5> kUnits = {
    {{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}}};
constexpr std::int64_t kMaxDurationMillis = std::int64_t{kMaxDurationDays} * 86'400'000;

/// Reads exactly `digits` decimal digits off the front of `text`.
std::optional<int> take_digits(std::string_view& text, std::size_t digits) {
  if (text.size() < digits) return std::nullopt;
  int value = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(digits);
  return value;
}

bool take_char(std::string_view& text, char a, char b) {
  if (text.empty() || (text[0] != a && text[0] != b)) return false;
  text.remove_prefix(1);
  return true;
}

/// ".123456" at the front of `text` as microseconds; more digits are refused, none at all is 0.
std::optional<int> take_fraction(std::string_view& text) {
  if (!take_char(text, '.', '.')) return 0;
  int micros = 0;
  int digits = 0;
  while (!text.empty() && text[0] >= '0' && text[0] <= '9') {
    if (++digits > 6) return std::nullopt;
    micros = micros * 10 + (text[0] - '0');
    text.remove_prefix(1);
  }
  if (digits == 0) return std::nullopt;
  for (; digits < 6; ++digits) micros *= 10;
  return micros;
}

/// "Z" or "+hh:mm", all that is left of `text`.
std::optional<std::chrono::minutes> take_offset(std::string_view text) {
  if (text == "Z" || text == "z") return std::chrono::minutes(0);
  if (text.empty()) return std::nullopt;
  const bool is_west = text[0] == '-';
  if (!take_char(text, '+', '-')) return std::nullopt;
  const auto hours = take_digits(text, 2);
  if (!hours || *hours > 23 || !take_char(text, ':', ':')) return std::nullopt;
  const auto minutes = take_digits(text, 2);
  if (!minutes || *minutes > 59 || !text.empty()) return std::nullopt;
  const std::chrono::minutes offset(*hours * 60 + *minutes);
  return is_west ? -offset : offset;
}

}  // namespace

std::string format_rfc3339(WallTime time) {
  using namespace std::chrono;
  const auto day = floor<days>(time);
  const year_month_day date(day);
  const hh_mm_ss clock(floor<milliseconds>(time - day));
  std::array<char, 64> out{};
  const int length = std::snprintf(
      out.data(), out.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", static_cast<int>(date.year()),
      static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
      static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
      static_cast<int>(clock.seconds().count()), static_cast<int>(clock.subseconds().count()));
  return std::string(out.data(), static_cast<std::size_t>(length));
}

std::optional<WallTime> parse_rfc3339(std::string_view text) {
  using namespace std::chrono;
  const auto year = take_digits(text, 4);
  if (!year || !take_char(text, '-', '-')) return std::nullopt;
  const auto month = take_digits(text, 2);
  if (!month || !take_char(text, '-', '-')) return std::nullopt;
  const auto day = take_digits(text, 2);
  if (!day || !take_char(text, 'T', 't')) return std::nullopt;
  const auto hour = take_digits(text, 2);
  if (!hour || *hour > 23 || !take_char(text, ':', ':')) return std::nullopt;
  const auto minute = take_digits(text, 2);
  if (!minute || *minute > 59 || !take_char(text, ':', ':')) return std::nullopt;
  const auto second = take_digits(text, 2);
  if (!second || *second > 60) return std::nullopt;  // 60 is a leap second, counted as the next second's 0
  const auto fraction = take_fraction(text);
  if (!fraction) return std::nullopt;
  const auto offset = take_offset(text);
  if (!offset) return std::nullopt;
  const year_month_day date{std::chrono::year(*year), std::chrono::month(static_cast<unsigned>(*month)),
                            std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  return WallTime(sys_days(date)) + hours(*hour) + minutes(*minute) + seconds(*second) + Micros(*fraction) -
         *offset;
}

std::optional<Millis> parse_duration(std::string_view text) {
  const std::size_t digits_end = text.find_first_not_of("0123456789.");
  if (digits_end == 0 || digits_end == std::string_view::npos) return std::nullopt;
  const std::string_view number = text.substr(0, digits_end);
  if (number.front() == '.' || number.back() == '.') return std::nullopt;
  for (const Unit& unit : kUnits) {
    if (text.substr(digits_end) != unit.suffix) continue;
    double value = 0;
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), value);
    if (error != std::errc() || end != number.data() + number.size()) return std::nullopt;
    const double millis = std::round(value * static_cast<double>(unit.millis));
    if (!(millis <= static_cast<double>(kMaxDurationMillis))) return std::nullopt;
    return Millis(static_cast<std::int64_t>(millis));
  }
  return std::nullopt;
}

std::string format_duration(Millis duration) {
  const std::int64_t millis = duration.count();
  if (millis == 0) return "0s";
  const Unit* unit = &kUnits[0];
  for (const Unit& larger : kUnits) {
    if (millis % larger.millis == 0) unit = &larger;
  }
  return std::to_string(millis / unit->millis) + std::string(unit->suffix);
}

}  // namespace pawl
