// Parameters for statements: scalars in text form, arrays in binary form (a batch is one array per column,
// over unnest). Array parameters must be cast in the SQL to exactly their type: `unnest($1::uuid[],
// $2::bigint[], $3::text[])`.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "common/db/connection.h"

namespace pawl::db {

Param null_param();
/// Text, enums, jsonb, anything whose text form the caller has. A NUL inside is refused by the server
/// (22021), never cut.
Param text_param(std::string value);
Param text_param(std::string_view value);
Param text_param(const char* value);
Param text_param(const std::optional<std::string>& value);
Param int_param(std::int64_t value);
Param int_param(std::optional<std::int64_t> value);
Param bool_param(bool value);
Param real_param(double value);
Param uuid_param(const Uuid& value);
Param uuid_param(const std::optional<Uuid>& value);
/// A timestamptz with its microseconds.
Param time_param(WallTime value);
Param time_param(const std::optional<WallTime>& value);
/// A bytea, binary.
Param bytes_param(std::string value);

/// A one-dimensional Postgres array in binary form, built element by element. `take` leaves it empty.
class ArrayBuilder {
 public:
  void add_null();
  [[nodiscard]] std::size_t size() const { return count_; }
  /// Bytes so far, for batch bounds.
  [[nodiscard]] std::size_t bytes() const { return data_.size(); }
  [[nodiscard]] Param take();

 protected:
  explicit ArrayBuilder(std::uint32_t element_type);
  /// Appends the length of an element and makes room for it; the caller writes `length` bytes to the result.
  char* grow(std::size_t length);

 private:
  void begin();

  std::uint32_t element_type_;
  std::string data_;  // header first; its count and null flag are filled in by take
  std::size_t count_ = 0;
  bool has_null_ = false;
};

/// uuid[]
class UuidArray final : public ArrayBuilder {
 public:
  UuidArray();
  void add(const Uuid& value);
  void add_optional(const std::optional<Uuid>& value);
};

/// bigint[]
class IntArray final : public ArrayBuilder {
 public:
  IntArray();
  void add(std::int64_t value);
  void add_optional(const std::optional<std::int64_t>& value);
};

/// boolean[]
class BoolArray final : public ArrayBuilder {
 public:
  BoolArray();
  void add(bool value);
};

/// double precision[]
class RealArray final : public ArrayBuilder {
 public:
  RealArray();
  void add(double value);
};

/// text[]; for enums cast once more: `($3::text[])::step_status[]`.
class TextArray final : public ArrayBuilder {
 public:
  TextArray();
  void add(std::string_view value);
  void add_optional(const std::optional<std::string>& value);
};

/// jsonb[]
class JsonbArray final : public ArrayBuilder {
 public:
  JsonbArray();
  void add(std::string_view json);
  void add_optional(const std::optional<std::string>& json);
};

/// bytea[]
class BytesArray final : public ArrayBuilder {
 public:
  BytesArray();
  void add(std::string_view value);
  void add_optional(const std::optional<std::string>& value);
};

/// timestamptz[]
class TimeArray final : public ArrayBuilder {
 public:
  TimeArray();
  void add(WallTime value);
  void add_optional(const std::optional<WallTime>& value);
};

Param uuid_array(std::span<const Uuid> values);
Param int_array(std::span<const std::int64_t> values);
Param text_array(std::span<const std::string> values);

}  // namespace pawl::db
