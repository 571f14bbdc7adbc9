// Paths to routes. Patterns are segments, {name} stands for one; fixed words win over parameters.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/http/request.h"

namespace pawl::http {

/// The decoded parameters of a matched path, in order of the pattern.
using PathParams = std::vector<std::pair<std::string, std::string>>;

class Router {
 public:
  /// Adds `pattern` for `method`; `id` is the caller's index of the route. Two equal pairs are a bug
  /// (assert).
  void add(Method method, std::string_view pattern, std::size_t id);

  struct Match {
    enum class Kind : unsigned char { kNotFound, kMethodNotAllowed, kFound, kBadPath } kind = Kind::kNotFound;
    std::size_t id = 0;
    PathParams params = {};
    std::string allow = {};  ///< for 405: the methods of the path, "GET, HEAD, POST"
  };
  /// `path` is still percent-encoded. HEAD is served by GET's route.
  [[nodiscard]] Match match(Method method, std::string_view path) const;

 private:
  struct Node {
    std::string word;  // fixed segment, or the parameter's name
    bool is_parameter = false;
    std::vector<Node> children;
    std::vector<std::pair<Method, std::size_t>> routes;
  };
  static const Node* find(const Node& node, const std::vector<std::string>& segments, std::size_t at,
                          PathParams& params);

  Node root_;
};

}  // namespace pawl::http
