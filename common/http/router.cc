#include "common/http/router.h"

#include <algorithm>

#include "common/base/assert.h"
#include "common/http/url.h"

namespace pawl::http {
namespace {

std::vector<std::string_view> split(std::string_view path) {
  std::vector<std::string_view> segments;
  while (!path.empty()) {
    path.remove_prefix(1);  // the slash
    const std::size_t end = path.find('/');
    segments.push_back(path.substr(0, end));
    path = end == std::string_view::npos ? std::string_view{} : path.substr(end);
  }
  return segments;
}

std::string allow_list(const std::vector<std::pair<Method, std::size_t>>& routes) {
  std::string allow;
  const auto append = [&allow](std::string_view method) {
    if (!allow.empty()) allow.append(", ");
    allow.append(method);
  };
  for (const auto& [method, id] : routes) {
    append(to_string(method));
    if (method == Method::kGet) append("HEAD");
  }
  return allow;
}

}  // namespace

void Router::add(Method method, std::string_view pattern, std::size_t id) {
  Node* node = &root_;
  for (const std::string_view segment : split(pattern)) {
    const bool is_parameter = segment.size() > 2 && segment.front() == '{';
    const std::string word(is_parameter ? segment.substr(1, segment.size() - 2) : segment);
    const auto same = [&](const Node& child) {
      return child.is_parameter == is_parameter && (is_parameter || child.word == word);
    };
    auto found = std::find_if(node->children.begin(), node->children.end(), same);
    if (found == node->children.end()) {
      // Fixed words stand before parameters, so that they are tried first.
      const auto place = is_parameter ? node->children.end() : node->children.begin();
      found = node->children.insert(place, Node{word, is_parameter, {}, {}});
    }
    node = &*found;
  }
  for (const auto& [known, route] : node->routes) PAWL_ASSERT(known != method, "a route is added once");
  node->routes.emplace_back(method, id);
}

const Router::Node* Router::find(const Node& node, const std::vector<std::string>& segments, std::size_t at,
                                 PathParams& params) {
  if (at == segments.size()) return node.routes.empty() ? nullptr : &node;
  for (const Node& child : node.children) {
    if (!child.is_parameter && child.word != segments[at]) continue;
    if (child.is_parameter && segments[at].empty()) continue;
    const std::size_t known = params.size();
    if (child.is_parameter) params.emplace_back(child.word, segments[at]);
    if (const Node* found = find(child, segments, at + 1, params); found != nullptr) return found;
    params.resize(known);
  }
  return nullptr;
}

Router::Match Router::match(Method method, std::string_view path) const {
  Match match;
  if (path.empty() || path[0] != '/') return match;
  std::vector<std::string> segments;
  for (const std::string_view raw : split(path)) {
    auto segment = percent_decode(raw);
    if (!segment) {
      match.kind = Match::Kind::kBadPath;
      return match;
    }
    segments.push_back(std::move(*segment));
  }
  const Node* node = find(root_, segments, 0, match.params);
  if (node == nullptr) return match;
  const Method wanted = method == Method::kHead ? Method::kGet : method;
  for (const auto& [known, id] : node->routes) {
    if (known != wanted) continue;
    match.kind = Match::Kind::kFound;
    match.id = id;
    return match;
  }
  match.kind = Match::Kind::kMethodNotAllowed;
  match.allow = allow_list(node->routes);
  return match;
}

}  // namespace pawl::http
