// What valijson needs to read a json::Value in place: no copy of the document, no second JSON library. The
// shape of the classes is valijson's (BasicAdapter). Included by schema.cc only.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include <valijson/internal/adapter.hpp>
#include <valijson/internal/basic_adapter.hpp>
#include <valijson/internal/frozen_value.hpp>

#include "common/json/value.h"

namespace pawl::plan {

class SchemaAdapter;
using SchemaMember = std::pair<std::string, SchemaAdapter>;

/// Walks the elements of a list or the members of an object. `Source` is the iterator of the container.
template <typename Source, typename Element>
class SchemaIterator {
 public:
  using iterator_category = std::bidirectional_iterator_tag;
  using value_type = Element;
  using difference_type = std::ptrdiff_t;
  using pointer = Element*;
  using reference = Element&;

  explicit SchemaIterator(Source at) : at_(at) {}
  Element operator*() const;
  valijson::adapters::DerefProxy<Element> operator->() const {
    return valijson::adapters::DerefProxy<Element>(**this);
  }
  bool operator==(const SchemaIterator& other) const { return at_ == other.at_; }
  bool operator!=(const SchemaIterator& other) const { return at_ != other.at_; }
  SchemaIterator& operator++() {
    ++at_;
    return *this;
  }
  SchemaIterator operator++(int) { return SchemaIterator(at_++); }
  SchemaIterator& operator--() {
    --at_;
    return *this;
  }
  void advance(std::ptrdiff_t count) { at_ += count; }

 private:
  Source at_;
};

using SchemaElements = SchemaIterator<json::Array::const_iterator, SchemaAdapter>;
using SchemaMembers = SchemaIterator<decltype(std::declval<const json::Object&>().begin()), SchemaMember>;

class SchemaArray {
 public:
  using const_iterator = SchemaElements;
  using iterator = SchemaElements;
  SchemaArray() : SchemaArray(empty()) {}
  explicit SchemaArray(const json::Array& array) : array_(&array) {}
  [[nodiscard]] SchemaElements begin() const { return SchemaElements(array_->begin()); }
  [[nodiscard]] SchemaElements end() const { return SchemaElements(array_->end()); }
  [[nodiscard]] std::size_t size() const { return array_->size(); }

 private:
  static const json::Array& empty() {
    static const json::Array kEmpty;
    return kEmpty;
  }

  const json::Array* array_;
};

class SchemaObject {
 public:
  using const_iterator = SchemaMembers;
  using iterator = SchemaMembers;
  SchemaObject() : SchemaObject(empty()) {}
  explicit SchemaObject(const json::Object& object) : object_(&object) {}
  [[nodiscard]] SchemaMembers begin() const { return SchemaMembers(object_->begin()); }
  [[nodiscard]] SchemaMembers end() const { return SchemaMembers(object_->end()); }
  [[nodiscard]] SchemaMembers find(const std::string& key) const {
    const json::Value* value = object_->find(key);
    if (value == nullptr) return end();
    auto at = object_->begin();
    while (&at->second != value) ++at;
    return SchemaMembers(at);
  }
  [[nodiscard]] std::size_t size() const { return object_->size(); }

 private:
  static const json::Object& empty() {
    static const json::Object kEmpty;
    return kEmpty;
  }

  const json::Object* object_;
};

/// A value that a schema keeps: of `const` and `enum`.
class SchemaFrozenValue final : public valijson::adapters::FrozenValue {
 public:
  explicit SchemaFrozenValue(json::Value value) : value_(std::move(value)) {}
  [[nodiscard]] valijson::adapters::FrozenValue* clone() const override {
    return new SchemaFrozenValue(value_);
  }
  [[nodiscard]] bool equalTo(const valijson::adapters::Adapter& other, bool strict) const override;

 private:
  json::Value value_;
};

/// One value, by its types as JSON Schema sees them: 1.0 is an integer.
class SchemaValue {
 public:
  SchemaValue() : value_(&empty_object()) {}
  explicit SchemaValue(const json::Value& value) : value_(&value) {}

  [[nodiscard]] valijson::adapters::FrozenValue* freeze() const { return new SchemaFrozenValue(*value_); }
  [[nodiscard]] opt::optional<SchemaArray> getArrayOptional() const {
    if (!value_->is_array()) return {};
    return SchemaArray(value_->as_array());
  }
  [[nodiscard]] opt::optional<SchemaObject> getObjectOptional() const {
    if (!value_->is_object()) return {};
    return SchemaObject(value_->as_object());
  }
  bool getArraySize(std::size_t& result) const {
    if (value_->is_array()) result = value_->as_array().size();
    return value_->is_array();
  }
  bool getObjectSize(std::size_t& result) const {
    if (value_->is_object()) result = value_->as_object().size();
    return value_->is_object();
  }
  bool getBool(bool& result) const {
    if (value_->is_bool()) result = value_->as_bool();
    return value_->is_bool();
  }
  bool getDouble(double& result) const {
    if (isDouble()) result = value_->as_double();
    return isDouble();
  }
  bool getInteger(std::int64_t& result) const {
    if (!isInteger()) return false;
    if (value_->is_int()) result = value_->as_int();
    // Above int64 the largest one stands for it: valijson knows no other integers.
    else if (value_->is_uint())
      result = INT64_MAX;
    else
      result = static_cast<std::int64_t>(value_->as_double());
    return true;
  }
  bool getString(std::string& result) const {
    if (value_->is_string()) result = value_->as_string();
    return value_->is_string();
  }

  static bool hasStrictTypes() { return true; }
  [[nodiscard]] bool isArray() const { return value_->is_array(); }
  [[nodiscard]] bool isBool() const { return value_->is_bool(); }
  [[nodiscard]] bool isDouble() const { return value_->is_double() && !is_whole(); }
  [[nodiscard]] bool isInteger() const { return value_->is_int() || value_->is_uint() || is_whole(); }
  [[nodiscard]] bool isNull() const { return value_->is_null(); }
  [[nodiscard]] bool isNumber() const { return value_->is_number(); }
  [[nodiscard]] bool isObject() const { return value_->is_object(); }
  [[nodiscard]] bool isString() const { return value_->is_string(); }

 private:
  static const json::Value& empty_object() {
    static const json::Value kEmpty{json::Object{}};
    return kEmpty;
  }
  [[nodiscard]] bool is_whole() const {
    if (!value_->is_double()) return false;
    const double real = value_->as_double();
    return std::trunc(real) == real && std::abs(real) < 0x1p53;
  }

  const json::Value* value_;
};

/// `value` must outlive the adapter.
class SchemaAdapter : public valijson::adapters::BasicAdapter<SchemaAdapter, SchemaArray, SchemaMember,
                                                              SchemaObject, SchemaValue> {
 public:
  SchemaAdapter() = default;
  explicit SchemaAdapter(const json::Value& value) : BasicAdapter(SchemaValue(value)) {}
};

template <>
inline SchemaAdapter SchemaElements::operator*() const {
  return SchemaAdapter(*at_);
}
template <>
inline SchemaMember SchemaMembers::operator*() const {
  return {at_->first, SchemaAdapter(at_->second)};
}

inline bool SchemaFrozenValue::equalTo(const valijson::adapters::Adapter& other, bool strict) const {
  return SchemaAdapter(value_).equalTo(other, strict);
}

}  // namespace pawl::plan

template <>
struct valijson::adapters::AdapterTraits<pawl::plan::SchemaAdapter> {
  using DocumentType = pawl::json::Value;
  static std::string adapterName() { return "SchemaAdapter"; }
};
