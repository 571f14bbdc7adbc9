// The JSON value: immutable, cheap to copy (containers and strings are shared), objects keep the order of
// their members. RapidJSON is behind parse.cc and write.cc only; its scalar == is never used (it recurses for
// ever under C++20).
#pragma once

#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace pawl::json {

class Value;
class Object;
using Array = std::vector<Value>;

class Value {
 public:
  Value() = default;  ///< null
  Value(std::nullptr_t) {}
  Value(std::same_as<bool> auto b) : data_(b) {}
  Value(std::signed_integral auto i) : data_(static_cast<std::int64_t>(i)) {}
  /// Kept as int64 when it fits, so that equal numbers have one form.
  template <std::unsigned_integral T>
  requires(!std::same_as<T, bool>) Value(T u) {
    if (static_cast<std::uint64_t>(u) <= static_cast<std::uint64_t>(INT64_MAX))
      data_ = static_cast<std::int64_t>(u);
    else
      data_ = static_cast<std::uint64_t>(u);
  }
  Value(double d) : data_(d) {}
  Value(std::string s) : data_(std::make_shared<const std::string>(std::move(s))) {}
  Value(std::string_view s) : Value(std::string(s)) {}
  Value(const char* s) : Value(std::string(s)) {}
  Value(Array a);
  Value(Object o);

  [[nodiscard]] bool is_null() const { return std::holds_alternative<std::monostate>(data_); }
  [[nodiscard]] bool is_bool() const { return std::holds_alternative<bool>(data_); }
  /// An integer that fits int64 (as_int) or, above that, uint64 (as_uint).
  [[nodiscard]] bool is_int() const { return std::holds_alternative<std::int64_t>(data_); }
  [[nodiscard]] bool is_uint() const { return std::holds_alternative<std::uint64_t>(data_); }
  [[nodiscard]] bool is_double() const { return std::holds_alternative<double>(data_); }
  [[nodiscard]] bool is_number() const { return is_int() || is_uint() || is_double(); }
  [[nodiscard]] bool is_string() const { return std::holds_alternative<StringPtr>(data_); }
  [[nodiscard]] bool is_array() const { return std::holds_alternative<ArrayPtr>(data_); }
  [[nodiscard]] bool is_object() const { return std::holds_alternative<ObjectPtr>(data_); }

  /// Typed access; asking for the wrong type is a bug (assert). as_double takes any number.
  [[nodiscard]] bool as_bool() const;
  [[nodiscard]] std::int64_t as_int() const;
  [[nodiscard]] std::uint64_t as_uint() const;
  [[nodiscard]] double as_double() const;
  [[nodiscard]] const std::string& as_string() const;
  [[nodiscard]] const Array& as_array() const;
  [[nodiscard]] const Object& as_object() const;

  /// The member `key` of an object, or nullptr (also when this is no object). Valid while this value lives.
  [[nodiscard]] const Value* find(std::string_view key) const;
  /// "null", "boolean", "integer", "number", "string", "array" or "object".
  [[nodiscard]] std::string_view type_name() const;

  /// Deep equality; numbers by value over the three forms (1 == 1.0), objects whatever their order.
  friend bool operator==(const Value& a, const Value& b);

 private:
  using StringPtr = std::shared_ptr<const std::string>;
  using ArrayPtr = std::shared_ptr<const Array>;
  using ObjectPtr = std::shared_ptr<const Object>;
  std::variant<std::monostate, bool, std::int64_t, std::uint64_t, double, StringPtr, ArrayPtr, ObjectPtr>
      data_;
};

/// Members in order of insertion, keys unique. Look-up is linear up to 16 members and by a sorted index
/// above.
class Object {
 public:
  using Member = std::pair<std::string, Value>;
  Object() = default;
  Object(std::initializer_list<Member> members);

  /// Adds or replaces; returns *this so that calls chain.
  Object& set(std::string key, Value value);
  /// Removes `key` if it is there.
  void erase(std::string_view key);
  [[nodiscard]] const Value* find(std::string_view key) const;
  [[nodiscard]] bool contains(std::string_view key) const { return find(key) != nullptr; }
  [[nodiscard]] std::size_t size() const { return members_.size(); }
  [[nodiscard]] bool empty() const { return members_.empty(); }
  [[nodiscard]] auto begin() const { return members_.begin(); }
  [[nodiscard]] auto end() const { return members_.end(); }

  friend bool operator==(const Object& a, const Object& b);

 private:
  friend class ObjectBuilder;
  [[nodiscard]] std::optional<std::size_t> position(std::string_view key) const;
  [[nodiscard]] std::vector<std::uint32_t>::const_iterator lower_bound(std::string_view key) const;
  void index_all();

  std::vector<Member> members_;
  std::vector<std::uint32_t> index_;  // positions sorted by key; kept only above kLinearMembers
};

/// Builds an object from members whose keys are expected to differ, in n log n; for parsers and row readers.
class ObjectBuilder {
 public:
  void reserve(std::size_t members) { object_.members_.reserve(members); }
  void add(std::string key, Value value) { object_.members_.emplace_back(std::move(key), std::move(value)); }
  /// The object, or nullopt when a key came twice.
  [[nodiscard]] std::optional<Object> take();

 private:
  Object object_;
};

/// Appends one RFC 6901 token ("~" and "/" escaped) to a pointer.
std::string pointer_join(std::string_view pointer, std::string_view token);
std::string pointer_join(std::string_view pointer, std::size_t index);

}  // namespace pawl::json
