#include "common/json/value.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "common/base/assert.h"

namespace pawl::json {
namespace {

/// Objects up to this size are searched member by member, which is faster than any index.
constexpr std::size_t kLinearMembers = 16;
/// 2^63 and 2^64 as doubles, where the integer forms end.
constexpr double kTwo63 = 9223372036854775808.0;
constexpr double kTwo64 = 18446744073709551616.0;

/// Whether the double `d` is exactly the integer of `v`, without the rounding of a cast from integer to
/// double.
bool equals_integer(double d, const Value& v) {
  if (d != std::floor(d)) return false;
  if (v.is_int()) return d >= -kTwo63 && d < kTwo63 && static_cast<std::int64_t>(d) == v.as_int();
  return d >= 0 && d < kTwo64 && static_cast<std::uint64_t>(d) == v.as_uint();
}

bool equal_numbers(const Value& a, const Value& b) {
  if (a.is_double() && b.is_double()) return a.as_double() == b.as_double();
  if (a.is_double()) return equals_integer(a.as_double(), b);
  if (b.is_double()) return equals_integer(b.as_double(), a);
  // An unsigned form exists only above INT64_MAX, so the two integer forms never meet.
  return a.is_int() == b.is_int() && (a.is_int() ? a.as_int() == b.as_int() : a.as_uint() == b.as_uint());
}

}  // namespace

Value::Value(Array a) : data_(std::make_shared<const Array>(std::move(a))) {}
Value::Value(Object o) : data_(std::make_shared<const Object>(std::move(o))) {}

bool Value::as_bool() const {
  PAWL_ASSERT(is_bool(), "as_bool is asked of a boolean");
  return std::get<bool>(data_);
}

std::int64_t Value::as_int() const {
  PAWL_ASSERT(is_int(), "as_int is asked of an integer that fits");
  return std::get<std::int64_t>(data_);
}

std::uint64_t Value::as_uint() const {
  if (is_int()) {
    PAWL_ASSERT(as_int() >= 0, "as_uint is asked of a non-negative integer");
    return static_cast<std::uint64_t>(as_int());
  }
  PAWL_ASSERT(is_uint(), "as_uint is asked of an integer");
  return std::get<std::uint64_t>(data_);
}

double Value::as_double() const {
  if (is_int()) return static_cast<double>(std::get<std::int64_t>(data_));
  if (is_uint()) return static_cast<double>(std::get<std::uint64_t>(data_));
  PAWL_ASSERT(is_double(), "as_double is asked of a number");
  return std::get<double>(data_);
}

const std::string& Value::as_string() const {
  PAWL_ASSERT(is_string(), "as_string is asked of a string");
  return *std::get<StringPtr>(data_);
}

const Array& Value::as_array() const {
  PAWL_ASSERT(is_array(), "as_array is asked of an array");
  return *std::get<ArrayPtr>(data_);
}

const Object& Value::as_object() const {
  PAWL_ASSERT(is_object(), "as_object is asked of an object");
  return *std::get<ObjectPtr>(data_);
}

const Value* Value::find(std::string_view key) const { return is_object() ? as_object().find(key) : nullptr; }

std::string_view Value::type_name() const {
  if (is_null()) return "null";
  if (is_bool()) return "boolean";
  if (is_int() || is_uint()) return "integer";
  if (is_double()) return "number";
  if (is_string()) return "string";
  return is_array() ? "array" : "object";
}

bool operator==(const Value& a, const Value& b) {
  if (a.is_number() && b.is_number()) return equal_numbers(a, b);
  if (a.data_.index() != b.data_.index()) return false;
  if (a.is_null()) return true;
  if (a.is_bool()) return a.as_bool() == b.as_bool();
  if (a.is_string()) return a.as_string() == b.as_string();
  if (a.is_array()) return &a.as_array() == &b.as_array() || a.as_array() == b.as_array();
  return &a.as_object() == &b.as_object() || a.as_object() == b.as_object();
}

Object::Object(std::initializer_list<Member> members) {
  members_.reserve(members.size());
  for (const Member& member : members) set(member.first, member.second);
}

std::vector<std::uint32_t>::const_iterator Object::lower_bound(std::string_view key) const {
  return std::lower_bound(index_.begin(), index_.end(), key,
                          [this](std::uint32_t at, std::string_view k) { return members_[at].first < k; });
}

std::optional<std::size_t> Object::position(std::string_view key) const {
  if (members_.size() <= kLinearMembers) {
    for (std::size_t i = 0; i < members_.size(); ++i) {
      if (members_[i].first == key) return i;
    }
    return std::nullopt;
  }
  const auto found = lower_bound(key);
  if (found == index_.end() || members_[*found].first != key) return std::nullopt;
  return *found;
}

void Object::index_all() {
  index_.clear();
  if (members_.size() <= kLinearMembers) return;
  index_.resize(members_.size());
  std::iota(index_.begin(), index_.end(), 0u);
  std::sort(index_.begin(), index_.end(),
            [this](std::uint32_t a, std::uint32_t b) { return members_[a].first < members_[b].first; });
}

Object& Object::set(std::string key, Value value) {
  if (const auto at = position(key)) {
    members_[*at].second = std::move(value);
    return *this;
  }
  members_.emplace_back(std::move(key), std::move(value));
  if (members_.size() == kLinearMembers + 1)
    index_all();
  else if (members_.size() > kLinearMembers)
    index_.insert(lower_bound(members_.back().first), static_cast<std::uint32_t>(members_.size() - 1));
  return *this;
}

void Object::erase(std::string_view key) {
  const auto at = position(key);
  if (!at) return;
  members_.erase(members_.begin() + static_cast<std::ptrdiff_t>(*at));
  index_all();
}

const Value* Object::find(std::string_view key) const {
  const auto at = position(key);
  return at ? &members_[*at].second : nullptr;
}

bool operator==(const Object& a, const Object& b) {
  if (a.size() != b.size()) return false;
  return std::all_of(a.begin(), a.end(), [&](const Object::Member& member) {
    const Value* other = b.find(member.first);
    return other != nullptr && member.second == *other;
  });
}

std::optional<Object> ObjectBuilder::take() {
  object_.index_all();
  const auto& members = object_.members_;
  const auto& index = object_.index_;
  for (std::size_t i = 1; i < index.size(); ++i) {
    if (members[index[i - 1]].first == members[index[i]].first) return std::nullopt;
  }
  for (std::size_t i = 1; index.empty() && i < members.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (members[i].first == members[j].first) return std::nullopt;
    }
  }
  return std::move(object_);
}

}  // namespace pawl::json
