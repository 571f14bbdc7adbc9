// Short ways to a plan, its faults and a scope for expressions.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/json/parse.h"
#include "common/json/write.h"
#include "common/plan/parse.h"
#include "common/plan/template.h"

namespace pawl::plan {

inline json::Value from_text(const std::string& text) {
  auto value = json::parse(text);
  EXPECT_TRUE(value) << text << ": " << (value ? "" : value.error().message);
  return value ? *value : json::Value();
}

inline std::string faults_text(const std::vector<Fault>& faults) {
  std::string out;
  for (const Fault& fault : faults) out += fault.pointer + " " + fault.code + ": " + fault.message + "\n";
  return out;
}

inline PlanPtr parse_ok(const std::string& text, const ParseOptions& options = {}) {
  auto plan = parse(from_text(text), options);
  EXPECT_TRUE(plan) << (plan ? "" : plan.error().message + "\n" + faults_text(plan.error().faults));
  return plan ? *plan : nullptr;
}

/// The error of a plan that must be refused.
inline Error parse_error(const std::string& text, const ParseOptions& options = {}) {
  auto plan = parse(from_text(text), options);
  EXPECT_FALSE(plan) << "accepted: " << text;
  return plan ? Error{} : plan.error();
}

/// "pointer code" of each fault, in order.
inline std::vector<std::string> fault_list(const std::vector<Fault>& faults) {
  std::vector<std::string> out;
  for (const Fault& fault : faults) out.push_back(fault.pointer + " " + fault.code);
  return out;
}

/// A scope made of maps.
class MapScope final : public Scope {
 public:
  std::map<std::string, json::Value, std::less<>> names;
  std::map<std::string, json::Value, std::less<>> fields;  ///< "<id>.<field>"
  std::map<std::string, json::Value, std::less<>> metas;
  WallTime time{};

  [[nodiscard]] std::optional<json::Value> name(std::string_view key) const override {
    return look(names, key);
  }
  [[nodiscard]] std::optional<json::Value> step(std::string_view id, std::string_view field) const override {
    return look(fields, std::string(id) + "." + std::string(field));
  }
  [[nodiscard]] std::optional<json::Value> meta(std::string_view key) const override {
    return look(metas, key);
  }
  [[nodiscard]] Result<json::Value> secret(std::string_view key) const override {
    if (key == "gone") return fail(ErrorKind::kNotFound, "unknown_secret", "there is no such secret");
    return json::Value("secret:" + std::string(key));
  }
  [[nodiscard]] WallTime now() const override { return time; }

 private:
  static std::optional<json::Value> look(const std::map<std::string, json::Value, std::less<>>& in,
                                         std::string_view key) {
    const auto found = in.find(key);
    if (found == in.end()) return std::nullopt;
    return found->second;
  }
};

}  // namespace pawl::plan
