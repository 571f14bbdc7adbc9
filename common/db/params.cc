// The binary form of arrays is that of array_recv in PostgreSQL's src/backend/utils/adt/arrayfuncs.c.
#include "common/db/params.h"

#include <array>
#include <bit>
#include <charconv>
#include <cstdio>
#include <cstring>

namespace pawl::db {
namespace {

// Type numbers of src/include/catalog/pg_type.dat; they never change.
constexpr std::uint32_t kBool = 16;
constexpr std::uint32_t kBytea = 17;
constexpr std::uint32_t kInt8 = 20;
constexpr std::uint32_t kText = 25;
constexpr std::uint32_t kFloat8 = 701;
constexpr std::uint32_t kTimestamptz = 1184;
constexpr std::uint32_t kUuid = 2950;
constexpr std::uint32_t kJsonb = 3802;

constexpr std::size_t kHeader = 20;  // dimensions, null flag, element type, length, lower bound
constexpr char kJsonbVersion = 1;
/// 2000-01-01, where Postgres counts from.
constexpr WallTime kEpoch = std::chrono::sys_days(std::chrono::year(2000) / 1 / 1);

void put32(char* at, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) *at++ = static_cast<char>(value >> shift & 0xFF);
}

void put64(char* at, std::uint64_t value) {
  put32(at, static_cast<std::uint32_t>(value >> 32));
  put32(at + 4, static_cast<std::uint32_t>(value));
}

template <typename Array, typename Value>
void add_or_null(Array& array, const std::optional<Value>& value) {
  if (value) {
    array.add(*value);
  } else {
    array.add_null();
  }
}

template <typename T>
Param param_of(const std::optional<T>& value, Param (*make)(T)) {
  return value ? make(*value) : null_param();
}

}  // namespace

Param null_param() { return {std::nullopt, false}; }
Param text_param(std::string value) { return {std::move(value), false}; }
Param text_param(std::string_view value) { return {std::string(value), false}; }
Param text_param(const char* value) { return {std::string(value), false}; }
Param text_param(const std::optional<std::string>& value) { return {value, false}; }
Param int_param(std::int64_t value) { return {std::to_string(value), false}; }
Param int_param(std::optional<std::int64_t> value) { return param_of<std::int64_t>(value, int_param); }
Param bool_param(bool value) { return {value ? "t" : "f", false}; }
Param uuid_param(const Uuid& value) { return {value.to_string(), false}; }
Param uuid_param(const std::optional<Uuid>& value) { return value ? uuid_param(*value) : null_param(); }
Param bytes_param(std::string value) { return {std::move(value), true}; }

Param real_param(double value) {
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  return {std::string(text.data(), end), false};
}

Param time_param(WallTime value) {
  if (value == WallTime::max()) return text_param("infinity");
  if (value == WallTime::min()) return text_param("-infinity");
  using namespace std::chrono;
  const auto day = floor<days>(value);
  const year_month_day date(day);
  const hh_mm_ss clock(value - day);
  std::array<char, 48> text{};
  const int length = std::snprintf(
      text.data(), text.size(), "%04d-%02u-%02u %02d:%02d:%02d.%06d+00", static_cast<int>(date.year()),
      static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
      static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
      static_cast<int>(clock.seconds().count()), static_cast<int>(clock.subseconds().count()));
  return {std::string(text.data(), static_cast<std::size_t>(length)), false};
}

Param time_param(const std::optional<WallTime>& value) { return param_of<WallTime>(value, time_param); }

ArrayBuilder::ArrayBuilder(std::uint32_t element_type) : element_type_(element_type) { begin(); }

void ArrayBuilder::begin() {
  data_.assign(kHeader, '\0');
  count_ = 0;
  has_null_ = false;
}

char* ArrayBuilder::grow(std::size_t length) {
  const std::size_t at = data_.size();
  data_.resize(at + 4 + length);
  put32(data_.data() + at, static_cast<std::uint32_t>(length));
  ++count_;
  return data_.data() + at + 4;
}

void ArrayBuilder::add_null() {
  data_.append(4, '\xFF');  // length -1
  ++count_;
  has_null_ = true;
}

Param ArrayBuilder::take() {
  char* const header = data_.data();
  put32(header, count_ == 0 ? 0 : 1);
  put32(header + 4, has_null_ ? 1 : 0);
  put32(header + 8, element_type_);
  put32(header + 12, static_cast<std::uint32_t>(count_));
  put32(header + 16, 1);
  if (count_ == 0) data_.resize(12);
  Param param{std::move(data_), true};
  begin();
  return param;
}

UuidArray::UuidArray() : ArrayBuilder(kUuid) {}
void UuidArray::add(const Uuid& value) {
  std::memcpy(grow(value.bytes.size()), value.bytes.data(), value.bytes.size());
}
void UuidArray::add_optional(const std::optional<Uuid>& value) { add_or_null(*this, value); }

IntArray::IntArray() : ArrayBuilder(kInt8) {}
void IntArray::add(std::int64_t value) { put64(grow(8), static_cast<std::uint64_t>(value)); }
void IntArray::add_optional(const std::optional<std::int64_t>& value) { add_or_null(*this, value); }

BoolArray::BoolArray() : ArrayBuilder(kBool) {}
void BoolArray::add(bool value) { *grow(1) = value ? 1 : 0; }

RealArray::RealArray() : ArrayBuilder(kFloat8) {}
void RealArray::add(double value) { put64(grow(8), std::bit_cast<std::uint64_t>(value)); }

TextArray::TextArray() : ArrayBuilder(kText) {}
void TextArray::add(std::string_view value) { value.copy(grow(value.size()), value.size()); }
void TextArray::add_optional(const std::optional<std::string>& value) { add_or_null(*this, value); }

JsonbArray::JsonbArray() : ArrayBuilder(kJsonb) {}
void JsonbArray::add(std::string_view json) {
  char* const at = grow(json.size() + 1);
  *at = kJsonbVersion;
  json.copy(at + 1, json.size());
}
void JsonbArray::add_optional(const std::optional<std::string>& json) { add_or_null(*this, json); }

BytesArray::BytesArray() : ArrayBuilder(kBytea) {}
void BytesArray::add(std::string_view value) { value.copy(grow(value.size()), value.size()); }
void BytesArray::add_optional(const std::optional<std::string>& value) { add_or_null(*this, value); }

TimeArray::TimeArray() : ArrayBuilder(kTimestamptz) {}
void TimeArray::add(WallTime value) {
  // Infinity has the same bits on both sides; everything else counts from 2000.
  const bool finite = value != WallTime::max() && value != WallTime::min();
  const std::int64_t micros = finite ? (value - kEpoch).count() : value.time_since_epoch().count();
  put64(grow(8), static_cast<std::uint64_t>(micros));
}
void TimeArray::add_optional(const std::optional<WallTime>& value) { add_or_null(*this, value); }

Param uuid_array(std::span<const Uuid> values) {
  UuidArray array;
  for (const Uuid& value : values) array.add(value);
  return array.take();
}

Param int_array(std::span<const std::int64_t> values) {
  IntArray array;
  for (const std::int64_t value : values) array.add(value);
  return array.take();
}

Param text_array(std::span<const std::string> values) {
  TextArray array;
  for (const std::string& value : values) array.add(std::string_view(value));
  return array.take();
}

}  // namespace pawl::db
